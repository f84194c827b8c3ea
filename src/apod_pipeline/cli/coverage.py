"""`apod coverage`: what is known of every day.

Takes what was typed, asks the library, prints. Changes an archive only with `--accept-gap`.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apod_pipeline.cli.options import DAY, archive_option, because_option, existing, reason_for, span_of
from apod_pipeline.cli.outcomes import report, wired

if TYPE_CHECKING:
    from apod_pipeline.archive.folder import Archive
    from apod_pipeline.dataset.spans import Span
    from apod_pipeline.settings import Settings


@click.command()
@click.option("--from", "first", type=DAY, help="The first day (default: the first year of the archive).")
@click.option("--to", "last", type=DAY, help="The last day (default: the newest day that is due).")
@click.option("--accept-gap", "gap", type=DAY, help="Accept that nothing was published on this day ...")
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
    """Show every calendar day, one line per year.

    A day is present, gap, pending, failed, quarantined or unasked. With --accept-gap, a day that no source has becomes
    a gap on your word; an entry that arrives later closes the gap. In data sets whose days may have none, one or many
    entries, it shows the days that were requested and answered, their entries, and what is missing.

    Example: apod coverage --from 2020-01-01
    """
    from apod_pipeline.jobs import questions
    from apod_pipeline.wiring import archive_of, data_set_of, today

    settings = existing(archive)
    reason = reason_for(gap, because, "--accept-gap")
    if gap:
        _accept_gap(settings, gap.date(), reason, as_json=as_json)
    else:
        calendar = data_set_of(settings).calendar
        newest = calendar.newest(today(settings))
        begins = questions.begins(archive_of(settings), newest)
        if first is None and (last is None or last >= begins):
            first = begins
        _tell_coverage(settings, span_of(first, last, newest, calendar), as_json=as_json)


def _tell_coverage(settings: Settings, span: Span | None, *, as_json: bool) -> None:
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs import questions
    from apod_pipeline.wiring import archive_of, today

    archive, newest = archive_of(settings), today(settings)
    if archive.dataset.identity is not None and span and not as_json:
        _tell_spans(archive, newest, span)
        return
    years = questions.by_year(archive, newest, span)
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
            click.echo(f"... and {len(odd) - 40} more; --json lists them all")


def _tell_spans(archive: Archive, newest: dt.date, span: Span) -> None:
    """Where a day may have none, one or many entries: what was told of, and what is lacking, but no line a year."""
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs import questions

    told, lacking = questions.told_of(archive, span), questions.lacking(archive, newest, span)
    counts = [(str(one.span), len(one.span), one.days, one.entries) for one in told]
    presentation.table(["told of", "days", "with entries", "entries"], counts or [("nothing yet", 0, 0, 0)])
    if not lacking:
        click.echo("nothing that was asked for is missing")
        return
    days = [(str(one.span), one.status, one.why or "") for one in lacking[:40]]
    presentation.table(["missing", "status", "why"], days)
    if lacking[40:]:
        click.echo(f"... and {len(lacking) - 40} more; --json lists them all")


def _accept_gap(settings: Settings, day: dt.date, because: str, *, as_json: bool) -> None:
    """Let a day be a gap by a person's word, and print what came of it."""
    from apod_pipeline.run import importing

    with wired(settings, "", 1) as pipeline:
        outcome = importing.accept_gap(pipeline, day, because)
    report(settings.archive, outcome, as_json=as_json)
