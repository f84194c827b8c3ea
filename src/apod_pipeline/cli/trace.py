"""`apod trace`: where a value came from.

Takes what was typed, asks the library, prints. Only looks.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli.options import ENTRY, archive_option, existing, key_of


@click.command()
@click.argument("day", type=ENTRY)
@click.argument("field", required=False)
@archive_option
def trace(day: str, field: str | None, archive: Path | None, *, as_json: bool) -> None:
    """Show where an entry's values come from.

    It names the reply (hash, source, time), the rules and code version, the run and the commit, for every field or for
    one.

    Example: apod trace 2024-01-15 title
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.versions.tracing import lines
    from apod_pipeline.wiring import tracing

    settings = existing(archive)
    origins = tracing(settings)
    told = origins.trace(key_of(settings, day), field)
    if as_json:
        presentation.as_object(told)
        return
    for line in lines(told, origins.derivation.archive.dataset):
        click.echo(line)
