"""`apod replay`: what was refused, judged again.

Takes what was typed, runs a wired pipeline, prints its outcome.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apod_pipeline.cli.options import DAYS, archive_option, because_option, existing, reason_for
from apod_pipeline.cli.outcomes import report, wired

if TYPE_CHECKING:
    from apod_pipeline.dataset.spans import Span


@click.command()
@click.option("--accept", "days", type=DAYS, help="Accept this day, or answer, although it was refused ...")
@because_option
@archive_option
def replay(days: Span | None, because: str | None, archive: Path | None, *, as_json: bool) -> None:
    """Judge the quarantine again.

    Whatever passes the current rules is accepted, from the bytes that were kept. With --accept, one refused day is
    accepted on your word, or an answer for several days that was refused as a whole because it changed or left out too
    much; your reason is kept with it.

    Example: apod replay --accept 2022-11-03 --because "a rerun: I compared it with the page"
    """
    from apod_pipeline.run.accepting import accept_answer
    from apod_pipeline.run.importing import accept_refused, replay_quarantine

    settings = existing(archive)
    reason = reason_for(days, because, "--accept")
    with wired(settings, "replaying", 1) as pipeline:
        if days is None:
            outcome = replay_quarantine(pipeline)
        elif days.first == days.last:
            outcome = accept_refused(pipeline, days.first, reason)
        else:
            outcome = accept_answer(pipeline, days, reason)
    report(settings.archive, outcome, as_json=as_json)
    sys.exit(outcome.exit_code)
