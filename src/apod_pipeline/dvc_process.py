"""DVC in a process of its own, begun before it is needed: its import takes longer than most runs.

Takes an archive and a DVC remote, gives a `Versioner` that does in a child process what `DvcVersioner` does in this
one: while the parent derives and loads, the child imports DVC and tracks the replies on the other core. One question
a line goes to the child's standard input, one answer comes back. Never outlives its parent: when its standard input
ends in the middle of its work, as after a SIGKILL, so does the child.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from apod_pipeline import kill_points
from apod_pipeline.archive import Archive
from apod_pipeline.errors import VersioningError
from apod_pipeline.stages.dvc_track_data import DvcVersioner

QUESTIONS = ("track_replies", "track_files", "fetch_raw")


@dataclass
class DvcProcess:
    """DVC over one archive, in another process.

    Attributes:
        archive: the folder; a Git repository when the first question is asked.
        remote: where objects are pushed: any DVC remote URL, or a folder.
    """

    archive: Archive
    remote: str
    _child: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        """Let the child import DVC, beside whatever comes next here."""
        if self._child is None:
            import logging

            words = [sys.executable, "-P", "-m", __name__]
            self._child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            level = logging.getLogger(DvcVersioner.__module__).getEffectiveLevel()
            self._say([str(self.archive.root), self.archive.dataset, self.remote, level])

    def track_replies(self) -> None:
        """As `DvcVersioner.track_replies`."""
        self._ask("track_replies")

    def track_files(self) -> str:
        """As `DvcVersioner.track_files`."""
        return str(self._ask("track_files"))

    def fetch_raw(self) -> None:
        """As `DvcVersioner.fetch_raw`."""
        self._ask("fetch_raw")

    def close(self) -> None:
        """Let the child end, if there is one."""
        if child := self._child:
            self._child = None
            with suppress(BrokenPipeError):
                _pipe(child.stdin).close()
            child.wait()
            _pipe(child.stdout).close()

    def _ask(self, question: str) -> Any:  # noqa: ANN401 - what JSON can hold
        self.begin()
        assert self._child is not None  # noqa: S101 - begun above
        self._say(question)
        line = _pipe(self._child.stdout).readline()
        if not line:
            self.close()
            raise VersioningError(
                f"DVC's process ended in the middle of {question}, as if killed. Nothing was committed, the archive's "
                "files and tables are complete; see that there is memory and disk left (`apod doctor`), then type the "
                "same command again."
            )
        answer = json.loads(line)
        if "error" in answer:
            raise VersioningError(answer["error"])
        return answer["given"]

    def _say(self, words: object) -> None:
        assert self._child is not None  # noqa: S101 - begun before anything is said
        with suppress(BrokenPipeError):  # it ended: that is told where its answer is missed
            pipe = _pipe(self._child.stdin)
            pipe.write(json.dumps(words) + "\n")
            pipe.flush()


def _pipe(end: IO[str] | None) -> IO[str]:
    assert end is not None  # noqa: S101 - asked for when the child was begun
    return end


# ---- the child -----------------------------------------------------------------------------
def main() -> None:
    """Answer the parent's questions until it has no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when it is over
    kill_points.aim_at(os.getppid())
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever DVC or its children print is no answer
        questions = _Questions()
        root, dataset, remote, level = questions.next()
        if level < 30:  # a warning; imported only where something is to be told
            import logging

            logging.basicConfig(level=level, format="%(name)s: %(message)s")
        import dvc.repo  # noqa: F401 - this is what the process was begun early for

        versioner = DvcVersioner(Archive(Path(root), dataset), remote)
        while (question := questions.next()) in QUESTIONS:
            answers.write(json.dumps(_answer(versioner, question)) + "\n")
            answers.flush()
        versioner.close()


def _answer(versioner: DvcVersioner, question: str) -> dict[str, Any]:
    try:
        return {"given": getattr(versioner, question)()}
    except VersioningError as error:
        return {"error": str(error)}


class _Questions:
    """Lines of standard input; its end in the middle of an answer ends the process."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._waiting = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            self._lines.put(line)
        if not self._waiting.is_set():
            os._exit(1)
        self._lines.put("null")

    def next(self) -> Any:  # noqa: ANN401 - what JSON can hold
        """The next question; None when there are no more."""
        self._waiting.set()
        line = self._lines.get()
        self._waiting.clear()
        return json.loads(line)


if __name__ == "__main__":
    main()
