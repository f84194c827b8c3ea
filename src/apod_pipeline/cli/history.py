"""`apod history`: every state of a day.

Takes what was typed, asks the library, prints. Only looks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apod_pipeline.cli.options import ENTRY, archive_option, existing, keys_of

if TYPE_CHECKING:
    from apod_pipeline.dataset.description import DataSet


@click.command()
@click.argument("day", type=ENTRY)
@archive_option
def history(day: str, archive: Path | None, *, as_json: bool) -> None:
    """Show every state a day's entry was ever in.

    It tells from when to when, and why the entry changed.

    Example: apod history 2024-01-15
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.errors import SettingsError
    from apod_pipeline.jobs import questions
    from apod_pipeline.wiring import archive_of

    settings = existing(archive)
    kept, keys = archive_of(settings), keys_of(settings, day)
    if why := questions.never(kept, keys[0]):
        raise SettingsError(why)
    told: list[dict[str, Any]] = [
        {kept.dataset.columns.key: key, "revisions": questions.history(kept, key)} for key in keys
    ]
    if as_json:
        presentation.as_object({"named": day, "entries": told} if told[1:] else told[0])
        return
    for key, one in zip(keys, told, strict=True):
        if told[1:]:
            click.echo(f"{key}:")
        _tell(kept.dataset, one["revisions"])


def _tell(dataset: DataSet, revisions: list[dict[str, Any]]) -> None:
    """The states of one entry."""
    from apod_pipeline.versions.wording import as_text

    ended = None
    for number, revision in enumerate(revisions, 1):
        if ended and ended != revision["from"]:
            click.echo(f"   gone from {ended} to {revision['from']}: its source told of it no more, and then again")
        ended = revision["to"]
        click.echo(f"{number}. from {revision['from']} to {revision['to'] or 'now'}  ({revision['cause']})")
        entry = revision["entry"]
        for name in revision["changed"] or dataset.about.shown:
            click.echo(f"   {name}: {as_text(entry[name])}")
    if revisions[-1]["to"]:
        click.echo(f"   gone since {revisions[-1]['to']}: its source tells of it no more")
