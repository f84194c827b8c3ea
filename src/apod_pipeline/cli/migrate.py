"""The command that looks after the tables alone: migrate.

Takes what was typed, asks the library, prints. Never needs the archive's files where a server is set.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli.options import archive_option, existing, settings_of


@click.command()
@archive_option
def migrate(archive: Path | None, *, as_json: bool) -> None:
    """Bring the tables up to date.

    This also fills their search index. Use it for a database that others read before the next run, as in a deployment;
    every run brings the tables up to date by itself. With APOD_DATABASE_URL no archive is needed. It is safe to repeat.

    Example: apod migrate
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs.migrate import migrate

    settings = settings_of(archive=archive)
    done = migrate(settings if settings.database else existing(archive))
    if as_json:
        presentation.as_object(done)
    else:
        click.echo(f"the tables are at migration {done['to']} (before: {done['from']}) and can be searched")
