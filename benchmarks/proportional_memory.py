"""How much memory a process and all that it started hold together, at most.

Takes a process id, looks every 20 ms at the proportional set size (PSS) of each process of the tree: a page that
several processes share is counted once in their sum, and not once for each. Source: `/proc/<pid>/smaps_rollup`, Linux.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
EVERY = 0.02  # seconds


@dataclass(slots=True)
class Peak:
    """The most that was seen, in bytes."""

    bytes: int = 0


def tree(pid: int) -> Iterator[int]:
    """A process and all that it started, as far as they live and were not handed to another parent."""
    yield pid
    try:
        for thread in (PROC / str(pid) / "task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from tree(int(child))
    except OSError:  # it has just ended
        return


def held_by(pid: int) -> tuple[int, int]:
    """Bytes of one process, proportional and resident; 0 when it has ended."""
    try:
        told = (line.split() for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines())
        sizes = {words[0]: int(words[1]) * 1024 for words in told if words[0] in {"Pss:", "Rss:"}}
    except OSError:
        return 0, 0
    return sizes.get("Pss:", 0), sizes.get("Rss:", 0)


def held_by_each(pids: Iterable[int]) -> int:
    """Bytes of several processes together.

    A child that has not yet begun its own program still stands in its parent's memory, all of it (vfork): two that are
    equal to the byte are one.
    """
    return sum(proportional for proportional, _ in {held_by(pid) for pid in pids})


def held_by_all(pid: int) -> int:
    """Bytes of a process and all that it started."""
    return held_by_each(tree(pid))


def held_by_words(words: str) -> int:
    """Bytes of every process in whose command line these stand, and of all that those started, each counted once."""
    found = [int(place.name) for place in PROC.iterdir() if place.name.isdigit() and words in _command_line(place)]
    return held_by_each({one for pid in found for one in tree(pid)})


def _command_line(place: Path) -> str:
    try:
        return (place / "cmdline").read_text(errors="replace")
    except OSError:
        return ""


def watched(pid: int) -> AbstractContextManager[Peak]:
    """Look at a process and all that it started until the block is left; the peak is what was seen by then."""
    return _watched(lambda: held_by_all(pid))


def watched_by_words(words: str) -> AbstractContextManager[Peak]:
    """The same, of the processes in whose words these stand."""
    return _watched(lambda: held_by_words(words))


@contextmanager
def _watched(held: Callable[[], int]) -> Iterator[Peak]:
    peak, ended = Peak(), threading.Event()

    def look() -> None:
        while not ended.wait(EVERY):
            peak.bytes = max(peak.bytes, held())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield peak
    finally:
        ended.set()
        looking.join()
