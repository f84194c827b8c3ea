"""Clients in processes of their own, and ways to look at what they left."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apod_pipeline.embedded_postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCES = Path(__file__).parents[2] / "src"
HOLD = """
import sys
from pathlib import Path
from apod_pipeline.embedded_postgres import EmbeddedPostgres
lease = EmbeddedPostgres(Path(sys.argv[1]), fsync=False).acquire()
print(lease.conninfo, flush=True)
sys.stdin.readline()
lease.release()
"""


class Client:
    """A process that takes a lease and holds it until told to leave."""

    def __init__(self, folder: Path, *prefix: str) -> None:
        self.process = start_python(HOLD, folder, *prefix)

    def url(self) -> str:
        """The URL of its lease, as soon as it has one."""
        return self.process.stdout.readline().strip()

    def leave(self) -> str:
        """Release the lease; what it wrote to standard error."""
        return self.process.communicate("\n", timeout=30)[1]


def start_python(script: str, folder: Path, *prefix: str) -> subprocess.Popen[str]:
    """Python running a script on the server's folder, under a prefix such as `setpriv` with its options."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", script, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCES), "PYTHONDONTWRITEBYTECODE": "1"},
        text=True,
    )


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds, for ten seconds at most."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "it did not come about within ten seconds"
            time.sleep(0.005)

    return wait


@pytest.fixture
def stopped() -> Callable[[Path], bool]:
    """Whether no keeper and no PostgreSQL process of a folder lives."""

    def free(folder: Path) -> bool:
        with (folder / "server.lock").open("rb") as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    return free


@pytest.fixture
def pids() -> Callable[[Path, str], list[int]]:
    """The processes with the folder and a word in their arguments."""

    def find(folder: Path, word: str) -> list[int]:
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                arguments = entry.read_bytes()
                if os.fsencode(folder) in arguments and word.encode() in arguments:
                    found.append(int(entry.parent.name))
        return found

    return find


@pytest.fixture
def client() -> Iterator[Callable[..., Client]]:
    """Start clients, `client(folder, *prefix)`; those that are left at the end are killed."""
    clients: list[Client] = []

    def start(folder: Path, *prefix: str) -> Client:
        clients.append(Client(folder, *prefix))
        return clients[-1]

    yield start
    for one in clients:
        one.process.kill()
        one.process.wait()
        for stream in (one.process.stdin, one.process.stdout, one.process.stderr):
            stream.close()


@pytest.fixture
def python() -> Callable[..., str]:
    """Run a script on a folder, `python(script, folder, *prefix)`; its standard output."""

    def run(script: str, folder: Path, *prefix: str) -> str:
        process = start_python(script, folder, *prefix)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        return output.strip()

    return run


@pytest.fixture
def empty_folder(tmp_path: Path, stopped: Callable[[Path], bool], eventually: Callable[..., None]) -> Iterator[Path]:
    """A place for a server, which is seen to have stopped by the end of the test."""
    path = tmp_path / "postgres"
    yield path
    if path.exists():
        eventually(lambda: stopped(path))
        shutil.rmtree(path)


@pytest.fixture(scope="session")
def old_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a server that ran before; making one is the slowest part of a test."""
    folder = tmp_path_factory.mktemp("old") / "postgres"
    with EmbeddedPostgres(folder, fsync=False).lease():
        pass
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def folder(old_folder: Path, stopped: Callable[[Path], bool], eventually: Callable[..., None]) -> Iterator[Path]:
    """The old folder, whose server is seen to have stopped by the end of the test."""
    yield old_folder
    eventually(lambda: stopped(old_folder))
