"""`apod config`: every setting, and where it comes from.

Takes what was typed, asks the library, prints. Only looks.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli.options import archive_option, settings_of


@click.command()
@archive_option
def config(archive: Path | None, *, as_json: bool) -> None:
    """Show every setting and where it came from.

    Secrets are masked.

    Example: apod config
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.settings import described

    rows = described(settings_of(archive=archive))
    if as_json:
        presentation.as_object({row["name"]: {k: row[k] for k in ("value", "origin")} for row in rows})
    else:
        presentation.table(["setting", "value", "from", "meaning"], [tuple(row.values()) for row in rows])
