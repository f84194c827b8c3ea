"""Commands that only look: status, coverage, history, config, doctor.

Takes what was typed, asks the library, prints. Never changes an archive, but by `coverage --accept-gap`.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apod_pipeline.cli.options import DAY, archive_option, because_option, existing, reason_for, settings_of, span_of

if TYPE_CHECKING:
    from apod_pipeline.dataset.spans import Span
    from apod_pipeline.settings import Settings


@click.command()
@archive_option
def status(archive: Path | None, *, as_json: bool) -> None:
    """The archive in a dozen numbers, and what waits.

    What waits is told a line each, with what to type.

    Example: apod status --json
    """
    from apod_pipeline.archive.folder import Archive
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs import questions
    from apod_pipeline.jobs.waiting import waiting_in
    from apod_pipeline.wiring import today

    settings = existing(archive)
    answer, stuck = questions.status(Archive(settings.archive), today(settings)), waiting_in(settings)
    if as_json:
        presentation.as_object({**answer, "waiting": [one._asdict() for one in stuck]})
        return
    presentation.table(["what", "value"], answer.items())
    for one in stuck:
        click.echo(f"{one.what}; do: {one.do}")


@click.command()
@click.option("--from", "first", type=DAY, help="The first day (default: the year in which the archive begins).")
@click.option("--to", "last", type=DAY, help="The last day (default: the newest that is due).")
@click.option("--accept-gap", "gap", type=DAY, help="Believe that nothing was published on this day ...")
@because_option
@archive_option
def coverage(
    first: dt.datetime | None,
    last: dt.datetime | None,
    gap: dt.datetime | None,
    because: str | None,
    archive: Path | None,
    *,
    as_json: bool,
) -> None:
    """Every calendar day, a line a year.

    A day is present, gap, pending, failed, quarantined or unasked. With --accept-gap a day that no source has is a gap
    by your word; an entry that comes later heals it.

    Example: apod coverage --from 2020-01-01
    """
    from apod_pipeline.archive.folder import Archive
    from apod_pipeline.jobs import questions
    from apod_pipeline.wiring import today

    settings = existing(archive)
    reason = reason_for(gap, because, "--accept-gap")
    if gap:
        from apod_pipeline.cli.runs import accept_gap

        accept_gap(settings, gap.date(), reason, as_json=as_json)
    else:
        newest = today(settings)
        begins = questions.begins(Archive(settings.archive), newest)
        if first is None and (last is None or last >= begins):
            first = begins
        _tell_coverage(settings, newest, span_of(first, last, newest), as_json=as_json)


def _tell_coverage(settings: Settings, newest: dt.date, span: Span | None, *, as_json: bool) -> None:
    from apod_pipeline.archive.folder import Archive
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs import questions

    years = questions.by_year(Archive(settings.archive), newest, span)
    days = [day for year in years.values() for day in year]
    odd = [day for day in days if day.status not in {"present", "unasked"}]
    if as_json:
        counts = {name: sum(d.status == name for d in days) for name in presentation.STATUS_SIGNS}
        presentation.as_object({"counts": counts, "days": {str(d.day): [d.status, d.detail] for d in odd}})
        return
    presentation.calendar({year: [day.status for day in days] for year, days in years.items()})
    if odd:
        presentation.table(["day", "status", "why"], [(str(d.day), d.status, d.detail or "") for d in odd[:40]])
        if odd[40:]:
            click.echo(f"... and {len(odd) - 40} more; all of them with --json")


@click.command()
@click.argument("day", type=DAY)
@archive_option
def history(day: dt.datetime, archive: Path | None, *, as_json: bool) -> None:
    """Every state a day's entry was ever in.

    From when to when, and why it changed.

    Example: apod history 2024-01-15
    """
    from apod_pipeline.archive.folder import Archive
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs import questions
    from apod_pipeline.wiring import COLUMNS

    settings = existing(archive)
    revisions = questions.history(Archive(settings.archive), COLUMNS, day.date())
    if as_json:
        presentation.as_object({"date": str(day.date()), "revisions": revisions})
        return
    if not revisions:
        click.echo(f"{day.date()}: this archive has no entry; `apod run --date {day.date()}` asks for it.")
        return
    for number, revision in enumerate(revisions, 1):
        click.echo(f"{number}. from {revision['from']} to {revision['to'] or 'now'}  ({revision['cause']})")
        entry = revision["entry"]
        for name in revision["changed"] or ("title", "url", "media_type", "source"):
            click.echo(f"   {name}: {entry[name]}")


@click.command()
@archive_option
def config(archive: Path | None, *, as_json: bool) -> None:
    """Every setting and where it came from.

    Secrets are masked.

    Example: apod config
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.settings import described

    rows = described(settings_of(archive=archive))
    if as_json:
        presentation.as_object({row["name"]: {k: row[k] for k in ("value", "origin")} for row in rows})
    else:
        presentation.table(["setting", "value", "from", "meaning"], [tuple(row.values()) for row in rows])


@click.command()
@click.option("--probe", is_flag=True, help="Ask each service one of each question, and compare with what is known.")
@archive_option
def doctor(archive: Path | None, *, probe: bool, as_json: bool) -> None:
    """Look at all that a run needs.

    And say what to do about what is wrong; exit code 1 when something is.

    Example: apod doctor --probe
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs.doctor import examine

    findings = list(examine(settings_of(archive=archive), probe=probe))
    if as_json:
        presentation.as_object({"findings": [finding.as_row() for finding in findings]})
    else:
        presentation.table(["what", "state", "says", "do"], [tuple(f.as_row().values()) for f in findings])
    sys.exit(1 if any(finding.state == "bad" for finding in findings) else 0)
