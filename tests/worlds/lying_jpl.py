"""JPL's close approaches, answered in this process with whatever is wrong; and what was told, in the words of a law.

Takes approaches that somebody changes, and lies, gives replies.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from apod_pipeline.dataset.sources import Request
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.approaches.rules.derive import served
from apod_pipeline.datasets.approaches.rules.times import day_of
from apod_pipeline.errors import SourceUnavailable
from apod_pipeline.simulator.approaches import LUNAR_DISTANCE, TODAY, SimulatedJpl
from apod_pipeline.simulator.message import Request as Asked

DAY = dt.timedelta(days=1)
TOLD = Span(TODAY - 20 * DAY, TODAY + 20 * DAY)  # days that have approaches at first
FARTHEST = 85  # days from today on which one ever is
EVERYTHING = Span(TODAY - 120 * DAY, TODAY + 120 * DAY)  # no approach is nearer to its ends than one may move
EVERY_DISTANCE = "1"
WHOLE = ("html", "truncated", "count", "columns", "unsigned", "status", "silence", "short row")
"""Lies about a reply as a whole: it is refused."""
OF_ROWS = ("columns", "short row")
"""Those of them that need a row."""


class Lie(NamedTuple):
    """One thing that is wrong with replies.

    Attributes:
        kind: what is done: one of `WHOLE`, or one of the names in `_told`.
        place: of which row.
        field: which of its fields.
        value: what stands there instead; or how much, where something is a matter of how much.
        first: the first reply of the run that is hit.
        times: how many are; -1 for all.
    """

    kind: str
    place: int = 0
    field: str = "dist"
    value: Any = ""
    first: int = 0
    times: int = -1


@dataclass(eq=False)
class LyingJpl:
    """What the simulated service answers, with lies told; what it was believed to tell is written down.

    Attributes:
        journal: where every row is written down, so that a run in a process of its own does so too.
    """

    journal: Path
    jpl: SimulatedJpl = field(default_factory=lambda: SimulatedJpl(TOLD))
    lies: tuple[Lie, ...] = ()
    answers: int = 0
    refusable: int = 0  # those of the answers of which nothing can be believed

    def answer(self, request: Request) -> tuple[int, bytes]:
        """Status and body."""
        lies = [lie for lie in self.lies if 0 <= self.answers - lie.first < (lie.times if lie.times >= 0 else 10**6)]
        self.answers += 1
        if any(lie.kind == "silence" for lie in lies):
            self.refusable += 1
            raise SourceUnavailable("no answer. What was received before is kept; type the same command again later.")
        parts = urlsplit(request.address)
        told = json.loads(self.jpl.told(Asked("GET", parts.path, parts.query, {})).whole())
        rows = bool(told.get("data"))
        whole = [lie for lie in lies if lie.kind in WHOLE and (rows or lie.kind not in OF_ROWS)]
        self.refusable += bool(whole) and all(lie.kind in WHOLE for lie in lies)
        for lie in lies:
            told = _told(lie, told)
        with self.journal.open("a", encoding="ascii") as journal:
            journal.writelines(words_of(row) + "\n" for row in _rows(told))
        return _spoilt(lies, json.dumps(told).encode())

    # ---- what laws ask ---------------------------------------------------------------------
    def told(self) -> set[str]:
        """Every row that was ever told."""
        return {*self.journal.read_text(encoding="ascii").splitlines()} if self.journal.exists() else set()

    def truth(self, span: Span = EVERYTHING, dist_max: str = EVERY_DISTANCE) -> list[str]:
        """What there is to be told of some days."""
        most = float(dist_max.removesuffix("LD")) * (LUNAR_DISTANCE if dist_max.endswith("LD") else 1)
        rows = [one.row() for one in self.jpl.approaches if one.dist <= most]
        return sorted(words_of(row) for row in rows if dt.date.fromisoformat(str(day_of(row["cd"], None))) in span)

    def worded(self, entry: Mapping[str, Any]) -> str:
        """An entry as the service told it."""
        told = {name: entry[name] for name in ("des", "orbit_id", "cd", "t_sigma_f", "fullname")}
        return words_of(told | served(dict(entry)))


def _rows(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = told.get("fields", ())
    return [dict(zip(names, row, strict=False)) for row in told.get("data", ())]


def _told(lie: Lie, told: dict[str, Any]) -> dict[str, Any]:
    """What is told, with one thing said otherwise."""
    if lie.kind == "nothing":
        return {"signature": told["signature"], "count": "0"}
    said = {
        "unsigned": {"signature": {"source": "somebody", "version": "1.5"}},
        "another version": {"signature": told["signature"] | {"version": "9"}},
        "count as text": {"count": str(told["count"])},
        "count": {"count": int(told["count"]) + 1 + lie.place},
    }
    return told | (said.get(lie.kind) or (_in_its_rows(lie, told) if told.get("data") else {}))


def _in_its_rows(lie: Lie, told: dict[str, Any]) -> dict[str, Any]:
    """What a lie about rows, or the names of their columns, makes of an answer."""
    names, rows = told["fields"], told["data"]
    place, where = lie.place % len(rows), names.index(lie.field) if lie.field in names else 0
    row = rows[place]
    odd = [*row[:where], lie.value, *row[where + 1 :]]
    others = [*rows[:place], *rows[place + 1 :]]
    if lie.kind == "other order":
        order = sorted(names)
        columns = [names.index(name) for name in order]
        return {"fields": order, "data": [[row[column] for column in columns] for row in rows[::-1]]}
    if lie.kind == "columns":
        return {"fields": [*names[:where], "other", *names[where + 1 :]]}
    changed = {
        "odd": [*others, odd],
        "odd and as it is": [*rows, odd],
        "twice": [*rows, row],
        "left out": others,
        "short row": [*others, row[:-1]],
    }.get(lie.kind, rows)
    return {"count": len(changed), "data": changed}


def _spoilt(lies: Iterable[Lie], body: bytes) -> tuple[int, bytes]:
    """How the network leaves a body."""
    status = 200
    for lie in lies:
        if lie.kind == "html":
            body = b"<html><body>We will be back soon</body></html>"
        elif lie.kind == "truncated":
            body = body[: len(body) * (lie.place % 9) // 9]
        elif lie.kind == "status":
            status = (400, 404, 301, 204, 500, 503)[lie.place % 6]
    return status, body


def words_of(row: Mapping[str, Any]) -> str:
    """A row of the service in the words in which an entry is compared with it."""
    full = row.get("fullname")
    return json.dumps(sorted((row | {"fullname": full.strip() or None if isinstance(full, str) else full}).items()))
