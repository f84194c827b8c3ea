"""`apod init`: a new archive.

Takes what was typed, runs a wired pipeline, prints its outcome.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli.options import (
    archive_option,
    dataset_option,
    settings_of,
)
from apod_pipeline.cli.outcomes import wired


@click.command()
@dataset_option("What the archive is of (default: $APOD_DATASET or APOD); `apod datasets` lists what there is.")
@archive_option
def init(dataset: str | None, archive: Path | None, *, as_json: bool) -> None:
    """Create an archive.

    Its folders, its Git repository and its database. `apod run` also creates one where there is none. What it is of is
    written into its apod.toml, and every other command finds it there.

    Example: apod init --archive ~/apod
    """
    from apod_pipeline.cli import presentation

    settings = settings_of(archive=archive, dataset=dataset)
    with wired(settings, "", 1) as pipeline:
        pipeline.prepare()
    kept = pipeline.archive
    if as_json:
        presentation.as_object({"archive": str(kept.root), "dataset": kept.dataset.name})
    else:
        click.echo(f"{kept.root} is an archive. Next: apod backfill --from {kept.dataset.calendar.first_day}")
