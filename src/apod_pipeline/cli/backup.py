"""`apod backup`: the database in one file.

Takes what was typed, calls the library, prints. Overwrites nothing that it was not told to.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli import presentation
from apod_pipeline.cli.options import archive_option, existing


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@archive_option
def backup(file: Path | None, archive: Path | None, *, as_json: bool) -> None:
    """Save the database to one file.

    The file is in PostgreSQL's custom format. Before it gets its name, it is restored into a scratch server and
    compared. It also holds what the archive's files do not: what each run did. FILE is by default in ARCHIVE-backups.

    Example: apod backup apod.dump
    """
    import datetime as dt

    from apod_pipeline.jobs.backups import back_up_archive

    settings = existing(archive)
    root = settings.archive.absolute()
    name = f"apod_{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}.dump"
    target = file or root.with_name(f"{root.name}-backups") / name
    rows = back_up_archive(settings, target.absolute())
    presentation.done(f"{target} is a backup, restored and compared", {"file": str(target), **rows}, as_json=as_json)
