"""`apod rebuild`: every file and table, made again offline.

Takes what was typed, runs a wired pipeline, prints its outcome.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli.options import (
    archive_option,
    existing,
)
from apod_pipeline.cli.outcomes import report, wired


@click.command()
@click.option("--accept-loss", is_flag=True, help="Accept the archive as it is, even if it holds less than before.")
@archive_option
def rebuild(archive: Path | None, *, accept_loss: bool, as_json: bool) -> None:
    """Rebuild every file and table, offline.

    They are derived from the raw replies and the ledger, byte for byte as before. If the archive holds fewer entries
    than before, or new rules refuse most of it, the command stops, as every other does; --accept-loss is your word that
    this is right.

    Example: apod rebuild
    """
    settings = existing(archive)
    with wired(settings, "rebuilding", 1) as pipeline:
        outcome = pipeline.rebuild(accept_loss=accept_loss)
    report(settings.archive, outcome, as_json=as_json)
