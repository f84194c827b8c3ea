"""`apod recover`: what was lost, brought back from what is left.

Takes what was typed, calls the library, prints. Overwrites nothing that it was not told to.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apod_pipeline.cli import presentation
from apod_pipeline.cli.options import archive_option, existing, remote_bytes_option, settings_of
from apod_pipeline.errors import SettingsError

if TYPE_CHECKING:
    from apod_pipeline.settings import Settings

LOST = ("database", "processed", "ledger", "raw", "cache", "remote", "archive")


@click.command()
@click.argument("what", type=click.Choice(LOST), required=False)
@click.option(
    "--from-backup",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Recover the database from FILE.",
)
@click.option("--git-remote", help="Where `archive` is cloned from (default: APOD_GIT_REMOTE).")
@click.option("--give-up", is_flag=True, help="Record raw replies that no longer exist anywhere as lost.")
@remote_bytes_option(
    "With `remote`: 100% also reads the objects on a DVC remote that is not a folder, and repairs damaged ones."
)
@archive_option
def recover(
    what: str | None,
    from_backup: Path | None,
    git_remote: str | None,
    remote_bytes: float,
    archive: Path | None,
    *,
    give_up: bool,
    as_json: bool,
) -> None:
    """Bring back what was lost.

    \b
    database   every table, from the archive's files; or from a backup with --from-backup
    processed  CSV, Parquet and JSON, from DVC or derived again
    ledger     its files as they were committed, and what was added since
    raw        raw replies, from DVC's cache or remote
    cache      DVC's cache, from the remote and the working files
    remote     the DVC remote and the Git remote, from what is kept here
    archive    the whole folder, from the Git remote and the DVC remote

    Everything is verified by its hash, and no version is made: the data is the same as before the loss. `apod verify`
    shows what needs to be recovered.

    Example: apod recover database
    """  # noqa: D301 - \b is click's
    if what is None and from_backup is None:
        raise SettingsError(f"say what was lost: {', '.join(LOST)}. `apod verify` shows it. Nothing was changed.")
    if remote_bytes not in {0, 1} or (remote_bytes and what != "remote"):
        raise SettingsError("--remote-bytes goes with `remote` alone, and only as 100%. Nothing was changed.")
    if from_backup and what not in {None, "database"}:
        raise SettingsError("--from-backup recovers the database, nothing else. Nothing was changed.")
    if from_backup:
        told = _from_backup(existing(archive), from_backup)
        presentation.done(f"database recovered from {from_backup}", told, as_json=as_json)
        return
    done = (
        _archive(archive, git_remote)
        if what == "archive"
        else _recovered(what or "database", existing(archive), give_up=give_up, read_remote=remote_bytes == 1)
    )
    presentation.done(f"{what or 'database'} recovered", done, as_json=as_json)


def _from_backup(settings: Settings, file: Path) -> dict[str, int]:
    from apod_pipeline.cli.presentation import tell
    from apod_pipeline.jobs.backups import load_backup

    return load_backup(settings, file, tell)


def _archive(archive: Path | None, git_remote: str | None) -> dict[str, Any]:
    from apod_pipeline.jobs.restores import recover_archive

    settings = settings_of(archive=archive, git_remote=git_remote)
    if not settings.git_remote:
        raise SettingsError("say where its versions are: --git-remote or APOD_GIT_REMOTE. Nothing was changed.")
    return recover_archive(settings, settings.git_remote)


def _recovered(what: str, settings: Settings, *, give_up: bool, read_remote: bool) -> dict[str, Any]:
    from apod_pipeline.cli.presentation import tell
    from apod_pipeline.wiring import copies, recovery

    if what in {"cache", "remote"}:
        with copies(settings, tell) as both:
            return both.cache() if what == "cache" else both.remotes(read=read_remote)
    with recovery(settings, tell) as drills:
        if what == "raw":
            return drills.raw(give_up=give_up)
        return {"database": drills.database, "processed": drills.processed, "ledger": drills.ledger_files}[what]()
