"""Do table, files and commit say the same, and is anything missing? A report, never an exception.

Takes an archive and its database, gives one line a check: what was looked at, whether it is well, what was found. Reads
everything once, changes nothing, asks no service.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from apod_pipeline.archive import Archive, timestamp
from apod_pipeline.coverage import coverage
from apod_pipeline.database.connection import connected
from apod_pipeline.errors import ApodError
from apod_pipeline.git import Git, GitFailed
from apod_pipeline.ledger import Ledger
from apod_pipeline.model import Report
from apod_pipeline.processed import Columns, Table, csv_line
from apod_pipeline.stages.dvc_track_data import tracked_hash

UNWELL = ("failed", "quarantined", "pending")


class Check(NamedTuple):
    """One thing that was looked at: what, whether it is well, what was found, and what to type."""

    what: str
    well: bool
    says: str
    do: str = ""


def audit(
    archive: Archive, columns: Columns, quality: Callable[[], Report], conninfo: str, today: dt.date
) -> list[Check]:
    """Every check's answer.

    Args:
        archive: whose files.
        columns: the fields of the files.
        quality: what the quality rules say of the files now.
        conninfo: how to reach the database.
        today: the newest day that is due; it may still be on its way.
    """
    looks = (
        _quality(quality),
        _coverage(archive, today),
        _files(archive, columns),
        _table(archive, columns, conninfo),
        _commit(archive),
    )
    return [check for look in looks for check in look]


def _quality(quality: Callable[[], Report]) -> Iterator[Check]:
    try:
        report = quality()
    except ApodError as error:
        yield Check("quality", well=False, says=str(error), do="apod rebuild")
        return
    found = [f"{finding.rule}: {finding.count}" for finding in report.findings if finding.count]
    says = ", ".join(found) or f"{report.entries} entries"
    yield Check("quality", report.passed, says, "read data/reports/quality.json")


def _coverage(archive: Archive, today: dt.date) -> Iterator[Check]:
    days = [day for day in coverage(Ledger(archive).known(), today) if day.day < today]
    counts = Counter(day.status for day in days)
    unwell = [f"{day.day} {day.status}" for day in days if day.status in UNWELL]
    says = (
        ", ".join([*unwell[:5], *(["..."] if unwell[5:] else [])]) or f"{counts['present']} days, {counts['gap']} gaps"
    )
    yield Check("coverage", not unwell, says, "apod run")


def _files(archive: Archive, columns: Columns) -> Iterator[Check]:
    try:
        rows = len(Table(archive.parquet, columns))
        hashed = hashlib.md5(archive.csv.read_bytes(), usedforsecurity=False).hexdigest()  # DVC's hash
        lines = archive.json.read_bytes().count(b"\n") - 2
    except (OSError, ApodError) as error:
        yield Check("files", well=False, says=str(error), do="apod rebuild")
        return
    known = len(Ledger(archive).known().first_line)
    yield Check(
        "files", rows == lines == known, f"{rows} in Parquet, {lines} in JSON, {known} in the ledger", "apod rebuild"
    )
    told = tracked_hash(archive.csv)
    yield Check("csv", hashed == told, f"it hashes to {hashed}, DVC knows {told}", "apod rebuild")


def _table(archive: Archive, columns: Columns, conninfo: str) -> Iterator[Check]:
    digest = hashlib.md5(csv_line(columns.output), usedforsecurity=False)
    query = f'SELECT {", ".join(columns.output)} FROM apod ORDER BY {columns.key} COLLATE "C"'  # noqa: S608 - names are ours
    count = 0
    try:
        with connected(conninfo) as connection, connection.cursor("audit") as rows:
            for row in rows.execute(query.encode()):
                digest.update(csv_line(row))
                count += 1
    except ApodError as error:
        yield Check("table", well=False, says=str(error), do="apod doctor")
        return
    same = digest.hexdigest() == tracked_hash(archive.csv)
    says = f"{count} rows, {'the very bytes of the CSV' if same else 'other values than the CSV'}"
    yield Check("table", same, says, "apod rebuild")


def _commit(archive: Archive) -> Iterator[Check]:
    progress, versions = archive.progress(), Ledger(archive).versions()
    pointer = Path(f"{archive.csv}.dvc")
    try:
        committed = Git(archive.root).run("show", f"HEAD:{archive.relative(pointer)}")
    except GitFailed as error:
        yield Check("commit", well=False, says=error.said, do="apod run")
        return
    same = committed == pointer.read_text(encoding="utf-8")
    behind = bool(versions) and progress.get("published") != timestamp(versions[-1].at)
    unpushed = progress.get("pushed") != progress.get("commit")
    wrong = [
        *(["HEAD points to another CSV"] if not same else []),
        *(["the last version is not committed"] if behind else []),
        *(["the last commit is not pushed"] if unpushed else []),
    ]
    yield Check("commit", not wrong, ", ".join(wrong) or f"{progress.get('commit')}", "apod run")
