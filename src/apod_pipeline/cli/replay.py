"""`apod replay`: what was refused, judged again.

Takes what was typed, runs a wired pipeline, prints its outcome.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import click

from apod_pipeline.cli.options import (
    DAY,
    archive_option,
    because_option,
    existing,
    reason_for,
)
from apod_pipeline.cli.outcomes import report, wired


@click.command()
@click.option("--accept", "day", type=DAY, help="Accept this day although it was refused ...")
@because_option
@archive_option
def replay(day: dt.datetime | None, because: str | None, archive: Path | None, *, as_json: bool) -> None:
    """Judge the quarantine again.

    Whatever passes the current rules is accepted, from the bytes that were kept. With --accept, one refused day is
    accepted on your word; your reason is kept with it.

    Example: apod replay --accept 2022-11-03 --because "a rerun: I compared it with the page"
    """
    from apod_pipeline.run.importing import accept_refused, replay_quarantine

    settings = existing(archive)
    reason = reason_for(day, because, "--accept")
    with wired(settings, "replaying", 1) as pipeline:
        outcome = accept_refused(pipeline, day.date(), reason) if day else replay_quarantine(pipeline)
    report(settings.archive, outcome, as_json=as_json)
    sys.exit(outcome.exit_code)
