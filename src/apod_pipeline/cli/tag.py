"""`apod tag`: a release.

Takes what was typed, calls the library, prints.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli.options import archive_option, existing


@click.command()
@click.argument("name")
@archive_option
def tag(name: str, archive: Path | None, *, as_json: bool) -> None:
    """Make a release of the newest version.

    This makes an annotated tag with a summary, updates CHANGELOG.md and SHA256SUMS of the data in the archive, and
    pushes everything.

    Example: apod tag v2026.11.22
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.wiring import releases

    with releases(existing(archive), presentation.tell) as maker:
        done = maker.make(name)
    if as_json:
        presentation.as_object(done)
        return
    click.echo(f"{done['tag']} is version {done['version'][:10]}")
    for line in done["summary"]:
        click.echo(line)
