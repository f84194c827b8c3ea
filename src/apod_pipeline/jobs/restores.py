"""A version given back: into another folder, in place, or the whole archive from its remotes.

Takes settings and a version's name, gives an archive whose files, tables and marks stand at that version. What is in
the way is never overwritten: a folder must be empty, and what an archive in place held is kept under a ref of its own.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shlex import quote
from types import MappingProxyType
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.archive.replies import SCRATCH
from apod_pipeline.errors import ArchiveDamaged, SettingsError
from apod_pipeline.model import Merged
from apod_pipeline.recovery.restoring import Restoration, clone, forget
from apod_pipeline.run.pipeline import Pipeline
from apod_pipeline.settings import Settings
from apod_pipeline.versioning.dvc import DvcVersioner
from apod_pipeline.versioning.dvc_settings import configured
from apod_pipeline.versioning.git import Git, without_credentials
from apod_pipeline.versioning.remote_tree import Sides
from apod_pipeline.versions.commits import Commit, commit_of, commits, hashes, resolve
from apod_pipeline.versions.objects import DvcObjects
from apod_pipeline.versions.remade import Remade
from apod_pipeline.versions.thinned import kept_hashes, thinned, write_down
from apod_pipeline.wiring import archive_of, objects, pipeline, tables

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
    source = archive_of(settings)
    target = Archive(folder, source.dataset)
    version = commit_of(source, resolve(source, name))
    clone(source.root, target, version.commit)
    its = replace(settings, archive=folder)
    there, own = objects(settings, source), objects(its, target)
    kept = DvcObjects(target, there.remote)
    told = [one for one in thinned(source).values() if one.at <= version.at]
    with _made_again(source, version.commit) as made:
        write_down(target, told, version.at)
        _fill(target, kept, made=made)
        kept.send(oid for oid in made if kept.sound(oid))  # the newest version's are always kept
    if own.remote != there.remote:  # a folder beside, of the new archive's own: it holds all that the archive does
        own.send(_everything(target, there.remote))
    if not configured_database:
        its = replace(its, database_url=None, postgres_host=None)
    return _summary(target, version, _load(its, target))


def recover_archive(settings: Settings, git_remote: str) -> dict[str, Any]:
    """Make the archive again from its Git remote and its DVC remote, after its whole folder was lost.

    Args:
        settings: of the archive; where they set no DVC remote, the folder beside counts that the repository names.
        git_remote: address of the repository.

    Raises:
        SettingsError: the folder holds something, the repository more than data, or it names a DVC remote elsewhere
            and none is set; the folder is as it was.
        VersioningError: a remote cannot be reached, or lacks something.
    """
    target = archive_of(settings)
    clone(git_remote, target)
    try:
        kept = _objects_of(settings, target, git_remote)
    except SettingsError:
        forget(target)
        raise
    _fill(target, kept, pushed_to=git_remote)
    return _summary(target, commits(target, most=1)[-1], _load(settings, target))


def _everything(target: Archive, remote: str) -> set[str]:
    """The objects of all versions, brought into an archive's cache."""
    kept = DvcObjects(target, remote)
    wanted = kept.closure(kept_hashes(target))
    kept.bring(wanted)
    return wanted


@contextmanager
def _made_again(archive: Archive, commit: str) -> Iterator[Mapping[str, Path]]:
    """By their hash the files of a version that was thinned out, made again; nothing of one that was not."""
    remade = Remade(archive)
    if commit not in remade:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=archive.private) as folder:
        made, oids = remade.of(commit, Path(folder, "made")), hashes(archive, commit)
        yield {oids[archive.relative(archive.csv)]: made.csv, oids[archive.relative(archive.parquet)]: made.parquet}


def _objects_of(settings: Settings, archive: Archive, git_remote: str) -> DvcObjects:
    told = None if settings.dvc_remote else configured(archive.root)
    if told is None:
        return objects(settings, archive)
    if "://" not in told and Path(told).parent == archive.root.parent:
        return DvcObjects(archive, told)
    typed = f"apod recover archive --archive {quote(str(archive.root))} --git-remote {quote(git_remote)}"
    raise SettingsError(
        f"{without_credentials(git_remote)} names {without_credentials(told)!r} as its DVC remote; that comes with the "
        "clone and is not followed. Nothing was kept here. If it is right, type: export "
        f"APOD_DVC_REMOTE={quote(without_credentials(told))}; {typed}"
    )


def _fill(
    target: Archive,
    from_objects: DvcObjects,
    pushed_to: str | None = None,
    made: Mapping[str, Path] = MappingProxyType({}),
) -> None:
    files = Restoration(target, from_objects, made)
    files.fetch("HEAD")
    target.create_folders()
    files.replies()
    files.processed()
    files.others()
    files.mark(pushed_to)


def _load(settings: Settings, archive: Archive) -> Merged:
    ledger = Ledger(archive)
    with tables(settings, archive, ledger, ledger.versions()[-1].today) as store:
        return store.load(exactly=True)


def _summary(archive: Archive, version: Commit, loaded: Merged) -> dict[str, Any]:
    entries = archive.marks().entries
    at = {"version": version.commit, "at": timestamp(version.at)}
    return {
        "archive": str(archive.root),
        **at,
        "entries": entries,
        "inserted": loaded.inserted,
        "changed": loaded.changed,
    }


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
    archive = archive_of(settings)
    version = commit_of(archive, resolve(archive, name))
    with (
        pipeline(settings, tell, dvc=DvcVersioner) as wired,
        wired.held(),
        _made_again(archive, version.commit) as made,
    ):
        kept, told = _set_aside(wired), thinned(archive)
        files = Restoration(archive, objects(settings, archive), made)
        files.fetch(version.commit)
        archive.advance(derived=None, published=None, examined=0)  # killed from here on, the next run derives again
        sides = Sides(Git(archive.root), version.commit, kept, version.commit)
        sides.stand(sides.commit_with(sides.as_they_are(), timestamp(version.at)))
        wired.ledger.forget()
        write_down(archive, [one for commit, one in told.items() if commit not in thinned(archive)], version.at)
        files.replies()
        files.processed()
        files.others()
        files.mark(archive.marks().pushed_to)
        files.objects.send(oid for oid in made if files.objects.sound(oid))  # the newest version's are always kept
        loaded = wired.store().load(exactly=True)
    return {**_summary(archive, version, loaded), "kept": kept}


def _set_aside(wired: Pipeline) -> str:
    """Keep what the archive holds now, committed or not, under a ref; gives its commit."""
    archive, git = wired.archive, Git(wired.archive.root)
    versions = wired.ledger.versions()
    if wired.takeover.pending or not versions or not archive.marks().is_published(versions[-1]):
        raise ArchiveDamaged(
            f"{archive.root}: a run was left unfinished. Nothing was changed; `apod run` finishes it, then type the "
            "same command again."
        )
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    wired.publisher.commit(max(now, versions[-1].at), ["readings that change no entry"])
    head = git.head()
    if head is None:
        raise SettingsError(f"{archive.root} has no version yet. Nothing was changed.")
    git.run("update-ref", f"{SUPERSEDED}/{head}", head)
    return head
