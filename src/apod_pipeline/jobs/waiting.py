"""What of an archive waits for somebody, or for the next run: one line each, with what to type.

Takes an archive, its remotes' addresses and a way to its tables, gives lines. Only reads; never asks a service or a
remote: what was pushed is known from the archive's own marks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import NamedTuple

from apod_pipeline.archive.coverage import DayStatus, coverage
from apod_pipeline.archive.doubted import to_accept
from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.errors import ApodError
from apod_pipeline.settings import Settings
from apod_pipeline.wiring import archive_of, database, embedded_server, today

RUN = "apod run"


class Waiting(NamedTuple):
    """One thing that is not done: what, and the command that goes on with it."""

    what: str
    do: str


class Places(NamedTuple):
    """Where an archive's parts go: None keeps versions here, and lets tables be none yet.

    Attributes:
        git_remote: where versions are pushed.
        dvc_remote: where objects are pushed.
        database: gives a way to the tables as long as it is held.
    """

    git_remote: str | None
    dvc_remote: str
    database: Callable[[], AbstractContextManager[str]] | None


class Terms(NamedTuple):
    """What decides which days are waited for.

    Attributes:
        today: the newest day that is due.
        gap_after: how many days old a day is that no source has, before somebody need look at it.
        sources: who is asked, in this order.
    """

    today: dt.date
    gap_after: int
    sources: tuple[str, ...]


def waiting(archive: Archive, places: Places, terms: Terms) -> Iterator[Waiting]:
    """All that waits, what comes first in a run first.

    Args:
        archive: the folder.
        places: where its parts go.
        terms: which days are waited for.
    """
    ledger = Ledger(archive)
    if not ledger.versions():
        yield Waiting("there is no version yet", "apod backfill")
    if replies := [*archive.incoming.glob("*.json")] if archive.incoming.is_dir() else []:
        yield Waiting(f"{_many(len(replies), 'reply waits', 'replies wait')} to be judged after a kill", RUN)
    yield from _days(ledger.known(), terms)
    if ledger.versions():
        yield from _marks(archive, ledger, places)
        yield from _tables(ledger, places)


def _days(known: Known, terms: Terms) -> Iterator[Waiting]:
    days = [day for day in coverage(known, terms.today) if day.day < terms.today]
    wait = max(terms.gap_after, known.calendar.absence_after)
    young = [day for day in days if day.status == "pending" and (terms.today - day.day).days <= wait]
    old = [day for day in days if day.status == "pending" and day not in young]
    failed, refused = ([day for day in days if day.status == name] for name in ("failed", "quarantined"))
    if failed:
        yield Waiting(f"{_named(failed)}: requested, but no source answered", RUN)
    if young:
        yield Waiting(f"{_named(young)}: not published yet, according to the sources", RUN)
    if old:
        yield Waiting(f"{_named(old)}: in no source", f"apod coverage --accept-gap {old[0].day} --because TEXT")
    if refused:
        yield Waiting(f"{_named(refused)}: refused, {refused[0].detail}", _accept(known, str(refused[0].day)))
    if changed := sorted({day for source, day in known.open_refusals if _would_count(known, source, day, terms)}):
        what = f"{_list(changed)}: a newer reading was refused; the entry stays as it was"
        yield Waiting(what, _accept(known, changed[0]))
    if known.kept:
        what = f"{_list(sorted(known.kept))}: kept as last known; no entry can be made from what was received since"
        yield Waiting(what, f"apod run --date {min(known.kept)}")


def _would_count(known: Known, source: str, day: str, terms: Terms) -> bool:
    """Whether a refusal is of a day that is there, and of a source that is asked before any other that has the day."""
    before = terms.sources[: terms.sources.index(source)] if source in terms.sources else terms.sources
    return known.has(day) and not any(known.held(one, day) for one in before)


def _accept(known: Known, day: str) -> str:
    whole = next((one.command for one in to_accept(known) if one.speaks_of(day)), None)
    return f"apod run --date {day}, or if it is right: {whole or f'apod replay --accept {day} --because TEXT'}"


def _marks(archive: Archive, ledger: Ledger, places: Places) -> Iterator[Waiting]:
    """What the archive's marks say of its files, commits and remotes."""
    marks, last = archive.marks(), ledger.versions()[-1]
    if not marks.is_derived(last):
        yield Waiting("the files are behind the last version", RUN)
    if not marks.is_published(last):
        yield Waiting("the last version is not committed", RUN)
    elif places.git_remote and not marks.is_pushed_to(places.git_remote):
        yield Waiting("commits are not pushed to the Git remote", RUN)
    if marks.stored_to not in {None, places.dvc_remote}:
        yield Waiting("objects are not on the DVC remote that is set now", RUN)


def _tables(ledger: Ledger, places: Places) -> Iterator[Waiting]:
    from apod_pipeline.database.connection import connected
    from apod_pipeline.database.schema import applied
    from apod_pipeline.database.tables import Tables

    last, row = ledger.versions()[-1], None
    try:
        if places.database:
            with places.database() as conninfo, connected(conninfo) as connection:
                tables = Tables(ledger.archive.dataset)
                there = applied(connection, tables)
                row = there and connection.execute(tables.sql("SELECT version_at, lines FROM {name}_state")).fetchone()
    except (ApodError, OSError) as error:
        yield Waiting(f"the tables cannot be checked: {str(error).partition('. ')[0]}", "apod doctor")
        return
    if not row:
        yield Waiting("the tables are empty", RUN)
    elif row[0] != last.at or row[1] != ledger.count():
        yield Waiting(f"the tables are at {timestamp(row[0])}, not at the last version or reply", RUN)


def _named(days: Sequence[DayStatus]) -> str:
    return _list([str(day.day) for day in days])


def _list(days: Sequence[str]) -> str:
    return f"{_many(len(days), 'day', 'days')} ({days[0]}{' and later' if days[1:] else ''})"


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def waiting_in(settings: Settings) -> list[Waiting]:
    """What of the archive that settings name waits for somebody, or for the next run."""
    archive = archive_of(settings)
    begun = settings.database or embedded_server(settings, archive).exists()  # no server is made for a look
    tables = partial(database, settings, archive) if begun else None
    places = Places(settings.git_remote, settings.dvc_remote or str(settings.remote_folder), tables)
    return list(waiting(archive, places, Terms(today(settings), settings.gap_after, settings.sources)))
