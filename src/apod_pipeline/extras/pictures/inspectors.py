"""Processes that judge pictures, two at a time, and as much memory as they may take together.

Takes files, gives what `inspecting` says of them. A process that dies is replaced, and what killed it is refused; a
very large picture is decoded alone, in a process with a limit of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from apod_pipeline.versioning.inherited import inherited

PROCESSES = 2
AT_ONCE = 36_000_000  # pixels that are decoded at one time: of both processes together; 4 bytes each, and then some
SECONDS = 120  # that a picture's decoder may take
BASE, PER_PIXEL = 700 << 20, 14  # bytes of address space: of a process, and of a pixel of a progressive JPEG


class Unsound(Exception):
    """A file is no picture that can be kept; in words."""


@dataclass(eq=False)
class _Inspector:
    """One process."""

    most: int  # pixels of its largest picture
    child: subprocess.Popen[str] | None = None

    def ask(self, words: object) -> dict[str, Any]:
        """What it answers; raises `Unsound` where the question killed it, or took too long."""
        child = self.child or self._begun()
        watch = threading.Timer(SECONDS, child.kill)
        watch.daemon = True
        watch.start()
        try:
            with suppress(BrokenPipeError):
                _pipe(child.stdin).write(json.dumps(words) + "\n")
                _pipe(child.stdin).flush()
            line = _pipe(child.stdout).readline()
        finally:
            watch.cancel()
        if not line:
            self.close()
            raise Unsound("its decoder died of it, or did not come to an end")
        answer: dict[str, Any] = json.loads(line)
        if "unsound" in answer:
            raise Unsound(answer["unsound"])
        return answer

    def _begun(self) -> subprocess.Popen[str]:
        words = [sys.executable, "-P", "-m", "apod_pipeline.extras.pictures.inspecting"]
        child = self.child = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=inherited(os.environ)
        )
        _pipe(child.stdin).write(json.dumps(BASE + PER_PIXEL * self.most) + "\n")
        _pipe(child.stdin).flush()
        return child

    def close(self) -> None:
        """Let the process end."""
        if child := self.child:
            self.child = None
            with suppress(BrokenPipeError):
                _pipe(child.stdin).close()
            child.kill()
            child.wait()
            _pipe(child.stdout).close()


@dataclass(eq=False)
class Inspectors:
    """All of them.

    Attributes:
        most: pixels of the largest picture that is taken.
        alone: pixels above which a picture is decoded alone.
    """

    most: int
    alone: int
    _free: SimpleQueue[_Inspector] = field(default_factory=SimpleQueue)
    _room: threading.Condition = field(default_factory=threading.Condition)
    _in_use: int = 0
    _every: list[_Inspector] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._every = [_Inspector(self.alone) for _ in range(PROCESSES)]
        for one in self._every:
            self._free.put(one)

    @property
    def children(self) -> list[subprocess.Popen[str]]:
        """The processes that were begun."""
        return [one.child for one in self._every if one.child]

    def inspect(self, path: Path, thumbnail: Path) -> dict[str, Any]:
        """Type, width, height and perceptual hash of a picture; its thumbnail is written. Waits for its turn.

        Raises:
            Unsound: it is none, or none that can be kept.
        """
        inspector = self._free.get()
        try:
            question = {"path": str(path), "thumbnail": str(thumbnail), "most": self.most}
            claimed = inspector.ask(question)
            if claimed["pixels"] > self.alone:
                return self._alone(inspector, question, claimed["pixels"])
            with self._taking(claimed["held"]):
                return inspector.ask("go")
        finally:
            self._free.put(inspector)

    def _alone(self, waiting: _Inspector, question: dict[str, Any], pixels: int) -> dict[str, Any]:
        """The same, while no other is at work, in a process that ends afterwards."""
        waiting.close()
        own = _Inspector(pixels)
        try:
            with self._taking(AT_ONCE):
                own.ask(question)
                return own.ask("go")
        finally:
            own.close()

    @contextmanager
    def _taking(self, pixels: int) -> Iterator[None]:
        """Hold so many pixels of what may be decoded at one time; whoever would take too many waits to be alone."""
        wanted = min(pixels, AT_ONCE)
        with self._room:
            self._room.wait_for(lambda: self._in_use + wanted <= AT_ONCE)
            self._in_use += wanted
        try:
            yield
        finally:
            with self._room:
                self._in_use -= wanted
                self._room.notify_all()

    def close(self) -> None:
        """Let all processes end; none is at work any more."""
        for one in self._every:
            one.close()


def _pipe(end: IO[str] | None) -> IO[str]:
    assert end is not None  # noqa: S101 - asked for when the process was begun
    return end
