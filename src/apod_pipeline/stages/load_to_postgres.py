"""Entries in, rows and revisions: makes PostgreSQL show the archive's last version.

Takes the Parquet file and the ledger, gives counts. One transaction: COPY into staging tables, then merges that touch
only what differs, so a repetition writes nothing. Everything it writes can be made again from the archive's files.
Never asks a service, never writes a file.

A database that stands at an earlier version gets the days that changed since; any other gets everything.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import orjson

from apod_pipeline.archive import Archive, timestamp
from apod_pipeline.calendar import FIRST_DAY, Span
from apod_pipeline.coverage import coverage
from apod_pipeline.database.connection import connected
from apod_pipeline.database.merging import copying, make_staging, merge, stage_and_merge, staged_in
from apod_pipeline.database.schema import LOCK, migrate
from apod_pipeline.errors import ArchiveDamaged
from apod_pipeline.kill_points import kill_point
from apod_pipeline.ledger import Known, Ledger, Since, Version, current_since
from apod_pipeline.model import OUTPUT_FIELDS, Outcome
from apod_pipeline.processed import Columns, Row, Table

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection

DOCUMENT = (*OUTPUT_FIELDS, "created_at", "updated_at")
TIMES = ("date", "created_at", "updated_at")
LISTS = {"changed", "repairs", "flags"}
INSTANTS = {"observed_from", "observed_to"}
REVISION = (
    *(
        "date",
        "observed_from",
        "observed_to",
        "cause",
        "changed",
        "title",
        "url",
        "explanation",
        "media_type",
        "hdurl",
    ),
    *(
        "thumbnail_url",
        "copyright",
        "credit",
        "rights",
        "rights_evidence",
        "alt",
        "permalink",
        "explanation_html",
    ),
    *("source", "repairs", "flags", "content_hash", "reply"),
)
REVISION_TYPES = tuple("text[]" if c in LISTS else "timestamptz" if c in INSTANTS else "text" for c in REVISION)
READING = ("source", "date", "digest", "read_at", "reply")
QUARANTINE = ("reply", "date", "source", "reason", "refused_at", "resolved_at")


@dataclass(eq=False, repr=False)
class PostgresStore:
    """The stage over one archive and one database.

    Attributes:
        archive: whose files are loaded.
        ledger: its memory.
        columns: the fields of the Parquet file.
        today: the newest day that is due.
        conninfo: how to reach the server (libpq).
    """

    archive: Archive
    ledger: Ledger
    columns: Columns
    today: dt.date
    conninfo: str
    _migrated: bool = False

    def load(self, *, anew: bool = False, after_reading: Callable[[], object] | None = None) -> tuple[int, int]:
        """Bring the database to the archive's last version; gives how many days were inserted and changed.

        Args:
            anew: compare every row again, whatever version the tables say they stand at.
            after_reading: called when the archive's files were read, and not at all where they need not be.

        Raises:
            DatabaseError: nothing was loaded then.
        """
        versions = self.ledger.versions()
        with connected(self.conninfo) as connection:
            migrate(connection)
            self._migrated = True
            if not versions:
                return 0, 0
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            mark, lines = (None, 0) if anew else self._mark(connection, versions)
            if mark is versions[-1] and lines == self.ledger.count():
                return 0, 0
            counts = self._project(connection, versions, mark, lines, after_reading or (lambda: None))
            kill_point("before-database-commit")
        kill_point("after-database-commit")
        return counts

    def record(self, outcome: Outcome) -> None:
        """Keep what a run did; a repetition under the same name takes its place."""
        values = {
            "run": outcome.run,
            "command": outcome.command,
            "started_at": outcome.started,
            "finished_at": dt.datetime.now(dt.UTC),
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
        names, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
        updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in values if name != "run")
        statement = f"INSERT INTO apod_run ({names}) VALUES ({places}) ON CONFLICT (run) DO UPDATE SET {updates}"  # noqa: S608 - names are ours
        with connected(self.conninfo) as connection:
            if not self._migrated:  # most runs have just loaded
                migrate(connection)
            self._migrated = False
            connection.execute(statement.encode(), values)

    def _mark(self, connection: Connection, versions: list[Version]) -> tuple[Version | None, int]:
        """The version that the tables show, if it is one of this archive's and derived as the last one is.

        The second value is how many of the ledger's lines they show; 0 without such a version. Another archive's
        version may have the same instant: the hash of the last line tells them apart.
        """
        row = connection.execute("SELECT version_at, lines, tip, rules, preference FROM apod_state").fetchone()
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
    ) -> tuple[int, int]:
        last = versions[-1]
        sealed, known = self.ledger.known(last.lines), self.ledger.known()
        days = None if mark is None else sealed.days_since(mark.lines)
        superseded = self.ledger.superseded(versions)
        since = current_since(sealed, versions, superseded)
        expected = len(sealed.first_line if days is None else days)
        counts = _merge_entries(
            connection, self._states(sealed, last, days, since, superseded), expected, after_reading
        )
        _merge_readings(connection, known, lines)
        _merge_days(connection, known, self._days_to_tell(known, mark, lines), self.today)
        _merge_quarantine(connection, known, versions)
        connection.execute(
            "INSERT INTO apod_state (version_at, lines, tip, rules, preference) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (only_row) DO UPDATE SET (version_at, lines, tip, rules, preference) ="
            " (EXCLUDED.version_at, EXCLUDED.lines, EXCLUDED.tip, EXCLUDED.rules, EXCLUDED.preference)",
            [last.at, known.lines, self.ledger.tip(known.lines), last.rules, ",".join(last.preference)],
        )
        return counts

    def _days_to_tell(self, known: Known, mark: Version | None, lines: int) -> Span:
        """The days whose coverage may have changed since the tables were brought up."""
        first = FIRST_DAY
        if mark:
            first = min([mark.today, *(span.first for span in known.asked_since(lines))])
        return Span(min(first, self.today), self.today)

    def _states(
        self,
        known: Known,
        last: Version,
        days: Collection[str] | None,
        since: dict[str, Since],
        superseded: Iterable[dict[str, Any]],
    ) -> Iterator[list[Row]]:
        """For every entry the chain of its states, oldest first, each with when and why."""
        chains: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for state in superseded:
            chains[state["date"]].append(state)
        for row in Table(self.archive.parquet, self.columns).rows(days):
            day = row["date"]
            chosen = known.chosen(day, last.preference)
            current = {
                "from": timestamp(since[day].at),
                "to": None,
                "began": since[day].cause,
                "reply": chosen[1].file if chosen else None,
                "entry": row,
            }
            yield _chain([*chains.get(day, ()), current])


def _chain(states: list[dict[str, Any]]) -> list[Row]:
    rows: list[Row] = []
    before: Row | None = None
    for state in states:
        entry = state["entry"]
        rows.append(
            {
                **entry,
                "observed_from": _instant(state["from"]),
                "observed_to": _instant(state["to"]),
                "cause": state["began"],
                "changed": [name for name in entry if before is not None and before.get(name) != entry[name]],
                "content_hash": hashlib.sha256(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)).hexdigest(),
                "reply": state["reply"],
            }
        )
        before = entry
    return rows


def _instant(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


# ---- merges --------------------------------------------------------------------------------
def _merge_entries(
    connection: Connection, chains: Iterable[list[Row]], expected: int, after_reading: Callable[[], object]
) -> tuple[int, int]:
    into = staged_in(connection, "apod_revision", REVISION)
    times = []
    with connection.cursor() as one, copying(one, into, REVISION, REVISION_TYPES) as copy:
        for chain in chains:
            for row in chain:
                copy.write_row([row[name] for name in REVISION])
            times.append(_times(chain))
    if len(times) != expected:
        raise ArchiveDamaged(
            f"the Parquet file holds {len(times)} of the {expected} entries that the ledger tells of. "
            "Nothing was loaded; `apod rebuild` makes the files again from the raw replies."
        )
    after_reading()
    make_staging(connection, "apod", TIMES)
    with connection.cursor() as one, copying(one, "staged_apod", TIMES, ("text", "timestamp", "timestamp")) as copy:
        for row_times in times:
            copy.write_row(row_times)
    inserted, changed = len(times), 0
    if into != "apod_revision":
        inserted, changed = _compared(connection)
        merge(connection, "apod_revision", REVISION, ("date", "observed_from"))
    current = f"staged_apod JOIN {into} USING (date) WHERE observed_to IS NULL"
    merge(connection, "apod", DOCUMENT, ("date",), compared=OUTPUT_FIELDS, staged=current)
    return inserted, changed


def _compared(connection: Connection) -> tuple[int, int]:
    """How many staged days are new and how many are changed; states that are not told any more are removed."""
    connection.execute("ANALYZE staged_apod_revision")
    changed = _count(
        connection,
        "staged_apod_revision s JOIN apod_revision r ON r.date = s.date AND r.observed_to IS NULL "
        "WHERE s.observed_to IS NULL AND r.content_hash <> s.content_hash",
    )
    inserted = _count(
        connection, "staged_apod s WHERE NOT EXISTS (SELECT 1 FROM apod_revision r WHERE r.date = s.date)"
    )
    connection.execute(
        "DELETE FROM apod_revision r USING staged_apod s WHERE r.date = s.date AND NOT EXISTS (SELECT 1 FROM"
        " staged_apod_revision n WHERE (n.date, n.observed_from) = (r.date, r.observed_from)"
        " AND n.observed_to IS NOT DISTINCT FROM r.observed_to)"
    )
    return inserted, changed


def _count(connection: Connection, what: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM {what}".encode()).fetchone()  # noqa: S608 - names are ours
    return int(found[0]) if found else 0


def _times(chain: list[Row]) -> list[Any]:
    """`created_at` and `updated_at`: when one of the document's own values last changed. TIMESTAMP means UTC."""
    created = updated = chain[0]["observed_from"]
    for before, after in pairwise(chain):
        if any(before[name] != after[name] for name in OUTPUT_FIELDS):
            updated = after["observed_from"]
    return [chain[0]["date"], created.replace(tzinfo=None), updated.replace(tzinfo=None)]


def _merge_readings(connection: Connection, known: Known, since: int) -> None:
    rows = [
        (source, day, held.digest, dt.datetime.fromisoformat(known.replies[held.file]["at"]), held.file)
        for source, day, held in known.readings_since(since)
    ]
    stage_and_merge(
        connection,
        "apod_reading",
        READING,
        ("text", "text", "text", "timestamptz", "text"),
        rows,
        ("source", "date"),
    )


def _merge_days(connection: Connection, known: Known, span: Span, today: dt.date) -> None:
    rows = [(str(day.day), day.status, day.detail) for day in coverage(known, today, span)]
    stage_and_merge(connection, "apod_day", ("date", "status", "detail"), ("text",) * 3, rows, ("date",))


def _merge_quarantine(connection: Connection, known: Known, versions: list[Version]) -> None:
    rows = [
        (q.file, q.day, q.source, q.reason, dt.datetime.fromisoformat(q.at), known.resolved_at(q, versions))
        for q in known.quarantine
    ]
    types = ("text",) * 4 + ("timestamptz",) * 2
    stage_and_merge(connection, "apod_quarantine", QUARANTINE, types, rows, ("reply", "date"))
