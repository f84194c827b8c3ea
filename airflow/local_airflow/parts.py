"""A long-running program of this instance: started in a session of its own, watched, stopped with all it started.

Takes a command line, an environment and a folder, gives a process whose messages go into a file, signals only what it
started itself and never leaves any of it behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from apod_pipeline.errors import ApodError

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import psutil

_POLL_SECONDS = 0.1
_PR_SET_PDEATHSIG = 1
_LEASH = (
    f"import ctypes, os, sys; ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, {int(signal.SIGTERM)}); "
    "os.getppid() == int(sys.argv[1]) or os._exit(1); os.execv(sys.argv[2], sys.argv[2:])"
)
"""Asks the kernel for SIGTERM at its starter's death, however it dies, then becomes the program: prctl(2)."""


class PartEnded(ApodError):
    """A part ended that should go on."""

    def __init__(self, part: Part) -> None:
        super().__init__(
            f"{part.name} ended by itself; the last lines of {part.log}:\n"
            f"{part.last_lines()}\nEverything else is stopped, nothing of its data is lost. Fix what is named above "
            "and type the same command again."
        )
        self.part = part


class StopWanted(ApodError):
    """The user asked for the end before the start was complete."""


class Part:
    """One program.

    Args:
        name: What the user knows it by.
        command: The program by its path, and its arguments; no secret among them.
        environment: All of its variables.
        home: Its working folder, with its messages in `logs/parts/NAME.log`, made anew.
        by_children: Whether its children are asked to end, at whose end it ends itself.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        home: Path,
        *,
        by_children: bool = False,
    ) -> None:
        import psutil

        self.name = name
        self.log = home / "logs" / "parts" / f"{name}.log"
        self._by_children = by_children
        self.log.parent.mkdir(parents=True, exist_ok=True)
        leash = [sys.executable, "-S", "-E", "-c", _LEASH, str(os.getpid())] if sys.platform == "linux" else []
        with self.log.open("wb") as messages:
            self.process = subprocess.Popen(
                [*leash, *command],
                stdin=subprocess.DEVNULL,
                stdout=messages,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=home,
                start_new_session=True,
            )
        self._itself = psutil.Process(self.process.pid)

    @property
    def ended(self) -> bool:
        """Whether the program itself has ended, of which its children may know nothing.

        Its status is not fetched before `stop`: until then nobody else gets the number that names it and its session.
        """
        import psutil

        try:
            return bool(self._itself.status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])

    def terminate(self) -> None:
        """Ask it to end."""
        import psutil

        with suppress(psutil.NoSuchProcess):
            for process in (self._by_children and self._itself.children()) or [self._itself]:
                process.terminate()

    def family(self) -> set[psutil.Process]:
        """The program, what it started, and what those started, sessions of their own included."""
        import psutil

        found: set[psutil.Process] = set()
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError, PermissionError):
                if os.getsid(process.pid) == self.process.pid:
                    found |= {process, *process.children(recursive=True)}
        return found


def stop(parts: Iterable[Part], seconds: float) -> None:
    """Ask the parts to end, wait, and kill what is left of them and of what they started.

    Args:
        parts: Those that are asked at one time.
        seconds: How long all of them may take together.
    """
    import psutil

    parts = list(parts)
    families: set[psutil.Process] = set()
    for part in parts:
        families |= part.family()
        part.terminate()
    deadline = time.monotonic() + seconds
    while not all(part.ended for part in parts) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS / 2)
    for part in parts:
        families |= part.family()
    for process in families:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    for part in parts:
        part.process.wait()
    psutil.wait_procs(families, timeout=5)


def first_ended(parts: Iterable[Part]) -> Part | None:
    """A part that has ended by itself, if there is one."""
    return next((part for part in parts if part.ended), None)


def ticks(what: str, parts: Sequence[Part], stop: threading.Event, seconds: float) -> Iterator[None]:
    """Look again every tenth of a second until the caller leaves the loop.

    Args:
        what: What is waited for, for the message.
        parts: Those that must live meanwhile.
        stop: Set when the user wants the end.
        seconds: How long it may take.

    Raises:
        PartEnded: One of the parts has ended.
        StopWanted: The user wants the end.
        ApodError: It took too long.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        if ended := first_ended(parts):
            raise PartEnded(ended)
        if stop.wait(_POLL_SECONDS):
            raise StopWanted(f"stopped while waiting for {what}")
    logs = ", ".join(str(part.log) for part in parts)
    raise ApodError(f"{what} did not come within {seconds:.0f} s; see {logs}. Everything is stopped; try again.")
