"""What the tables must hold: every row, from the archive's files alone.

Takes the ledger and the Parquet file at their last version, gives rows in the order of the tables' columns. The load
stage writes what differs, the audit says what differs: both ask here. Never opens a connection, never writes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import orjson

from apod_pipeline.archive.coverage import coverage
from apod_pipeline.archive.known import Known, Version
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import instant, timestamp
from apod_pipeline.archive.processed import Table
from apod_pipeline.database.tables import Tables, TableShape
from apod_pipeline.dataset.readings import Row
from apod_pipeline.dataset.spans import Span


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

    @cached_property
    def tables(self) -> Tables:
        """The tables that the rows are for."""
        return Tables(self.ledger.archive.dataset)

    @cached_property
    def superseded(self) -> list[dict[str, Any]]:
        """The states that were replaced."""
        return self.ledger.superseded(self.versions)

    def chains(self, days: Collection[str] | None = None) -> Iterator[list[Row]]:
        """For every entry (or those of some days) the chain of its states, oldest first, each with when and why."""
        last = self.versions[-1]
        known = self.ledger.known(last.lines)
        since = current_since(known, self.versions, self.superseded)
        earlier: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for state in self.superseded:
            earlier[state["key"]].append(state)
        for row in self.table.rows(days):
            day = row[self.table.columns.key]
            chosen = known.chosen(day, last.preference)
            current = {
                "from": timestamp(since[day].at),
                "to": None,
                "began": since[day].cause,
                "reply": chosen[1].file if chosen else None,
                "entry": row,
            }
            yield chain([*earlier.pop(day, ()), current])
        if known.keyed:  # those that are not there any more
            yield from (chain(states) for key, states in sorted(earlier.items()) if days is None or key in days)

    def changed_since(self, mark: Version) -> set[str]:
        """Keys of what was told of since a version, and of what it replaced since though nobody told of it anew."""
        told = self.ledger.known(self.versions[-1].lines).days_since(mark.lines)
        return {*told, *(state["key"] for state in self.superseded if instant(state["to"]) > mark.at)}

    def readings(self, known: Known, since: int = 0) -> list[tuple[Any, ...]]:
        """What each source said last of each day, of the lines from one on."""
        return [
            (source, day, held.digest, instant(known.replies[held.file]["at"]), held.file)
            for source, day, held in known.readings_since(since)
        ]

    def days(self, known: Known, span: Span | None = None) -> list[tuple[Any, ...]]:
        """Coverage of every day of a span; without one, since the first picture."""
        newest = known.calendar.newest(self.today)
        wanted = span or Span(min(known.calendar.first_day, newest), newest)
        return [(str(day.day), day.status, day.detail) for day in coverage(known, self.today, wanted)]

    def quarantine(self, known: Known) -> list[tuple[Any, ...]]:
        """What was refused, and since when it is had after all; of one day of one reply the last word counts."""
        last = {(q.file, q.day): q for q in known.quarantine}
        return [
            (q.file, q.day, q.source, q.reason, instant(q.at), known.resolved_at(q, self.versions))
            for q in last.values()
        ]


_UNKNOWN = object()  # a field that a state lacks: it was made before the field was thought of


class Since(NamedTuple):
    """When the current state of an entry began, and why."""

    at: dt.datetime
    cause: str


def current_since(known: Known, versions: list[Version], superseded: list[dict[str, Any]]) -> dict[str, Since]:
    """For every day, when its current state began: with its first reading, or when the last state was replaced."""
    ends = [version.lines for version in versions]  # once, not for every entry: there may be thousands of both
    first_held = ((day, bisect_right(ends, line)) for day, line in known.first_line.items())
    since = {day: Since(versions[number].at, "source") for day, number in first_held if number < len(versions)}
    for state in superseded:
        replaced = Since(instant(state["to"]), state["cause"])
        now = since.get(state["key"], replaced)
        # A day that was withdrawn altogether, and came again, began when it came again.
        since[state["key"]] = now if now.at > replaced.at else replaced
    return since


def chain(states: Sequence[dict[str, Any]]) -> list[Row]:
    """The states of one entry as rows of the revisions, each with the fields that changed since the one before."""
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
                "changed": [name for name in entry if before is not None and before.get(name, _UNKNOWN) != entry[name]],
                "content_hash": content_hash(entry),
                "reply": state["reply"],
            }
        )
        before = entry
    return rows


def content_hash(entry: Row) -> str:
    """What an entry's fields hash to: SHA-256 of their canonical JSON."""
    return hashlib.sha256(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)).hexdigest()


def cells(revision: TableShape, rows: Iterable[Row]) -> Iterator[list[Any]]:
    """Rows of the revisions in the order of their columns."""
    dated = [i for i, kind in enumerate(revision.types) if kind.startswith("timestamp")]
    for row in rows:
        values: list[Any] = [row.get(name) for name in revision.columns]
        for i in dated:
            if isinstance(values[i], str):  # a field of the entry; our own instants are such already
                values[i] = instant(values[i])
        yield values


def current_row(tables: Tables, states: Sequence[Row]) -> list[Any]:
    """The row of the table of current entries: its fields, and when they were first had and last changed."""
    values = next(cells(tables.revision, states[-1:]))
    told = dict(zip(tables.revision.columns, values, strict=True))
    return [*(told[name] for name in tables.output), *_times(tables, states)]


def document_times(tables: Tables, states: Sequence[Row]) -> tuple[str, dt.datetime, dt.datetime]:
    """Key, `created_at` and `updated_at` of the table of current entries."""
    return states[0][tables.key], *_times(tables, states)


def _times(tables: Tables, states: Sequence[Row]) -> tuple[dt.datetime, dt.datetime]:
    """When an entry was first had, and when one of the table's own values last changed.

    They are UTC without a zone, as the document's TIMESTAMP has it.
    """
    created = updated = states[0]["observed_from"]
    for before, after in pairwise(states):
        if any(before.get(name) != after.get(name) for name in tables.output):
            updated = after["observed_from"]
    return created.replace(tzinfo=None), updated.replace(tzinfo=None)
