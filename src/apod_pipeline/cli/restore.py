"""`apod restore`: an archive as it was.

Takes what was typed, calls the library, prints. Overwrites nothing that it was not told to.
"""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli import presentation
from apod_pipeline.cli.options import archive_option, existing
from apod_pipeline.errors import SettingsError


@click.command()
@click.option("--as-of", "name", required=True, help="A commit, tag, HEAD~3, day (its last state, UTC) or instant.")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Restore into this new folder.")
@click.option(
    "--in-place", is_flag=True, help="Restore the archive itself; its previous state is kept under a ref of its own."
)
@click.option("--yes", is_flag=True, help="With --in-place: do not ask for confirmation.")
@click.option(
    "--configured-database", is_flag=True, help="Load the server named in the settings, not the folder's own database."
)
@archive_option
def restore(
    name: str,
    folder: Path | None,
    archive: Path | None,
    *,
    in_place: bool,
    yes: bool,
    configured_database: bool,
    as_json: bool,
) -> None:
    """Restore an earlier version.

    Its files come from the DVC remote and are verified by their hashes; the database is loaded from them.

    Example: apod restore --as-of 2026-10-01 --to ./as-of-october
    """
    from apod_pipeline.cli.presentation import tell
    from apod_pipeline.jobs.restores import restore_in_place, restore_into

    settings = existing(archive)
    if in_place == (folder is not None):
        raise SettingsError("say where: --to FOLDER, or --in-place. Nothing was changed.")
    if folder:
        done = restore_into(settings, name, folder, configured_database=configured_database)
    else:
        question = f"Set {settings.archive} and its database back to {name}? What it holds now is kept under a ref."
        if not yes:
            click.confirm(question, abort=True, err=True)
        done = restore_in_place(settings, name, tell)
    said = f"{done['archive']} is at version {done['version'][:10]} of {done['at']}"
    presentation.done(said, done, as_json=as_json)
    if kept := done.get("kept"):
        tell(f"its previous state is kept: apod restore --as-of {kept[:10]} --in-place")
        if settings.git_remote:
            tell("the Git remote still has the later versions: the next `apod run` takes them over again")
