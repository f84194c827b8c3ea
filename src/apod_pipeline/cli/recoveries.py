"""Commands that see whether all is what it was, and give back: verify, backup, restore, recover.

Takes what was typed, calls the library, prints. Never overwrites anything that it was not told to.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apod_pipeline.cli.options import archive_option, existing, remote_bytes_option, settings_of
from apod_pipeline.errors import SettingsError

if TYPE_CHECKING:
    from apod_pipeline.settings import Settings

LOST = ("database", "processed", "ledger", "raw", "cache", "remote", "archive")


@click.command()
@remote_bytes_option(
    "Read this share of a DVC remote that is no folder here (5%), another one every week; else listed."
)
@archive_option
def verify(remote_bytes: float, archive: Path | None, *, as_json: bool) -> None:
    """Look whether everything is what it was.

    Raw replies hashed again, every file derived again and compared byte for byte, tables row by row, DVC's objects
    hashed here, Git clean and pushed, no day missing. On a DVC remote that is a folder of this machine every object is
    hashed too; on any other they are listed, and --remote-bytes reads a share of them: with 5% every week all of them
    in twenty. Exit code 1 when anything differs; nothing is changed.

    Example: apod verify --remote-bytes 5%
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.jobs.verify import verify

    checks = verify(existing(archive), remote_bytes)
    if as_json:
        presentation.as_object({"well": all(c.well for c in checks), "checks": [c.as_row() for c in checks]})
    else:
        rows = [(c.what, "ok" if c.well else "WRONG", c.says, "" if c.well else c.do) for c in checks]
        presentation.table(["what", "", "says", "do"], rows, width=240)  # a line a check, to be searched
    sys.exit(0 if all(check.well for check in checks) else 1)


@click.command()
@click.option("--as-of", "name", required=True, help="A commit, tag, HEAD~3, day (its last state, UTC) or instant.")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="Into this new folder.")
@click.option("--in-place", is_flag=True, help="The archive itself; what it held is kept under a ref of its own.")
@click.option("--yes", is_flag=True, help="With --in-place: do not ask.")
@click.option(
    "--configured-database", is_flag=True, help="Load the server of the settings, not one of the folder's own."
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
    """Give back a version.

    Files from the DVC remote, verified by their hashes; the database loaded from them.

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
    _report(f"{done['archive']} stands at version {done['version'][:10]} of {done['at']}", done, as_json=as_json)
    if kept := done.get("kept"):
        tell(f"what it held is kept: apod restore --as-of {kept[:10]} --in-place")
        if settings.git_remote:
            tell("the Git remote still has the later versions: the next `apod run` takes them over again")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@archive_option
def backup(file: Path | None, archive: Path | None, *, as_json: bool) -> None:
    """Save the database as one file.

    PostgreSQL's custom format, restored once into a scratch server and compared before it gets its name. It holds what
    the archive's files do not: what each run did. FILE is by default in ARCHIVE-backups.

    Example: apod backup apod.dump
    """
    import datetime as dt

    from apod_pipeline.jobs.backups import backed_up

    settings = existing(archive)
    root = settings.archive.absolute()
    name = f"apod_{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}.dump"
    target = file or root.with_name(f"{root.name}-backups") / name
    rows = backed_up(settings, target.absolute())
    _report(f"{target} is a backup, restored and compared", {"file": str(target), **rows}, as_json=as_json)


@click.command()
@click.argument("what", type=click.Choice(LOST), required=False)
@click.option(
    "--from-backup", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The database, from FILE."
)
@click.option("--git-remote", help="Where `archive` is cloned from (default: APOD_GIT_REMOTE).")
@click.option("--give-up", is_flag=True, help="Write down that raw replies which are nowhere any more are lost.")
@remote_bytes_option(
    "With `remote`: 100% also reads what a DVC remote that is no folder holds, and mends what is damaged."
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

    Everything is verified by its hash, and no version is made: what was lost is what it was. `apod verify` says what
    is to be recovered.

    Example: apod recover database
    """  # noqa: D301 - \b is click's
    if what is None and from_backup is None:
        raise SettingsError(f"say what was lost: {', '.join(LOST)}. `apod verify` finds out. Nothing was changed.")
    if remote_bytes not in {0, 1} or (remote_bytes and what != "remote"):
        raise SettingsError(
            "--remote-bytes 100% goes with `remote`: all of it is read, or nothing. Nothing was changed."
        )
    if from_backup and what not in {None, "database"}:
        raise SettingsError("--from-backup recovers the database, nothing else. Nothing was changed.")
    if from_backup:
        told = _from_backup(existing(archive), from_backup)
        _report(f"database recovered from {from_backup}", told, as_json=as_json)
        return
    done = (
        _archive(archive, git_remote)
        if what == "archive"
        else _recovered(what or "database", existing(archive), give_up=give_up, read_remote=remote_bytes == 1)
    )
    _report(f"{what or 'database'} recovered", done, as_json=as_json)


def _from_backup(settings: Settings, file: Path) -> dict[str, int]:
    from apod_pipeline.cli.presentation import tell
    from apod_pipeline.jobs.backups import from_backup

    return from_backup(settings, file, tell)


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


def _report(said: str, done: Mapping[str, Any], *, as_json: bool) -> None:
    from apod_pipeline.cli import presentation

    if as_json:
        presentation.as_object(done)
        return
    click.echo(said)
    told = {name: ", ".join(value) if isinstance(value, list) else value for name, value in done.items()}
    hidden = {"archive", "version", "at", "kept", "file"}
    click.echo("  ".join(f"{name} {value}" for name, value in told.items() if name not in hidden and value != ""))
