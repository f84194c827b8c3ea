"""`apod init`: a new archive.

Takes what was typed, runs a wired pipeline, prints its outcome.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli.options import (
    archive_option,
    settings_of,
)
from apod_pipeline.cli.outcomes import wired


@click.command()
@archive_option
def init(archive: Path | None, *, as_json: bool) -> None:
    """Create an archive.

    Its folders, its Git repository and its database. `apod run` also creates one where there is none.

    Example: apod init --archive ~/apod
    """
    from apod_pipeline.cli import presentation

    settings = settings_of(archive=archive)
    with wired(settings, "", 1) as pipeline:
        pipeline.prepare()
    if as_json:
        presentation.as_object({"archive": str(pipeline.archive.root)})
    else:
        click.echo(f"{pipeline.archive.root} is an archive. Next: apod backfill --from 1995-06-16")
