"""Entries in, rows and revisions: makes PostgreSQL show the archive's last version.

Takes the Parquet file and the ledger, gives counts. One transaction: COPY into staging tables, then merges that touch
only what differs, so a repetition writes nothing. Everything it writes can be made again from the archive's files.
Never asks a service, never writes a file.

A database that stands at an earlier version gets the days that changed since; any other gets everything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.archive.known import Known, Version
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.processed import Table
from apod_pipeline.database.connection import connected
from apod_pipeline.database.merging import copying, make_staging, merge, remove_others, stage_and_merge, staged_in
from apod_pipeline.database.rows import Projection, cells, document_times
from apod_pipeline.database.schema import migrate
from apod_pipeline.database.searchable import is_searchable, make_searchable
from apod_pipeline.database.tables import Tables
from apod_pipeline.database.words_ahead import WordsAhead
from apod_pipeline.dataset.readings import Row
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import ArchiveDamaged
from apod_pipeline.model import Merged, Outcome
from apod_pipeline.ports import Loaded, LoadHook

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection

SET_TIMES = (
    "UPDATE {name} t SET created_at = s.created_at, updated_at = s.updated_at FROM staged_{name} s"
    " WHERE s.{key} = t.{key} AND (s.created_at, s.updated_at) IS DISTINCT FROM (t.created_at, t.updated_at)"
)


@dataclass(eq=False, repr=False)
class PostgresStore:
    """The stage over one archive and one database.

    Attributes:
        archive: whose files are loaded.
        ledger: its memory.
        today: the newest day that is due.
        conninfo: how to reach the server (libpq).
        hooks: what else is written inside of a load's transaction.
    """

    archive: Archive
    ledger: Ledger
    today: dt.date
    conninfo: str
    hooks: tuple[LoadHook, ...] = ()
    _migrated: bool = False
    _ahead: WordsAhead | None = None

    @cached_property
    def tables(self) -> Tables:
        """The tables of the archive's data set."""
        return Tables(self.archive.dataset)

    def foresee(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Begin to make ready what takes the server long, of rows that will be loaded; never fails."""
        if self._ahead is None:
            self._ahead = WordsAhead(self.conninfo, self.tables)
        self._ahead.take(rows)

    def close(self) -> None:
        """Let go of what was made ready and not loaded."""
        if self._ahead is not None:
            self._ahead.close()

    def load(
        self, *, anew: bool = False, exactly: bool = False, after_reading: Callable[[], object] | None = None
    ) -> Merged:
        """Bring the database to the archive's last version; gives what it inserted and changed, and what is gone.

        Args:
            anew: compare every row again, whatever version the tables say they stand at.
            exactly: the same, and remove rows that the archive does not know: nobody's but its own are left.
            after_reading: called when the archive's files were read, and not at all where they need not be.

        Raises:
            DatabaseError: nothing was loaded then.
        """
        versions = self.ledger.versions()
        with (self._ahead or WordsAhead(self.conninfo, self.tables)).session() as connection:
            migrate(connection, self.tables)
            self._migrated = True
            if not versions:
                return Merged()
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [self.tables.lock])
            mark, lines = (None, 0) if anew or exactly else self._mark(connection, versions)
            if mark is versions[-1] and lines == self.ledger.count():
                return Merged()
            counts = self._project(connection, versions, mark, lines, after_reading or (lambda: None))
            if exactly:
                self._remove_unknown(connection, versions)
                connection.execute(self.tables.sql(SET_TIMES))
            elif mark is None:  # another archive's ledger was taken over: replies may have other names, or none
                self._remove_untold(connection, self.ledger.known())
            if is_searchable(connection, self.tables):
                make_searchable(connection, self.tables, anew=exactly)
            for hook in self.hooks:
                hook.loaded(connection, Loaded(self.tables.name, mark.at if mark else None, versions[-1].at))
            kill_point("before-database-commit")
        kill_point("after-database-commit")
        return counts

    def record(self, *runs: tuple[Outcome, dt.datetime]) -> None:
        """Keep what runs did, and when each had ended; a repetition under the same name takes its place."""
        rows = [_run_row(outcome, finished) for outcome, finished in runs]
        if not rows:
            return
        names, places = ", ".join(rows[0]), ", ".join(f"%({name})s" for name in rows[0])
        updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in rows[0] if name != "run")
        statement = f"INSERT INTO {self.tables.name}_run ({names}) VALUES ({places})"  # noqa: S608 - names are ours
        statement += f" ON CONFLICT (run) DO UPDATE SET {updates}"
        with connected(self.conninfo) as connection, connection.cursor() as cursor:
            if not self._migrated:  # most runs have just loaded
                migrate(connection, self.tables)
            self._migrated = False
            cursor.executemany(statement.encode(), rows)

    def _mark(self, connection: Connection, versions: list[Version]) -> tuple[Version | None, int]:
        """The version that the tables show, if it is one of this archive's and derived as the last one is.

        The second value is how many of the ledger's lines they show; 0 without such a version. Another archive's
        version may have the same instant: the hash of the last line tells them apart.
        """
        row = connection.execute(
            self.tables.sql("SELECT version_at, lines, tip, rules, preference FROM {name}_state")
        ).fetchone()
        last = versions[-1]
        if row is None or row[2:] != (self.ledger.tip(row[1]), last.rules, ",".join(last.preference)):
            return None, 0
        mark = next((v for v in versions if v.at == row[0] and v.lines <= row[1]), None)
        return mark, row[1] if mark else 0

    def _project(
        self,
        connection: Connection,
        versions: list[Version],
        mark: Version | None,
        lines: int,
        after_reading: Callable[[], object],
    ) -> Merged:
        last = versions[-1]
        sealed, known = self.ledger.known(last.lines), self.ledger.known()
        rows = Projection(self.ledger, Table.of(self.archive), versions, self.today)
        days = None if mark is None else rows.changed_since(mark)
        expected = sum(map(sealed.has, sealed.first_line if days is None else days))
        inserted, changed = _merge_entries(connection, self.tables, rows.chains(days), expected, after_reading)
        gone = self._remove_withdrawn(connection, known, lines)
        stage_and_merge(connection, self.tables.reading, rows.readings(known, lines))
        days_told = (rows.days(known, span) for span in self._days_to_tell(known, mark, lines))
        stage_and_merge(connection, self.tables.day, [row for told in days_told for row in told])
        stage_and_merge(connection, self.tables.quarantine, rows.quarantine(known))
        connection.execute(
            self.tables.sql(
                "INSERT INTO {name}_state (version_at, lines, tip, rules, preference) VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT (only_row) DO UPDATE SET (version_at, lines, tip, rules, preference) ="
                " (EXCLUDED.version_at, EXCLUDED.lines, EXCLUDED.tip, EXCLUDED.rules, EXCLUDED.preference)"
            ),
            [last.at, known.lines, self.ledger.tip(known.lines), last.rules, ",".join(last.preference)],
        )
        return Merged(inserted, changed, gone)

    def _days_to_tell(self, known: Known, mark: Version | None, lines: int) -> list[Span]:
        """The days whose coverage may have changed since the tables were brought up."""
        calendar = known.calendar
        newest = calendar.newest(self.today)
        if mark is None:
            return [Span(min(calendar.first_day, newest), newest)]
        told = [*map(known.day_of, known.days_since(lines)), *known.refused_since(lines)]  # a feed tells of any day
        told += [day for number, day in known.entries.moved if number >= lines]
        days = [mark.today, *map(dt.date.fromisoformat, told)]
        asked = known.asked_since(lines)
        first = min(newest, max(calendar.first_day, min([*days, *(span.first for span in asked)])))
        if not calendar.ahead:
            return [Span(first, newest)]
        # What lies ahead, and was not asked for, is as it was; but for the days that were too far away then.
        last = max(first, min(newest, max([*days, self.today, *(span.last for span in asked)])))
        beyond = max(last, calendar.newest(mark.today)) + dt.timedelta(days=1)
        return [Span(first, last), *([Span(beyond, newest)] if beyond <= newest else [])]

    def _remove_withdrawn(self, connection: Connection, known: Known, lines: int) -> int:
        """Rows of readings that count no more since the tables were brought up, and of entries that have no other.

        Gives how many entries were there, and are not any more by their source's own word: their states stay.
        """
        if not (gone := known.withdrawn_since(lines)):
            return 0
        keys = sorted({key for _, key in gone if not known.has(key)})
        unmade = [key for key in keys if key not in known.entries.left]
        with connection.cursor() as cursor:
            cursor.executemany(self.tables.sql("DELETE FROM {name}_reading WHERE source = %s AND {key} = %s"), gone)
            cursor.execute(self.tables.sql("DELETE FROM {name}_revision WHERE {key} = ANY(%s)"), [unmade])
            removed = cursor.execute(self.tables.sql("DELETE FROM {name} WHERE {key} = ANY(%s)"), [keys]).rowcount
        return removed if known.keyed else 0

    def _remove_untold(self, connection: Connection, known: Known) -> None:
        """Readings and refusals that the ledger does not tell of."""
        readings = [(source, day) for source, day, _ in known.readings_since(0)]
        remove_others(connection, self.tables.reading, readings)
        remove_others(connection, self.tables.quarantine, [(q.file, q.day) for q in known.quarantine])

    def _remove_unknown(self, connection: Connection, versions: list[Version]) -> None:
        last, known = versions[-1], self.ledger.known()
        sealed = self.ledger.known(last.lines)
        entries = [(key,) for key in sealed.first_line]
        remove_others(connection, self.tables.current, entries)
        states = entries + [(key,) for key in sealed.entries.left]
        remove_others(connection, self.tables.revision._replace(key=(self.tables.key,)), states)
        self._remove_untold(connection, known)
        span = [str(known.calendar.newest(self.today)), str(known.calendar.first_day)]
        connection.execute(self.tables.sql("DELETE FROM {name}_day WHERE date > %s OR date < %s"), span)


def _run_row(outcome: Outcome, finished: dt.datetime) -> dict[str, Any]:
    return {
        "run": outcome.run,
        "command": outcome.command,
        "started_at": outcome.started,
        "finished_at": finished,
        "date_from": str(outcome.span.first) if outcome.span else None,
        "date_to": str(outcome.span.last) if outcome.span else None,
        "inserted": outcome.inserted,
        "changed": outcome.changed,
        "unchanged": outcome.unchanged,
        "refused": outcome.refused,
        "missing": len(outcome.missing),
        "version": outcome.version,
        "csv_md5": outcome.csv_md5,
        "exit_code": outcome.exit_code,
    }


# ---- merges --------------------------------------------------------------------------------
def _merge_entries(
    connection: Connection,
    tables: Tables,
    chains: Iterable[list[Row]],
    expected: int,
    after_reading: Callable[[], object],
) -> tuple[int, int]:
    current, revision, times = tables.current, tables.revision, []
    into = staged_in(connection, revision.name, revision.columns)
    with connection.cursor() as one, copying(one, into, revision.columns, revision.types) as copy:
        for states in chains:
            for row in cells(revision, states):
                copy.write_row(row)
            if states[-1]["observed_to"] is None:
                times.append(document_times(tables, states))
    if len(times) != expected:
        raise ArchiveDamaged(
            f"the Parquet file holds {len(times)} of the {expected} entries that the ledger knows. Nothing was loaded; "
            "`apod recover processed` repairs the file."
        )
    after_reading()
    told = (tables.key, *current.columns[-2:])
    make_staging(connection, current.name, told)
    kinds = (current.types[0], *current.types[-2:])
    with connection.cursor() as one, copying(one, f"staged_{current.name}", told, kinds) as copy:
        for row_times in times:
            copy.write_row(row_times)
    inserted, changed = len(times), 0
    if into != revision.name:
        inserted, changed = _compared(connection, tables)
        merge(connection, revision.name, revision.columns, revision.key)
    staged = f"staged_{current.name} JOIN {into} USING ({tables.key}) WHERE observed_to IS NULL"
    merge(connection, current.name, current.columns, current.key, compared=tables.output, staged=staged)
    # Taking another archive's versions over changes when a day was first had, or edited. Rows that another program had
    # made before this archive began keep their times.
    connection.execute(tables.sql(f"{SET_TIMES} AND t.created_at >= s.created_at"))
    return inserted, changed


def _compared(connection: Connection, tables: Tables) -> tuple[int, int]:
    """How many staged entries are new and how many are changed; states that are not told any more are removed."""
    connection.execute(tables.sql("ANALYZE staged_{name}_revision"))
    changed = connection.execute(
        tables.sql(
            "SELECT count(*) FROM staged_{name}_revision s JOIN {name}_revision r ON r.{key} = s.{key}"
            " AND r.observed_to IS NULL WHERE s.observed_to IS NULL AND r.content_hash <> s.content_hash"
        )
    ).fetchone()
    inserted = connection.execute(
        tables.sql(
            "SELECT count(*) FROM staged_{name} s WHERE NOT EXISTS"
            " (SELECT 1 FROM {name}_revision r WHERE r.{key} = s.{key} AND r.observed_to IS NULL)"
        )
    ).fetchone()
    connection.execute(
        tables.sql(
            "DELETE FROM {name}_revision r USING staged_{name} s WHERE r.{key} = s.{key} AND NOT EXISTS (SELECT 1 FROM"
            " staged_{name}_revision n WHERE (n.{key}, n.observed_from) = (r.{key}, r.observed_from)"
            " AND n.observed_to IS NOT DISTINCT FROM r.observed_to)"
        )
    )
    return (int(inserted[0]) if inserted else 0), (int(changed[0]) if changed else 0)
