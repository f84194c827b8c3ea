"""`apod run`: what is new or missing.

Takes what was typed, runs a wired pipeline, prints its outcome.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apod_pipeline.cli.options import (
    DAY,
    archive_option,
    settings_of,
    source_option,
    span_of,
)
from apod_pipeline.cli.outcomes import ask, report, tell_unasked
from apod_pipeline.errors import SettingsError

if TYPE_CHECKING:
    from apod_pipeline.run.pipeline import Wanted
    from apod_pipeline.settings import Settings


@click.command()
@click.option("--from", "first", type=DAY, help="Request days again, from this one ...")
@click.option("--to", "last", type=DAY, help="... to this one (default: the newest day that is due).")
@click.option("--date", "day", type=DAY, help="Request one day again.")
@click.option(
    "--stateless",
    is_flag=True,
    help="Keep nothing on this machine: read from the remotes, load the database, push to the remotes.",
)
@source_option
@archive_option
def run(
    first: dt.datetime | None,
    last: dt.datetime | None,
    day: dt.datetime | None,
    sources: str | None,
    archive: Path | None,
    *,
    stateless: bool,
    as_json: bool,
) -> None:
    """Request what is new or missing.

    Without dates: whatever is due or missing, plus the last ten days again. With dates: those days again.

    With --stateless: the newest version is cloned from APOD_GIT_REMOTE into a temporary folder, what is needed is
    pulled from APOD_DVC_REMOTE, the server of APOD_DATABASE_URL (or POSTGRES_HOST) is loaded, everything new is pushed,
    and the folder is removed.

    Example: apod run --from 2024-01-01 --to 2024-01-31
    """
    from apod_pipeline.run.pipeline import Wanted
    from apod_pipeline.wiring import data_set_of, today

    if day and (first or last):
        raise SettingsError("--date names one day; use it without --from and --to.")
    if stateless and archive:
        raise SettingsError("a stateless run keeps no archive here; use --stateless without --archive.")
    settings = settings_of(archive=archive, sources=sources)
    span = span_of(day or first, day or last, today(settings), data_set_of(settings).calendar)
    wanted = Wanted(f"run --from {span.first} --to {span.last}" if span else "run", span)
    if stateless:
        _run_stateless(settings, wanted, sources, as_json=as_json)
    else:
        ask(settings, wanted, as_json=as_json)


def _run_stateless(settings: Settings, wanted: Wanted, sources: str | None, *, as_json: bool) -> None:
    import signal

    from apod_pipeline.cli.presentation import progress, tell
    from apod_pipeline.jobs.stateless import run_stateless

    # A container is told to end by this signal, and does what Ctrl-C does: the folder is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if wanted.span:
        tell_unasked(settings, wanted.span)
    try:
        with progress("asking", len(wanted.span) if wanted.span else 1) as advance:
            outcome = run_stateless(lambda folder: settings_of(archive=folder, sources=sources), wanted, tell, advance)
    except KeyboardInterrupt:
        tell(
            "apod: stopped. What this stateless run had received but not pushed is discarded; the next one requests it "
            "again."
        )
        sys.exit(130)
    report("the remotes", outcome, as_json=as_json)
    sys.exit(outcome.exit_code)
