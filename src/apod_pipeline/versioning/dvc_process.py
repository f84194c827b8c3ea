"""DVC in a process of its own, begun before it is needed: its import takes longer than most runs.

Takes an archive and a DVC remote, gives a `Versioner` that does in a child process what `DvcVersioner` does in this
one: while the parent derives and loads, the child imports DVC, tracks and pushes on the other core. One question a
line goes to the child's standard input, one answer comes back. Never outlives its parent: when its standard input ends
in the middle of its work, as after a SIGKILL, so does the child.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, Protocol

from apod_pipeline.archive import kill_points
from apod_pipeline.archive.disk import room
from apod_pipeline.archive.folder import Archive
from apod_pipeline.dataset.installed import data_set
from apod_pipeline.errors import VersioningError
from apod_pipeline.logs.running import fields_of_the_run, run_that_goes_on, runs_with
from apod_pipeline.versioning.inherited import inherited

if TYPE_CHECKING:
    from apod_pipeline.versioning.dvc import DvcVersioner

FULL_BYTES, FULL_FILES, FULL_SECONDS = 64 << 10, 4, 15


class Child(Protocol):
    """What a child process is for its parent; streams that are no pipes are None."""

    pid: int
    stdin: IO[str] | None
    stdout: IO[str] | None

    def wait(self) -> object:
        """Come back when it has ended."""


def started(environment: dict[str, str]) -> Child:
    """The child as an interpreter of its own, with these variables."""
    words = [sys.executable, "-P", "-m", __name__]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


_start: Callable[[dict[str, str]], Child] = started


def start_by(start: Callable[[dict[str, str]], Child]) -> None:
    """From now on this process has its children from `start`: for who has DVC imported already, as tests have."""
    global _start  # noqa: PLW0603 - one process, one way to start others
    _start = start


@dataclass(eq=False, repr=False)
class DvcProcess:
    """DVC over one archive, in another process.

    Attributes:
        archive: the folder; a Git repository when the first question is asked.
        remote: where objects are pushed: any DVC remote URL, or a folder.
    """

    archive: Archive
    remote: str
    _child: Child | None = None
    _asked: list[str] = field(default_factory=list)  # and not answered yet

    @property
    def child(self) -> int:
        """Number of the child process; 0 while there is none."""
        return self._child.pid if self._child else 0

    def track_replies(self) -> None:
        """Begin what `DvcVersioner.track_replies` does."""
        self._ask("track_replies")

    def track_files(self) -> None:
        """Begin what `DvcVersioner.track_files` does."""
        self._ask("track_files")

    def track_folders(self, folders: Sequence[Path]) -> None:
        """Begin what `DvcVersioner.track_folders` does."""
        self._ask("track_folders", [str(folder) for folder in folders])

    def finish(self) -> str | None:
        """Wait for all that was begun; gives the CSV's MD5, None before it was ever tracked.

        Raises:
            VersioningError: of what went wrong first; nothing was committed then.
        """
        self._ask("finish")
        md5: str | None = self._answers()[-1]
        return md5

    def fetch(self) -> None:
        """As `DvcVersioner.fetch`."""
        self._ask("fetch")
        self._answers()

    def close(self) -> None:
        """Let the child end, if there is one."""
        self._asked.clear()
        if child := self._child:
            self._child = None
            with suppress(BrokenPipeError):
                _pipe(child.stdin).close()
            child.wait()
            _pipe(child.stdout).close()

    def _ask(self, question: str, *words: object) -> None:
        child = self._child or self._begun()
        if question not in self._asked:
            self._asked.append(question)
            self._say(child, [question, *words])

    def _begun(self) -> Child:
        import logging

        from apod_pipeline.versioning.dvc import DvcVersioner

        child = self._child = _start(inherited(os.environ))
        level = logging.getLogger(DvcVersioner.__module__).getEffectiveLevel()
        lines = [os.environ.get("APOD_LOG_FORMAT", ""), run_that_goes_on() or "", dict(fields_of_the_run())]
        self._say(child, [str(self.archive.root), self.archive.dataset.name, self.remote, level, *lines])
        return child

    def _say(self, child: Child, words: object) -> None:
        with suppress(BrokenPipeError):  # it ended: that is told where its answer is missed
            _pipe(child.stdin).write(json.dumps(words) + "\n")
            _pipe(child.stdin).flush()

    def _answers(self) -> list[Any]:
        """The answers to all questions that are open."""
        asked, self._asked = self._asked, []
        answers = [self._answer(question) for question in asked]
        for answer in answers:
            if "error" in answer:
                raise VersioningError(answer["error"])
        return [answer["given"] for answer in answers]

    def _answer(self, question: str) -> dict[str, Any]:
        assert self._child is not None  # noqa: S101 - it was asked
        line = _pipe(self._child.stdout).readline()
        if line:
            return dict(json.loads(line))
        self.close()
        raise VersioningError(
            f"DVC's process ended in the middle of {question}, as if killed. Nothing was committed, and what was "
            "received is kept; check that there is enough memory and disk space (`apod doctor`), then type the same "
            "command again."
        )


def _pipe(end: IO[str] | None) -> IO[str]:
    assert end is not None  # noqa: S101 - asked for when the child was begun
    return end


# ---- the child -----------------------------------------------------------------------------
def main(parent: int) -> None:
    """Answer the questions of a process until it has no more."""
    gc.set_threshold(100_000, 50, 50)  # as in the parent: to look for cycles, now or when all ends, takes a fifth of
    atexit.register(gc.freeze)  # what DVC's import takes
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when it is over
    kill_points.aim_at(parent)
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever DVC or its children print is no answer
        questions = _Questions()
        root, dataset, remote, level, os.environ["APOD_LOG_FORMAT"], run, fields = questions.next()
        runs_with(run, fields)
        if level < 30:  # a warning; imported only where something is to be told
            from apod_pipeline.logs.lines import set_up

            set_up(level)
        import dvc.repo  # noqa: F401 - this is what the process was begun early for

        from apod_pipeline.versioning.dvc import DvcVersioner

        threading.Thread(target=_end_on_a_full_disk, args=[Path(root), questions], daemon=True).start()
        versioner = DvcVersioner(Archive(Path(root), data_set(dataset)), remote)
        while question := questions.next():
            answers.write(json.dumps(_answer(versioner, question)) + "\n")
            answers.flush()
        versioner.close()


def _end_on_a_full_disk(root: Path, questions: _Questions) -> None:
    """DVC waits for its own database without end where the disk runs full under it: then this process ends."""
    full = 0
    while full < FULL_SECONDS:
        time.sleep(1)  # a watch, not a wait: nobody is kept by it
        busy = not questions.waiting.is_set()
        left = room(root)
        full = full + 1 if busy and (left.octets < FULL_BYTES or left.files < FULL_FILES) else 0
    os._exit(1)


def _answer(versioner: DvcVersioner, question: Sequence[Any]) -> dict[str, Any]:
    name, *words = question
    try:
        return {"given": getattr(versioner, name)(*words)}
    except VersioningError as error:
        return {"error": str(error)}


class _Questions:
    """Lines of standard input; its end in the middle of an answer ends the process."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[str] = SimpleQueue()
        self.waiting = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            self._lines.put(line)
        if not self.waiting.is_set():
            os._exit(1)
        self._lines.put("null")

    def next(self) -> Any:  # noqa: ANN401 - what JSON can hold
        """The next question; None when there are no more."""
        self.waiting.set()
        line = self._lines.get()
        self.waiting.clear()
        return json.loads(line)


if __name__ == "__main__":
    main(os.getppid())
