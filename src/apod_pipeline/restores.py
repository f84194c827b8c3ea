"""A version given back: into another folder, in place, or the whole archive from its remotes.

Takes settings and a version's name, gives an archive whose files, tables and marks stand at that version. What is in
the way is never overwritten: a folder must be empty, and what an archive in place held is kept under a ref of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from apod_pipeline.archive import Archive, timestamp
from apod_pipeline.errors import ArchiveDamaged, SettingsError
from apod_pipeline.git import Git
from apod_pipeline.ledger import Ledger
from apod_pipeline.pipeline import Pipeline
from apod_pipeline.recovery.restoring import Restoration, clone
from apod_pipeline.remote_tree import Sides
from apod_pipeline.settings import Settings
from apod_pipeline.stages.dvc_track_data import DvcVersioner
from apod_pipeline.stages.load_to_postgres import PostgresStore
from apod_pipeline.versions.commits import Commit, all_hashes, commit_of, commits, resolve
from apod_pipeline.versions.objects import DvcObjects
from apod_pipeline.wiring import COLUMNS, database, objects, pipeline

SUPERSEDED = "refs/apod/superseded"


def restore_into(settings: Settings, name: str, folder: Path, *, configured_database: bool = False) -> dict[str, Any]:
    """Make another folder an archive that stands at a version: files from the DVC remote, tables loaded from them.

    Args:
        settings: of the archive whose version it is.
        name: a commit, tag, day or instant.
        folder: does not exist yet, or is empty.
        configured_database: load the server of the settings; without it the folder gets an embedded one of its own.

    Raises:
        SettingsError: no such version, or the folder holds something.
        VersioningError: an object is nowhere.
    """
    source, target = Archive(settings.archive), Archive(folder)
    version = commit_of(source, resolve(source, name))
    clone(source.root, target, version.commit)
    its = replace(settings, archive=folder)
    there, own = objects(settings, source), objects(its, target)
    _filled(target, DvcObjects(target, there.remote))
    if own.remote != there.remote:  # a folder beside, of the new archive's own: it holds all that the archive does
        own.send(_everything(target, there.remote))
    if not configured_database:
        its = replace(its, database_url=None, postgres_host=None)
    return _told(target, version, _loaded(its, target))


def recover_archive(settings: Settings, git_remote: str) -> dict[str, Any]:
    """Make the archive again from its Git remote and its DVC remote, after its whole folder was lost.

    Args:
        settings: of the archive; its DVC remote is the one that the repository names, unless one is set.
        git_remote: address of the repository.

    Raises:
        SettingsError: the folder holds something.
        VersioningError: a remote cannot be reached, or lacks something.
    """
    target = Archive(settings.archive)
    clone(git_remote, target)
    _filled(target, _objects_of(settings, target), pushed_to=git_remote)
    return _told(target, commits(target, most=1)[-1], _loaded(settings, target))


def _everything(target: Archive, remote: str) -> set[str]:
    """The objects of all versions, brought into an archive's cache."""
    kept = DvcObjects(target, remote)
    wanted = kept.closure(all_hashes(target))
    kept.bring(wanted)
    return wanted


def _objects_of(settings: Settings, archive: Archive) -> DvcObjects:
    if settings.dvc_remote:
        return objects(settings, archive)
    return DvcObjects(archive, DvcVersioner(archive, "").configured() or str(settings.remote_folder))


def _filled(target: Archive, from_objects: DvcObjects, pushed_to: str | None = None) -> None:
    files = Restoration(target, from_objects, COLUMNS)
    files.fetch("HEAD")
    target.create_folders()
    files.replies()
    files.processed()
    files.mark(pushed_to)


def _loaded(settings: Settings, archive: Archive) -> tuple[int, int]:
    ledger = Ledger(archive)
    with database(settings, archive) as conninfo:
        return PostgresStore(archive, ledger, COLUMNS, ledger.versions()[-1].today, conninfo).load(exactly=True)


def _told(archive: Archive, version: Commit, loaded: tuple[int, int]) -> dict[str, Any]:
    entries = archive.progress()["entries"]
    at = {"version": version.commit, "at": timestamp(version.at)}
    return {"archive": str(archive.root), **at, "entries": entries, "inserted": loaded[0], "changed": loaded[1]}


# ---- in place ------------------------------------------------------------------------------
def restore_in_place(settings: Settings, name: str, tell: Callable[[str], None]) -> dict[str, Any]:
    """Let the archive itself stand at a version again: repository, files and tables.

    What it held is kept under `refs/apod/superseded/<commit>`, and can be restored by that commit. Files of the user's
    stay as they are, committed or not, and so do `apod.toml` and where DVC keeps its objects.

    Raises:
        SettingsError: no such version.
        ArchiveDamaged: a run was left half-way; it is to be finished first.
        VersioningError: an object is nowhere; nothing was changed then.
    """
    archive = Archive(settings.archive)
    version = commit_of(archive, resolve(archive, name))
    with pipeline(settings, tell, dvc=DvcVersioner) as wired, wired.held():
        kept = _set_aside(wired)
        files = Restoration(archive, objects(settings, archive), COLUMNS)
        files.fetch(version.commit)
        archive.advance(derived=None, published=None, examined=0)  # killed from here on, the next run derives again
        sides = Sides(Git(archive.root), version.commit, kept, version.commit)
        sides.stand(sides.commit_with(sides.as_they_are(), timestamp(version.at)))
        wired.ledger.forget()
        files.replies()
        files.processed()
        files.mark(archive.progress().get("pushed_to"))
        loaded = wired.store().load(exactly=True)
    return {**_told(archive, version, loaded), "kept": kept}


def _set_aside(wired: Pipeline) -> str:
    """Keep what the archive holds now, committed or not, under a ref; gives its commit."""
    archive, git = wired.archive, Git(wired.archive.root)
    versions = wired.ledger.versions()
    if wired.takeover.pending or not versions or archive.progress().get("published") != timestamp(versions[-1].at):
        raise ArchiveDamaged(
            f"{archive.root}: a run was left half-way. Nothing was changed; `apod run` finishes it, then type it again."
        )
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    wired.publisher.commit(max(now, versions[-1].at), ["readings that change no entry"])
    head = git.head()
    if head is None:
        raise SettingsError(f"{archive.root} has no version yet. Nothing was changed.")
    git.run("update-ref", f"{SUPERSEDED}/{head}", head)
    return head
