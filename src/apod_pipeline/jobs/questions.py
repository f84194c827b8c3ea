"""What the archive can be asked: its status, its coverage, the history of a day.

Takes an archive (and its database where it is faster), gives plain values. Only reads; never asks a service.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from typing import Any, NamedTuple

from apod_pipeline.archive.coverage import DayStatus, coverage
from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.archive.processed import Table
from apod_pipeline.database.rows import Projection
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import ArchiveDamaged, VersioningError
from apod_pipeline.versioning.dvc import tracked_hash


def status(archive: Archive, today: dt.date) -> dict[str, Any]:
    """The archive in a dozen numbers, from its files alone."""
    ledger = Ledger(archive)
    versions = ledger.versions()
    known = ledger.known(versions[-1].lines if versions else 0)
    days = Counter(day.status for day in coverage(ledger.known(), today))
    held = sorted(map(known.day_of, known.first_line))
    return {
        "archive": str(archive.root),
        "entries": len(held),
        "first": held[0] if held else None,
        "last": held[-1] if held else None,
        "gaps": days["gap"],
        "pending": days["pending"],
        "failed": days["failed"],
        "quarantined": days["quarantined"],
        "unasked": days["unasked"],
        "revisions": len(held) + len(ledger.superseded(versions)),
        "versions": len(versions),
        "version": archive.marks().commit,
        "version_at": timestamp(versions[-1].at) if versions else None,
        "csv_md5": _csv_md5(archive),
    }


def _csv_md5(archive: Archive) -> str | None:
    try:
        return tracked_hash(archive.csv)
    except VersioningError:  # a killed run left a half of it, which the next one writes again
        return None


def never(archive: Archive, name: str) -> str | None:
    """What is said of an entry that an archive has not and never had; None where it had it.

    Args:
        archive: the folder.
        name: what was typed, as a key.
    """
    dataset, known = archive.dataset, Ledger(archive).known()
    if known.ever_had(name):
        return None
    days = sorted(map(known.day_of, known.first_line))
    there = f"it has {len(days)}, of {days[0]} to {days[-1]}" if days else "it has none at all yet"
    told = f"{name}: this archive has no such entry, and never had; {there}"
    if dataset.identity is None or not days:
        return f"{told}, and `{dataset.asks_for(name) if days else 'apod backfill'}` asks for it."
    return f"{told}, known by their day or {', '.join(dict.fromkeys((*dataset.about.called, dataset.columns.key)))}."


class Told(NamedTuple):
    """Days that somebody told all of, one after another.

    Attributes:
        span: the days.
        days: how many of them have an entry.
        entries: how many entries they have.
    """

    span: Span
    days: int
    entries: int


class Lacking(NamedTuple):
    """Days one after another of which the same is lacking."""

    span: Span
    status: str
    why: str | None


def told_of(archive: Archive, span: Span) -> list[Told]:
    """Of some days those that were asked for and answered, where a day may have none, one or many entries."""
    entries = Ledger(archive).known().entries
    inside = [one for one in entries.answered if one.first <= span.last and span.first <= one.last]
    spans = [Span(max(one.first, span.first), min(one.last, span.last)) for one in inside]
    counts = [[len(entries.by_day[str(day)]) for day in one if str(day) in entries.by_day] for one in spans]
    return [Told(one, len(count), sum(count)) for one, count in zip(spans, counts, strict=True)]


def lacking(archive: Archive, today: dt.date, span: Span) -> list[Lacking]:
    """Of some days those that were asked for and not had, or that nobody but a person says to have nothing."""
    known = Ledger(archive).known()
    found: list[Lacking] = []
    for day, status, why in coverage(known, today, span):
        if status in {"present", "unasked"} or (status == "gap" and known.entries.answer(day)):
            continue
        last = found[-1] if found else None
        if last and (last.status, last.why) == (status, why) and (day - last.span.last).days == 1:
            found[-1] = last._replace(span=Span(last.span.first, day))
        else:
            found.append(Lacking(Span(day, day), status, why))
    return found


def begins(archive: Archive, today: dt.date) -> dt.datetime:
    """The first day of the year in which an archive begins: nothing before it was ever asked for, or told."""
    known = Ledger(archive).known()
    told = [dt.date.fromisoformat(day) for day in (*map(known.day_of, known.first_line), *known.refused)]
    first = min([*told, *(span.first for span in known.asked)], default=today)
    return dt.datetime.combine(max(known.calendar.first_day, min(first, today).replace(month=1, day=1)), dt.time())


def by_year(archive: Archive, today: dt.date, span: Span | None = None) -> dict[int, list[DayStatus]]:
    """Every day's coverage, gathered by year."""
    years: dict[int, list[DayStatus]] = defaultdict(list)
    for day in coverage(Ledger(archive).known(), today, span):
        years[day.day.year].append(day)
    return dict(years)


def named(archive: Archive, name: str) -> list[str]:
    """The keys of the entries that people call by a name, sorted by day; also of those that are not there any more."""
    import polars

    columns, called = archive.dataset.columns, archive.dataset.about.called
    if not called or not archive.parquet.exists():
        return []
    rows = [*Table.of(archive).lazy().select(columns.key, columns.day, *called).collect().iter_rows(named=True)]
    ledger = Ledger(archive)
    rows += [state["entry"] for state in ledger.superseded()]
    frame = polars.DataFrame([{name: row[name] for name in (columns.key, columns.day, *called)} for row in rows])
    texts = [polars.col(one).str.to_lowercase().str.replace_all(r"[()]", " ") for one in called]
    wanted = name.lower()
    found = frame.filter(polars.any_horizontal([polars.col(one).str.to_lowercase() == wanted for one in called]))
    if found.is_empty():
        within = [(" " + text + " ").str.contains(f" {wanted} ", literal=True) for text in texts]
        found = frame.filter(polars.any_horizontal(within))
    return found.sort(columns.day, columns.key).get_column(columns.key).unique(maintain_order=True).to_list()


def history(archive: Archive, key: str) -> list[dict[str, Any]]:
    """Every state of one entry, oldest first: from, to, cause, the changed fields, and the whole entry."""
    ledger = Ledger(archive)
    versions = ledger.versions()
    if not versions or not ledger.known(versions[-1].lines).ever_had(key):
        return []
    rows = Projection(ledger, Table.of(archive), versions, versions[-1].today)
    states = next(rows.chains([key]), None)
    if states is None:
        raise ArchiveDamaged(
            f"{key}: the files are behind the last version, as after a kill. Nothing is lost; `apod run` fixes that."
        )
    return [
        {
            "from": timestamp(state["observed_from"]),
            "to": timestamp(state["observed_to"]) if state["observed_to"] else None,
            "cause": state["cause"],
            "changed": state["changed"],
            "reply": state["reply"],
            "entry": {name: state.get(name) for name in archive.dataset.columns.every},
        }
        for state in states
    ]
