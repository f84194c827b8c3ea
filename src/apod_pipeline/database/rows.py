"""What the tables must hold: every row, from the archive's files alone.

Takes the ledger and the Parquet file at their last version, gives rows in the order of the tables' columns. The load
stage writes what differs, the audit says what differs: both ask here. Never opens a connection, never writes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import orjson

from apod_pipeline.archive.coverage import coverage
from apod_pipeline.archive.known import Known, Version, version_of_line
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import instant, timestamp
from apod_pipeline.archive.processed import Table
from apod_pipeline.dataset.readings import Row
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod.calendar import FIRST_DAY
from apod_pipeline.datasets.apod.entry import ENTRY_FIELDS, OUTPUT_FIELDS

LISTS = {"changed", "repairs", "flags"}
INSTANTS = {"observed_from", "observed_to", "read_at", "refused_at", "resolved_at"}


class TableShape(NamedTuple):
    """A table that is made from the archive's files: its name, what identifies a row, and its columns."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def types(self) -> tuple[str, ...]:
        """PostgreSQL's type of every column."""
        return tuple("text[]" if c in LISTS else "timestamptz" if c in INSTANTS else "text" for c in self.columns)


REVISION = TableShape(
    "apod_revision",
    ("date", "observed_from"),
    ("date", "observed_from", "observed_to", "cause", "changed", *ENTRY_FIELDS[1:], "content_hash", "reply"),
)
READING = TableShape("apod_reading", ("source", "date"), ("source", "date", "digest", "read_at", "reply"))
DAY = TableShape("apod_day", ("date",), ("date", "status", "detail"))
QUARANTINE = TableShape(
    "apod_quarantine", ("reply", "date"), ("reply", "date", "source", "reason", "refused_at", "resolved_at")
)


@dataclass(eq=False, repr=False)
class Projection:
    """The last version's rows.

    Attributes:
        ledger: the archive's memory.
        table: the Parquet file.
        versions: every version, oldest first; at least one.
        today: the newest day that is due.
    """

    ledger: Ledger
    table: Table
    versions: list[Version]
    today: dt.date

    def chains(self, days: Collection[str] | None = None) -> Iterator[list[Row]]:
        """For every entry (or those of some days) the chain of its states, oldest first, each with when and why."""
        last = self.versions[-1]
        known = self.ledger.known(last.lines)
        superseded = self.ledger.superseded(self.versions)
        since = current_since(known, self.versions, superseded)
        earlier: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for state in superseded:
            earlier[state["date"]].append(state)
        for row in self.table.rows(days):
            day = row["date"]
            chosen = known.chosen(day, last.preference)
            current = {
                "from": timestamp(since[day].at),
                "to": None,
                "began": since[day].cause,
                "reply": chosen[1].file if chosen else None,
                "entry": row,
            }
            yield chain([*earlier.get(day, ()), current])

    def readings(self, known: Known, since: int = 0) -> list[tuple[Any, ...]]:
        """What each source said last of each day, of the lines from one on."""
        return [
            (source, day, held.digest, instant(known.replies[held.file]["at"]), held.file)
            for source, day, held in known.readings_since(since)
        ]

    def days(self, known: Known, span: Span | None = None) -> list[tuple[Any, ...]]:
        """Coverage of every day of a span; without one, since the first picture."""
        wanted = span or Span(min(FIRST_DAY, self.today), self.today)
        return [(str(day.day), day.status, day.detail) for day in coverage(known, self.today, wanted)]

    def quarantine(self, known: Known) -> list[tuple[Any, ...]]:
        """What was refused, and since when it is had after all; of one day of one reply the last word counts."""
        last = {(q.file, q.day): q for q in known.quarantine}
        return [
            (q.file, q.day, q.source, q.reason, instant(q.at), known.resolved_at(q, self.versions))
            for q in last.values()
        ]


class Since(NamedTuple):
    """When the current state of an entry began, and why."""

    at: dt.datetime
    cause: str


def current_since(known: Known, versions: list[Version], superseded: list[dict[str, Any]]) -> dict[str, Since]:
    """For every day, when its current state began: with its first reading, or when the last state was replaced."""
    since: dict[str, Since] = {}
    for day, line in known.first_line.items():
        version = version_of_line(versions, line)
        if version:
            since[day] = Since(version.at, "source")
    for state in superseded:
        replaced = Since(instant(state["to"]), state["cause"])
        now = since.get(state["date"], replaced)
        # A day that was withdrawn altogether, and came again, began when it came again.
        since[state["date"]] = now if now.at > replaced.at else replaced
    return since


def chain(states: Sequence[dict[str, Any]]) -> list[Row]:
    """The states of one entry as rows of `apod_revision`, each with the fields that changed since the one before."""
    rows: list[Row] = []
    before: Row | None = None
    for state in states:
        entry = state["entry"]
        rows.append(
            {
                **entry,
                "observed_from": instant(state["from"]),
                "observed_to": instant(state["to"]) if state["to"] else None,
                "cause": state["began"],
                "changed": [name for name in entry if before is not None and before.get(name) != entry[name]],
                "content_hash": content_hash(entry),
                "reply": state["reply"],
            }
        )
        before = entry
    return rows


def content_hash(entry: Row) -> str:
    """What an entry's fields hash to: SHA-256 of their canonical JSON."""
    return hashlib.sha256(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)).hexdigest()


def cells(rows: Iterable[Row]) -> Iterator[list[Any]]:
    """Rows of `apod_revision` in the order of its columns."""
    return ([row[name] for name in REVISION.columns] for row in rows)


def document_times(states: Sequence[Row]) -> tuple[str, dt.datetime, dt.datetime]:
    """Day, `created_at` and `updated_at` of the document's table: when one of its own values last changed.

    They are UTC without a zone, as the document's TIMESTAMP has it.
    """
    created = updated = states[0]["observed_from"]
    for before, after in pairwise(states):
        if any(before[name] != after[name] for name in OUTPUT_FIELDS):
            updated = after["observed_from"]
    return states[0]["date"], created.replace(tzinfo=None), updated.replace(tzinfo=None)
