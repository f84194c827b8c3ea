"""What the ledger tells of pictures: which were kept, which were refused, and when.

Takes the lines of `data/ledger/pictures-YYYY-MM.jsonl` and of those that wait, gives the last word on each picture. A
line goes to the ledger when DVC has its file; until then it waits in the private folder, so that a commit never tells
of a file that nobody could bring back.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.archive.lines import append_lines, instant, read_lines, timestamp
from apod_pipeline.extras.pictures.shelf import Shelf

KEPT, REFUSED = "kept", "refused"
ADDRESSES = ("address", "asked_at", "from")
LARGE, TOGETHER = 100_000, 200  # bytes of a ledger file that gets no more lines; lines that are written at once
Line = dict[str, Any]
Name = tuple[str, str]  # of a picture: the entry's key, and its part there


@dataclass(eq=False, repr=False)
class Told:
    """All that is told of an archive's pictures.

    Attributes:
        kept: by picture, the lines of the files that were kept, oldest first.
        refused: by picture, the last line that refused it, where nothing was kept since.
        files: by hash, a line that tells of the file.
    """

    kept: dict[Name, list[Line]] = field(default_factory=dict)
    refused: dict[Name, Line] = field(default_factory=dict)
    files: dict[str, Line] = field(default_factory=dict)

    def add(self, line: Line) -> None:
        """Take a line into account. An address that is left out is the one that was asked first."""
        name = (line["key"], line["role"])
        if line["status"] == KEPT:
            line = whole(line)
            self.kept.setdefault(name, []).append(line)
            self.refused.pop(name, None)
            self.files[line["sha256"]] = line
        else:
            self.refused[name] = line

    def current(self) -> Iterator[tuple[Name, Line]]:
        """Every picture, and the file that is kept of it now."""
        return ((name, lines[-1]) for name, lines in self.kept.items())


class Notes:
    """The lines, in the ledger and before it.

    Args:
        shelf: whose.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._waiting, self._uncommitted = shelf.private / "waiting.jsonl", shelf.private / "uncommitted.jsonl"

    def told(self) -> Told:
        """What all lines tell; raises `ArchiveDamaged` where one is damaged."""
        told = Told()
        sealed, waiting = list(self._sealed()), self.waiting()
        # Killed between the two, a line stands in both.
        recent = sealed[-2 * len(waiting) :] if waiting else []
        fresh = [line for line in waiting if line not in recent]
        for line in sorted([*sealed, *fresh], key=lambda line: str(line["at"])):
            told.add(line)
        return told

    def _sealed(self) -> Iterator[Line]:
        for path in sorted(self._shelf.archive.ledger.glob("pictures-*.jsonl")):
            yield from read_lines(path)

    def waiting(self) -> list[Line]:
        """Lines that the ledger does not hold yet."""
        return list(read_lines(self._waiting))

    def note(self, lines: Iterable[Line]) -> None:
        """Let lines wait."""
        append_lines(self._waiting, lines)

    def seal(self) -> list[Line]:
        """Move what waits into the ledger; gives it. Killed in between, nothing is told twice."""
        waiting = self.waiting()
        by_month: dict[str, list[Line]] = {}
        for line in waiting:
            by_month.setdefault(line["at"][:7], []).append(line)
        for month, lines in by_month.items():
            known = {_packed(line) for path in self._files(month)[-2:] for line in read_lines(path)}
            fresh = [line for line in lines if _packed(line) not in known]
            while fresh:
                some, fresh = fresh[:TOGETHER], fresh[TOGETHER:]
                append_lines(self._open_file(month), some)
        kill_point("pictures-sealed")
        if waiting:
            self._waiting.replace(self._uncommitted)
        return waiting

    def _files(self, month: str) -> list[Path]:
        """A month's files, oldest first: a new one is begun where one is large, as Git keeps each state of it whole."""
        found = self._shelf.archive.ledger.glob(f"pictures-{month}*.jsonl")
        return sorted(found, key=lambda path: (len(path.name), path.name))

    def _open_file(self, month: str) -> Path:
        files = self._files(month)
        if not files:
            return self._shelf.archive.ledger / f"pictures-{month}.jsonl"
        if files[-1].stat().st_size < LARGE:
            return files[-1]
        return files[-1].with_name(f"pictures-{month}_{len(files) + 1}.jsonl")

    def uncommitted(self) -> list[Line]:
        """Lines that were moved into the ledger last, until it was seen that a commit holds them."""
        return list(read_lines(self._uncommitted))

    def committed(self) -> None:
        """A commit holds them."""
        self._uncommitted.unlink(missing_ok=True)


def whole(line: Line) -> Line:
    """A line with all its addresses."""
    return dict.fromkeys(ADDRESSES, line["asked"]) | line


def _packed(line: Line) -> str:
    return json.dumps(line, sort_keys=True)


def at(line: Line) -> dt.datetime:
    """When a line was written."""
    return instant(line["at"])


def now() -> str:
    """This instant, as a line has it."""
    return timestamp(dt.datetime.now(dt.UTC))
