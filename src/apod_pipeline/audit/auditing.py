"""All checks of one archive, side by side where they wait for different things.

Takes an archive and the ways to its parts, gives the checks in a fixed order. Never raises for what it finds.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from apod_pipeline.archive.coverage import DayStatus, coverage
from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known, Version
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.processed import Table
from apod_pipeline.audit import copies, files, tables
from apod_pipeline.audit.findings import found, in_short, looked_at
from apod_pipeline.audit.rederiving import Derive, Derived, derived_again
from apod_pipeline.audit.thinned import proved
from apod_pipeline.database.rows import Projection
from apod_pipeline.errors import ApodError
from apod_pipeline.model import Finding, Report
from apod_pipeline.versions.objects import DvcObjects

UNWELL = ("failed", "quarantined")
WHOLE_ENTRIES = "parquet, derived"


@dataclass(frozen=True)
class Audit:
    """What is audited.

    Attributes:
        archive: the folder.
        objects: what DVC keeps.
        git_remote: where commits are pushed, or None.
        quality: what the quality rules say of the files now.
        derive: gives the derivation, in any process; can be pickled.
        rules: version of today's rules.
        preference: whose readings are chosen today.
        today: the newest day that is due; it may still be on its way.
        reading: how much of a DVC remote that is no folder here is read, and on which day.
        gap_after: how many days old a day is that no source has, before a run takes it for a gap.
    """

    archive: Archive
    objects: DvcObjects
    git_remote: str | None
    quality: Callable[[], Report]
    derive: Derive
    rules: int
    preference: tuple[str, ...]
    today: dt.date
    reading: copies.RemoteShare
    gap_after: int


def audit(what: Audit, conninfo: str) -> list[Finding]:
    """Every check's answer.

    Args:
        what: the archive and the ways to its parts.
        conninfo: how to reach the database.
    """
    ledger = Ledger(what.archive)
    try:
        versions = ledger.versions()
        known = ledger.known()
        sealed = ledger.known(versions[-1].lines) if versions else known
    except ApodError as error:
        unreadable = looked_at("ledger", well=False, says=in_short(error), do="apod recover ledger")
        return [unreadable, *copies.repository(what.archive, what.git_remote)]
    if not versions:
        return [looked_at("versions", well=True, says="there are none yet", do="apod backfill")]
    projection = Projection(ledger, Table.of(what.archive), versions, what.today)
    other = _made_otherwise(what, versions[-1])
    days = {} if other else sealed.first_line
    with derived_again(what.derive, versions[-1].lines, days) as derived, ThreadPoolExecutor(1) as beside:
        hashed = beside.submit(lambda: [*files.replies(what.archive, known), *files.tracked(what.archive)])
        kept = beside.submit(
            lambda: [*copies.objects(what.archive, what.objects, what.reading), *proved(what.archive, what.reading)]
        )
        hashes: dict[str, str] = {}
        rows = list(tables.tables(projection, conninfo, hashes))
        git = list(copies.repository(what.archive, what.git_remote))
        here = hashed.result()
        checks = [*_coverage(known, what.today, what.gap_after), *_quality(what.quality), *here]
        checks += [other] if other else _other_rules(here, [*_derived(what, projection, derived, hashes)])
        return [*checks, *rows, *kept.result(), *git]


def _coverage(known: Known, today: dt.date, gap_after: int) -> Iterator[Finding]:
    """Days that are missing; one that no source has may be waited for, until a run would have taken it for a gap."""
    gap_after = max(gap_after, known.calendar.absence_after)
    days = [day for day in coverage(known, today) if day.day < today]
    waited_for = [day for day in days if day.status == "pending" and (today - day.day).days <= gap_after]
    counts = Counter(day.status for day in days)
    unwell = [f"{day.day} {day.status}" for day in days if day.status in UNWELL]
    unwell += [f"{day.day} pending" for day in days if day.status == "pending" and day not in waited_for]
    well = f"{counts['present']} days, {counts['gap']} gaps"
    if waited_for:
        well += f", {len(waited_for)} that no source has yet ({waited_for[0].day} the first)"
    yield found("coverage", unwell, well=well, ill="{count} days are missing", do=_remedy(days, unwell))


def _remedy(days: list[DayStatus], unwell: list[str]) -> str:
    """What to type for the first day that is missing: a run without dates asks for what failed, not for all else."""
    first = next((day for day in days if unwell and unwell[0].startswith(str(day.day))), None)
    if first is None or first.status == "failed":
        return "apod run"
    if first.status == "pending":
        return f"apod coverage --accept-gap {first.day} --because TEXT"
    return f"apod run --date {first.day}"


def _quality(quality: Callable[[], Report]) -> Iterator[Finding]:
    try:
        report = quality()
    except ApodError as error:
        yield looked_at("quality", well=False, says=in_short(error), do="apod recover processed")
        return
    told = [f"{finding.what}: {finding.count}" for finding in report.findings if finding.count]
    says = ", ".join(told) or f"{report.entries} entries"
    yield looked_at("quality", report.passed, says, "read data/reports/quality.json")


def _derived(
    what: Audit, projection: Projection, derived: Callable[[], dict[str, Derived]], hashes: Mapping[str, str]
) -> Iterator[Finding]:
    try:
        entries = derived()
    except ApodError as error:
        yield looked_at("derivation", well=False, says=in_short(error), do="apod recover raw")
        return
    yield from files.derived(what.archive, entries)
    yield tables.parquet(projection, entries, hashes)


def _other_rules(here: list[Finding], derived: list[Finding]) -> list[Finding]:
    """What was derived again, with another word where it differs and every byte is as it was received and written.

    Then it is no damage: the rules have changed, and what is stored was made by other ones of the same number.
    """
    whole = all(one.well for one in here) and any(one.what == WHOLE_ENTRIES and not one.well for one in derived)
    told = "; the files are as they were written, so the rules give other values than what is stored"
    do = "if the rules were changed on purpose, raise `rules`, then: apod rebuild"
    return [replace(one, says=one.says + told, do=do) if whole and not one.well else one for one in derived]


def _made_otherwise(what: Audit, last: Version) -> Finding | None:
    """What tells that the last version cannot be derived again as it is; None where it can."""
    if last.rules != what.rules:
        says = f"the last version was made with rules {last.rules}, the current ones are {what.rules}"
    elif last.preference != what.preference:
        says = "the last version was made with another preference"
    elif _other_fields(what.archive):
        says = "the last version was made with other fields than an entry has now"
    else:
        return None
    return looked_at("derivation", well=True, says=f"{says}: the next run makes a new version")


def _other_fields(archive: Archive) -> bool:
    try:
        return Table.of(archive).told != archive.dataset.columns.told
    except ApodError:
        return False  # the file is told of by itself
