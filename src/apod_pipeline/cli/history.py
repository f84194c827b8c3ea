"""`apod history`: every state of a day.

Takes what was typed, asks the library, prints. Only looks.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli.options import ENTRY, archive_option, existing, key_of


@click.command()
@click.argument("day", type=ENTRY)
@archive_option
def history(day: str, archive: Path | None, *, as_json: bool) -> None:
    """Show every state a day's entry was ever in.

    It tells from when to when, and why the entry changed.

    Example: apod history 2024-01-15
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs import questions
    from apod_pipeline.wiring import archive_of

    settings = existing(archive)
    key = key_of(settings, day)
    kept = archive_of(settings)
    revisions = questions.history(kept, key)
    if as_json:
        presentation.as_object({kept.dataset.columns.key: key, "revisions": revisions})
        return
    if not revisions:
        click.echo(f"{key}: this archive has no entry; `{kept.dataset.asks_for(key)}` asks for it.")
        return
    for number, revision in enumerate(revisions, 1):
        click.echo(f"{number}. from {revision['from']} to {revision['to'] or 'now'}  ({revision['cause']})")
        entry = revision["entry"]
        for name in revision["changed"] or kept.dataset.about.shown:
            click.echo(f"   {name}: {entry[name]}")
