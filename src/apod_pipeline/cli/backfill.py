"""`apod backfill`: days that were never asked for.

Takes what was typed, runs a wired pipeline, prints its outcome.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from apod_pipeline.cli.options import (
    DAY,
    archive_option,
    settings_of,
    source_option,
    span_of,
)
from apod_pipeline.cli.outcomes import ask


@click.command()
@click.option("--from", "first", type=DAY, help="The first day (default: the first one there is).")
@click.option("--to", "last", type=DAY, help="The last day (default: the newest one there may be).")
@source_option
@archive_option
def backfill(
    first: dt.datetime | None,
    last: dt.datetime | None,
    sources: str | None,
    archive: Path | None,
    *,
    as_json: bool,
) -> None:
    """Request all days that are not in the archive yet.

    If interrupted, it continues where it stopped.

    Example: apod backfill --from 1995-06-16
    """
    from apod_pipeline.dataset.spans import Span
    from apod_pipeline.run.pipeline import Wanted
    from apod_pipeline.wiring import data_set_of, today

    settings = settings_of(archive=archive, sources=sources)
    days = data_set_of(settings).calendar
    newest = days.newest(today(settings))
    span = span_of(first, last, newest, days) or Span(days.first_day, newest)
    wanted = Wanted(f"backfill --from {span.first} --to {span.last}", span, only_missing=True)
    ask(settings, wanted, as_json=as_json)
