"""Tables against files: every row of every table that is made from the archive, in one pass over both.

Takes what the tables must hold (the projection) and a connection, gives checks; also whether the Parquet file is what
the replies give, because its rows pass here. Never mends anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from apod_pipeline.archive.lines import timestamp
from apod_pipeline.audit.findings import found, in_short, looked_at
from apod_pipeline.audit.rederiving import Derived
from apod_pipeline.database.connection import connected
from apod_pipeline.database.growing import look
from apod_pipeline.database.rows import Projection, cells, content_hash, current_row
from apod_pipeline.database.searchable import is_searchable, not_in_step
from apod_pipeline.database.tables import TableShape
from apod_pipeline.errors import ApodError, DatabaseError, DatabaseUnavailable
from apod_pipeline.model import Finding

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection

DO = "apod recover database"

Rows = Iterable[Sequence[Any]]


def tables(projection: Projection, conninfo: str, hashes: dict[str, str]) -> Iterator[Finding]:
    """Every row compared; a table that cannot be read is told once.

    Args:
        projection: what the tables must hold.
        conninfo: how to reach the database.
        hashes: takes what every entry of the Parquet file hashes to, where its rows passed here.
    """
    try:
        with connected(conninfo) as connection:
            yield from _compared(projection, connection, hashes)
    except DatabaseUnavailable as error:
        yield looked_at("database", well=False, says=in_short(error), do="apod doctor")
    except DatabaseError as error:
        yield looked_at("database", well=False, says=in_short(error), do=DO)
    except ApodError as error:
        yield looked_at("tables", well=False, says=f"not compared: {in_short(error)}", do="apod recover processed")


def _compared(projection: Projection, connection: Connection, hashes: dict[str, str]) -> Iterator[Finding]:
    known, shapes = projection.ledger.known(), projection.tables
    chains = list(projection.chains())
    there = [states for states in chains if states[-1]["observed_to"] is None]
    hashes |= {states[-1][shapes.key]: states[-1]["content_hash"] for states in there}
    wanted = [current_row(shapes, states) for states in there]
    # What is new to an entry is no column before the next run.
    odd = [one for one in look(connection, shapes).odd if one.there is None]
    current, revision = (
        {one.field for one in odd if one.relation == f"{shapes.name}{end}"} for end in ("", "_revision")
    )
    yield _table(shapes.current, wanted, _older(wanted, _rows(connection, shapes.current, current)))
    revisions = (row for states in chains for row in cells(shapes.revision, states))
    yield _table(shapes.revision, revisions, _rows(connection, shapes.revision, revision))
    yield _table(shapes.reading, projection.readings(known), _rows(connection, shapes.reading))
    yield _table(shapes.quarantine, projection.quarantine(known), _rows(connection, shapes.quarantine))
    # The newest day's status changes with the clock, and no run may have told the table yet.
    told = [*_rows(connection, shapes.day)]
    newest = min(str(known.calendar.newest(projection.today)), max((str(row[0]) for row in told), default=""))
    before = ([row for row in rows if row[0] < newest] for rows in (projection.days(known), told))
    yield _table(shapes.day, *before)
    if is_searchable(connection, shapes):
        well, ill = "the words of every state of every entry", "{count} states have different words"
        yield found(f"{shapes.name}_search", not_in_step(connection, shapes), well=well, ill=ill, do=DO)


def _older(wanted: Rows, there: Rows) -> Iterator[Sequence[Any]]:
    """Rows that another program had made before this archive began may keep their times, or have none."""
    times = {row[0]: row[-2:] for row in wanted}
    for row in there:
        ours = times.get(row[0])
        yield [*row[:-2], *ours] if ours and (row[-2] is None or row[-2] < ours[0]) else row


def _rows(connection: Connection, table: TableShape, lacks: Collection[str] = ()) -> Iterator[tuple[Any, ...]]:
    columns = [f"NULL AS {name}" if name in lacks else name for name in table.columns]
    query = f"SELECT {', '.join(columns)} FROM {table.name}"  # noqa: S608 - names are ours
    with connection.cursor(binary=True) as cursor:
        yield from cursor.execute(query.encode())


def _table(table: TableShape, wanted: Rows, there: Rows) -> Finding:
    """Two sets of rows; a difference is named by its key."""
    key_of = itemgetter(*(table.columns.index(name) for name in table.key))
    rows = {key_of(row): row if isinstance(row, list) else [*row] for row in wanted}
    count, wrong = len(rows), []
    for row in there:
        key = key_of(row)
        if rows.pop(key, None) != [*row]:
            wrong.append(key)
    wrong += rows  # what is left of the wanted ones is not there
    names = sorted({_name(key) for key in wrong})
    return found(table.name, names, well=f"{count} rows, as in the files", ill="{count} rows differ", do=DO)


def _name(key: Any) -> str:  # noqa: ANN401 - a column's value, or several
    parts = key if isinstance(key, tuple) else (key,)
    return " ".join(timestamp(part) if isinstance(part, dt.datetime) else str(part) for part in parts)


def parquet(projection: Projection, entries: Mapping[str, Derived], hashes: Mapping[str, str]) -> Finding:
    """The Parquet file's rows against what the replies give; by content, because its bytes follow polars' version.

    Args:
        projection: whose Parquet file.
        entries: what the replies give.
        hashes: what its rows hash to, as far as they were read already.
    """
    wanted = {day: one.entry for day, one in entries.items()}
    try:
        key = projection.table.columns.key
        held = hashes or {row[key]: content_hash(row) for row in projection.table.rows()}
    except ApodError as error:
        return looked_at("parquet, derived", well=False, says=in_short(error), do="apod recover processed")
    wrong = sorted(day for day in wanted.keys() | held.keys() if wanted.get(day) != held.get(day))
    well = f"{len(entries)} entries, field for field what the replies give"
    ill = "{count} differences from what the replies give"
    return found("parquet, derived", wrong, well=well, ill=ill, do="apod recover processed")
