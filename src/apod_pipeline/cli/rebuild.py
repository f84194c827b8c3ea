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
@click.option("--accept-loss", is_flag=True, help="Take the archive as it is, also if it holds less than before.")
@archive_option
def rebuild(archive: Path | None, *, accept_loss: bool, as_json: bool) -> None:
    """Make every file and table again, offline.

    From the raw replies and the ledger; the bytes are what they were. An archive that holds fewer entries than before,
    or most of which new rules refuse, stops here as everywhere; --accept-loss is your word that it is right so.

    Example: apod rebuild
    """
    settings = existing(archive)
    with wired(settings, "rebuilding", 1) as pipeline:
        outcome = pipeline.rebuild(accept_loss=accept_loss)
    report(settings.archive, outcome, as_json=as_json)
