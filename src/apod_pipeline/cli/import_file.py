"""`apod import`: an archive that somebody has already.

Takes what was typed, runs a wired pipeline, prints its outcome.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from apod_pipeline.cli.options import (
    archive_option,
    settings_of,
)
from apod_pipeline.cli.outcomes import report, tell_begun, wired


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@archive_option
def import_file(file: Path, archive: Path | None, *, as_json: bool) -> None:
    """Import an archive you already have.

    A JSON, JSON Lines (also .gz) or CSV file of records in the form of the old API.

    Example: apod import nasa_apod.jsonl.gz
    """
    from apod_pipeline.run.importing import import_into

    settings = settings_of(archive=archive)
    tell_begun(settings)
    with wired(settings, "importing", 1) as pipeline:
        outcome = import_into(pipeline, file)
    report(settings.archive, outcome, as_json=as_json)
    sys.exit(outcome.exit_code)
