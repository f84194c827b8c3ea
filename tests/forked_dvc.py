"""DVC's process, as a command begins it, forked from one that has imported DVC already.

For commands that are forked themselves (`forked.py`): each has its own process of DVC, with the pipes, variables and
folder that it would have given to a new interpreter, and with the same code. Whose process it is, it is told: its
parent is the one that is forked from. How a command starts it anew is shown by those that are started anew, and by
`tests/versioning/test_dvc_process.py`.
"""

from __future__ import annotations

import array
import gc
import os
import pickle
import signal
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import IO

LONGEST = 1 << 17  # octets of one request
LOADED = (
    "dvc.cachemgr",
    "dvc.data_cloud",
    "dvc.dirs",
    "dvc.repo",
    "dvc.repo.artifacts",
    "dvc.repo.datasets",
    "dvc.repo.graph",
    "dvc.repo.index",
    "dvc.repo.init",
    "dvc.repo.metrics",
    "dvc.repo.params",
    "dvc.repo.plots",
    "dvc.repo.stage",
    "dvc.repo.worktree",
    "dvc.utils.strictyaml",
    "dvc_data.hashfile.db.index",
    "dvc_data.hashfile.db.local",
    "dvc_data.hashfile.status",
    "dvc_data.index.checkout",
    "dvc_data.index.fetch",
    "dvc_data.index.push",
    "fsspec.implementations.memory",
    "networkx",
    "psutil",
    "scmrepo.git",
    "xml.etree.ElementTree",
    "apod_pipeline.versioning.dvc",
)
"""What a run has DVC import, sooner or later."""


@dataclass
class Fork:
    """A process that was forked: what `subprocess.Popen` is to its parent."""

    pid: int
    stdin: IO[str]
    stdout: IO[str]
    alive: socket.socket  # its other end is the process's, and closed by its end

    def wait(self) -> None:
        """Come back when it has ended."""
        with self.alive:
            while self.alive.recv(1):
                pass


def begin() -> socket.socket | None:
    """Begin the process that is forked from.

    Returns:
        The end at which it is asked, by this process and its forks; None in forks of it that have nothing left to do.
    """
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST)
    if os.fork() == 0:
        here.close()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        _listen(there)
        return None
    there.close()
    return here


def forked_dvc(asked: socket.socket, environment: dict[str, str]) -> Fork:
    """A process for the one that asks, with these variables."""
    (questions, stdin), (stdout, answers), (alive, its) = os.pipe(), os.pipe(), socket.socketpair()
    request = pickle.dumps((environment, os.getcwd(), os.getpid()))  # noqa: PTH109 - as text
    handed = array.array("i", [questions, answers, 2, its.fileno()])
    asked.sendmsg([request], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handed)])
    its.close()
    for descriptor in (questions, answers):
        os.close(descriptor)
    return Fork(int(alive.recv(20)), os.fdopen(stdin, "w"), os.fdopen(stdout), alive)


# ---- the process that is forked from, and its forks ----------------------------------------
def _listen(asked: socket.socket) -> None:
    """Fork for each request until nobody is left who could ask, and in a fork until it has done its work."""
    signal.signal(signal.SIGCHLD, _bury)
    loaded: list[object] = []
    while True:
        request, ancillary, _, _ = asked.recvmsg(LONGEST, socket.CMSG_SPACE(16))
        if not request:
            return
        if not loaded:  # a first command has something for DVC
            loaded.extend(map(import_module, LOADED))
            gc.freeze()
        handed = array.array("i", ancillary[0][2])
        if os.fork() == 0:
            asked.close()
            _serve(*pickle.loads(request), *handed)  # noqa: S301 - our own
            return
        for descriptor in handed:
            os.close(descriptor)


def _bury(*_: object) -> None:
    """Let nobody who ended be seen as one that did not."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _serve(environment: dict[str, str], folder: str, parent: int, *handed: int) -> None:
    """Do what `python -m apod_pipeline.versioning.dvc_process` does."""
    from apod_pipeline.archive import kill_points
    from apod_pipeline.versioning import dvc_process

    alive = handed[-1]
    for mine, standard in zip(handed[:-1], (0, 1, 2), strict=True):
        os.dup2(mine, standard)
        os.close(mine)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    os.chdir(folder)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    kill_points.read_environment()
    os.set_inheritable(alive, False)
    with suppress(BrokenPipeError):  # the command was killed
        os.write(alive, str(os.getpid()).encode())
    dvc_process.main(parent)
