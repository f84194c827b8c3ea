"""`apod history`: every state of a day.

Takes what was typed, asks the library, prints. Only looks.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apod_pipeline.cli.options import DAY, archive_option, existing

if TYPE_CHECKING:
    pass


@click.command()
@click.argument("day", type=DAY)
@archive_option
def history(day: dt.datetime, archive: Path | None, *, as_json: bool) -> None:
    """Every state a day's entry was ever in.

    From when to when, and why it changed.

    Example: apod history 2024-01-15
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs import questions
    from apod_pipeline.wiring import archive_of

    settings = existing(archive)
    revisions = questions.history(archive_of(settings), day.date())
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
