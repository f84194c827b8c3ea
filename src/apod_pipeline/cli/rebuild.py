"""`apod rebuild`: every file and table, made again offline.

Takes what was typed, runs a wired pipeline, prints its outcome.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from apod_pipeline.cli.options import (
    archive_option,
    existing,
)
from apod_pipeline.cli.outcomes import report, wired

if TYPE_CHECKING:
    from apod_pipeline.settings import Settings


@click.command()
@click.option("--dry-run", is_flag=True, help="Only tell what today's rules would change; nothing is written.")
@click.option("--accept-loss", is_flag=True, help="Accept the archive as it is, even if it holds less than before.")
@archive_option
def rebuild(archive: Path | None, *, dry_run: bool, accept_loss: bool, as_json: bool) -> None:
    """Rebuild every file and table, offline.

    They are derived from the raw replies and the ledger, byte for byte as before. If the archive holds fewer entries
    than before, or new rules refuse most of it, the command stops, as every other does; --accept-loss is your word that
    this is right.

    With --dry-run, each entry is derived by today's rules and compared with what the files say: how many would become
    revisions, by field, with five samples.

    Example: apod rebuild --dry-run
    """
    settings = existing(archive)
    if dry_run:
        return _rehearse(settings, as_json=as_json)
    with wired(settings, "rebuilding", 1) as pipeline:
        outcome = pipeline.rebuild(accept_loss=accept_loss)
    return report(settings.archive, outcome, as_json=as_json)


def _rehearse(settings: Settings, *, as_json: bool) -> None:
    from apod_pipeline.archive.ledger import Ledger
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs.rehearsal import rehearse
    from apod_pipeline.versions.wording import as_text
    from apod_pipeline.wiring import archive_of, derivation

    kept = archive_of(settings)
    told = rehearse(derivation(settings, kept, Ledger(kept)))
    if as_json:
        presentation.as_object(told.as_json())
        return
    refused = f", {len(told.refused)} would be refused" if told.refused else ""
    click.echo(f"{told.revisions} of {told.entries} entries would get a revision{refused}")
    for name, count in told.fields.most_common():
        click.echo(f"  {name}: {count}")
    for key, differs in told.samples.items():
        click.echo(f"{key}:")
        for name, (was, new) in differs.items():
            click.echo(f"  {name}: {as_text(was)!r} -> {as_text(new)!r}")
    for key, why in [*told.refused.items()][:5]:
        click.echo(f"{key} would be refused: {why}")
    click.echo("Nothing was written; without --dry-run it is.")
