"""`apod` in a process of its own that need not import what it is made of: forked from one that did, and nothing else.

Takes words, variables and a folder, gives what `subprocess.run` gives: streams are pipes, a signal is a signal, and the
end is an interpreter's own. What the interpreter itself would have read at its start (`TZ`, a language) cannot be told
to a fork: `forkable` says so, and then it is started anew. What is imported when, and by whom, is shown
by processes that are started anew (`tests/house/test_light_imports.py`).

As a program it is the process that is forked from: it listens on its standard input until nobody is left who could ask.
"""

from __future__ import annotations

import array
import atexit
import gc
import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import IO, cast

OURS = ("APOD_", "POSTGRES_", "NASA_", "TMPDIR")  # what is read when a command is typed, and not before
NOT_LOADED = ("apod_pipeline.extras.", "apod_pipeline.simulator.")  # by hardly any command
SITE = Path(__file__).parent / "toy" / "site"  # where the toy data set is installed
# What polars begins when it is imported: of its allocator, whose locks survive a fork, and one that waits for files to
# remove, which no fork makes. Those that compute begin with the first question, and so in the forks.
IDLE = {"jemalloc_bg_thd", "polars-ooc-clea"}
LONGEST = 1 << 17  # octets of one request


def forkable(environment: Mapping[str, str]) -> bool:
    """Whether a command with these variables may be forked: nothing differs but what is ours."""
    place = environment.get("PYTHONPATH", "")
    known = place == os.environ.get("PYTHONPATH", "") or place.split(os.pathsep)[0] == str(SITE)
    return sys.platform == "linux" and known and _but_ours(environment) == _but_ours(os.environ)


@dataclass
class Command:
    """A command that was forked, and runs: what tests ask of a `subprocess.Popen` with its streams captured."""

    args: list[str]
    pid: int
    told: socket.socket
    streams: tuple[IO[bytes], IO[bytes]]
    returncode: int = 0  # of its end, which `communicate` waits for

    def send_signal(self, number: int) -> None:
        """As a person's Ctrl-C, or a machine's end."""
        os.kill(self.pid, number)

    def communicate(self, timeout: float) -> list[str]:
        """What it says on both streams until its end."""
        out, err = self.streams
        with self.told, out, err:
            said = _read(self.streams, time.monotonic() + timeout)
            if said is None:
                os.kill(self.pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(self.args, timeout)
            self.told.settimeout(timeout)
            self.returncode = int(self.told.recv(20))
        return said


def forked(words: tuple[str, ...], environment: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    """`apod` with these words, as `subprocess.run` would have it with its streams captured."""
    command = begun(words, environment)
    said = command.communicate(seconds)
    return subprocess.CompletedProcess(command.args, command.returncode, *said)


def begun(words: tuple[str, ...], environment: Mapping[str, str]) -> Command:
    """The same, not waited for."""
    sys.audit("subprocess.Popen", "apod", ["apod", *words], None, environment)  # for `--fast`: this is one
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here.settimeout(60)
    pipes = os.pipe(), os.pipe()
    request = pickle.dumps((words, dict(environment), str(Path.cwd())))
    handed = [pipes[0][1], pipes[1][1], there.fileno()]
    _parent(environment.get("PYTHONPATH", "")).sendmsg(
        [request], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", handed))]
    )
    for descriptor in (pipes[0][1], pipes[1][1]):
        os.close(descriptor)
    there.close()
    streams = os.fdopen(pipes[0][0], "rb"), os.fdopen(pipes[1][0], "rb")
    return Command(["apod", *words], int(here.recv(20)), here, streams)


def _read(streams: tuple[IO[bytes], IO[bytes]], deadline: float) -> list[str] | None:
    """All that comes out of both; None where they are not at their end in time."""
    said = dict.fromkeys(streams, b"")
    with selectors.DefaultSelector() as either:
        for stream in streams:
            either.register(stream, selectors.EVENT_READ)
        while either.get_map():
            if not (ready := either.select(deadline - time.monotonic())):
                return None
            for key, _ in ready:
                more = os.read(key.fd, 1 << 16)
                said[cast("IO[bytes]", key.fileobj)] += more
                if not more:
                    either.unregister(key.fileobj)
    return [TextIOWrapper(BytesIO(octets)).read() for octets in said.values()]  # as `text=True` has it


def _but_ours(environment: Mapping[str, str]) -> dict[str, str]:
    left_out = {"PYTEST_CURRENT_TEST", "PYTHONPATH"}
    return {k: v for k, v in environment.items() if not k.startswith(OURS) and k not in left_out}


@cache
def _parent(place: str) -> socket.socket:
    """The end at which the process to be forked from is asked, one for each place of modules; that ends when we do."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST)
    environment = _but_ours(os.environ) | ({"PYTHONPATH": place} if place else {})
    with there:  # its streams are none that could be sought in, as those of its forks
        streams = {"stdin": there, "stdout": there, "stderr": subprocess.PIPE}
        parent = subprocess.Popen([sys.executable, __file__], **streams, env=environment)
    atexit.register(parent.communicate, timeout=10)
    atexit.register(here.close)
    return here


# ---- the process that is forked from -------------------------------------------------------
def _load() -> None:
    """Import what a command may import."""
    import pkgutil
    from importlib import import_module

    import httpx  # noqa: F401
    import polars  # noqa: F401
    import psycopg  # noqa: F401

    import apod_pipeline

    for module in pkgutil.walk_packages(apod_pipeline.__path__, "apod_pipeline."):
        if not module.name.endswith("__main__") and not module.name.startswith(NOT_LOADED):
            import_module(module.name)
    from apod_pipeline.stages.git_commit_metadata import code_version

    code_version()  # the same for all forks
    gc.freeze()  # a fork that looked for garbage there would have to copy it first
    deadline = time.monotonic() + 30
    while not _others() <= IDLE:
        assert time.monotonic() < deadline, f"a fork would wait for the locks of a thread: {_others()}"
        time.sleep(0.01)


def _others() -> set[str]:
    """The threads of this process but its first, by name; one that does not sleep has `)` in its own."""
    tasks = [task for task in Path("/proc/self/task").iterdir() if task.name != str(os.getpid())]
    return {(task / "stat").read_text().partition("(")[2].replace(") S", "").partition(" ")[0] for task in tasks}


def _listen(asked: socket.socket) -> bool:
    """Fork for each request; True in the fork, where the command is to be run."""
    while True:
        request, ancillary, _, _ = asked.recvmsg(LONGEST, socket.CMSG_SPACE(12))
        if not request:
            return False
        out, err, told = array.array("i", ancillary[0][2])
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass  # those that waited for earlier commands
        if os.fork() == 0:
            asked.close()
            if _is_command(told):
                _become(*pickle.loads(request), out, err)  # noqa: S301 - our own
                return True
            os._exit(0)
        for descriptor in (out, err, told):
            os.close(descriptor)


def _is_command(told: int) -> bool:
    """Fork once more: True in the command's process; the other one waits for its end and tells of it."""
    if (process := os.fork()) == 0:
        os.close(told)
        return True
    os.write(told, str(process).encode())
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    os.write(told, str(status).encode())
    return False


def _become(words: tuple[str, ...], environment: dict[str, str], folder: str, out: int, err: int) -> None:
    """Have the streams, variables and folder of a command."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for mine, standard in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(mine, standard)
        os.close(mine)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # wherever these variables say
    os.chdir(folder)
    sys.argv = ["apod", *words]


def _run(dvc: socket.socket) -> int:
    """What `python -m apod_pipeline.cli` does, DVC's processes being forks too; gives its exit code."""
    import runpy
    from functools import partial

    from apod_pipeline.archive import kill_points
    from apod_pipeline.versioning import dvc_process

    kill_points.read_environment()
    dvc_process.start_by(partial(forked_dvc, dvc))
    try:
        runpy.run_module("apod_pipeline.cli", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            raise
        return end.code or 0
    return 0


def _wait_for_all() -> None:
    with suppress(ChildProcessError):
        while os.wait():
            pass


def _leave(codes: list[int]) -> None:
    """The last thing that is done at a command's end: to take apart what was loaded takes longer than many of them."""
    if codes:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(codes[0])


if __name__ == "__main__":
    from forked_dvc import begin, forked_dvc

    sys.path.remove(str(Path(__file__).parent))
    ended: list[int] = []
    atexit.register(_leave, ended)  # before all others, and so after them
    _load()
    dvc = begin()
    if dvc is None:
        ended.append(0)  # one of DVC's processes, with nothing left to do
    elif _listen(socket.socket(fileno=os.dup(0))):
        ended.append(_run(dvc))
    else:
        dvc.close()
        _wait_for_all()
