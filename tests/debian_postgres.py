"""A PostgreSQL of the system's packages that a test may configure, stop and start: on loopback, thrown away afterwards.

Takes a password, gives a server; never runs as root.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

BINARIES = next(
    (p for p in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True) if (p / "initdb").exists()), None
)
needs_one = pytest.mark.skipif(
    BINARIES is None, reason="no PostgreSQL of the system's on this machine; `make test` as root installs it"
)


@dataclass
class Server:
    """One cluster in a folder; the superuser is `apod`."""

    folder: Path
    port: int
    options: str = ""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Come up, and answer."""
        usual = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories= -c fsync=off"
        options = f"{usual} {self.options}"
        _as_postgres("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.data / "log"), "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Go down: `fast` ends sessions in order, `immediate` as if killed."""
        _as_postgres("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def give(self, path: Path) -> None:
        """Make a file the server's own."""
        path.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(path, "postgres", "postgres")


@contextmanager
def server(password: str) -> Iterator[Server]:
    """A cluster that does not run yet; it is stopped and removed afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(os.path.realpath("/tmp")) / f"apod-own-{os.getpid()}-{port}"  # noqa: S108 - postgres must enter it
    folder.mkdir(mode=0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    one, secret = Server(folder, port), folder / "password"
    secret.write_text(password)
    _as_postgres("initdb", "-D", str(one.data), "-U", "apod", "-A", "scram-sha-256", "--pwfile", str(secret))
    try:
        yield one
    finally:
        with suppress(subprocess.CalledProcessError):  # it may be down already
            one.stop()
        shutil.rmtree(folder)


def _as_postgres(program: str, *words: str) -> None:
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    assert BINARIES is not None
    subprocess.run(
        [str(BINARIES / program), *words],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **user,
    )
