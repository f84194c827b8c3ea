"""An archive in numbers, from its files alone.

Takes an archive and the newest day that is due, gives samples. Only reads.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from apod_pipeline.archive.coverage import coverage
from apod_pipeline.archive.disk import room
from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.extras.metrics.names import Sample
from apod_pipeline.jobs.standing import size_of
from apod_pipeline.model import STATUSES


def numbers(archive: Archive, today: dt.date, git_remote: str | None) -> Iterator[Sample]:
    """Entries, coverage, freshness, versions and bytes.

    Args:
        archive: the folder.
        today: the newest day that is due.
        git_remote: where versions are pushed; None where they stay here.
    """
    ledger = Ledger(archive)
    known, versions = ledger.known(), ledger.versions()
    days = {day.day: day.status for day in coverage(known, today)}
    counted = Counter(days.values())
    yield from (Sample("apod_days", counted[status], (status,)) for status in STATUSES)
    yield Sample("apod_missing_newest", int(days.get(today, "unasked") not in {"present", "gap"}))
    yield Sample("apod_refusals_open", len({day for _, day in known.open_refusals} | known.refused.keys()))
    if versions:
        last = ledger.known(versions[-1].lines)
        newest = max(map(last.day_of, last.first_line), default=None)
        yield Sample("apod_entries", len(last.first_line))
        yield Sample("apod_revisions", len(last.first_line) + len(ledger.superseded(versions)))
        yield Sample("apod_versions", len(versions))
        yield Sample("apod_version_timestamp_seconds", versions[-1].at.timestamp())
        yield Sample("apod_unpushed", int(bool(git_remote) and not archive.marks().is_pushed_to(git_remote)))
        if newest:
            begins = dt.datetime.combine(dt.date.fromisoformat(newest), dt.time(), ZoneInfo(known.calendar.zone))
            yield Sample("apod_newest_entry_timestamp_seconds", begins.timestamp())
    yield from _disk(archive)


def _disk(archive: Archive) -> Iterator[Sample]:
    parts = {
        "raw": archive.raw,
        "ledger": archive.ledger,
        "processed": archive.csv.parent,
        "dvc_cache": archive.root / ".dvc" / "cache",
        "git": archive.root / ".git",
        "private": archive.private,
    }
    yield from (Sample("apod_disk_bytes", size_of(folder), (part,)) for part, folder in parts.items())
    yield Sample("apod_disk_free_bytes", room(archive.root).octets)
