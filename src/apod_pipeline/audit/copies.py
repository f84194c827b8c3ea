"""Versions: is everything that a version needs in DVC's cache and on its remote, and is Git clean, sound and pushed?

Takes an archive, DVC's objects and the Git remote, gives checks. Never mends anything: what is
not here is not brought here.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import lines_in
from apod_pipeline.audit.findings import found, in_short, looked_at
from apod_pipeline.audit.sampling import sample
from apod_pipeline.errors import ApodError
from apod_pipeline.model import Finding
from apod_pipeline.versioning.committed_ledger import sealed_and_uncommitted
from apod_pipeline.versioning.git import Git, GitFailed
from apod_pipeline.versions.commits import pointer_hashes
from apod_pipeline.versions.objects import DIRECTORY, DvcObjects
from apod_pipeline.versions.thinned import kept_hashes


class RemoteShare(NamedTuple):
    """How much of a remote that is no folder here is read, and hashed, this time.

    Attributes:
        share: of its objects, from 0 (they are listed only) to 1.
        day: decides whose turn it is.
    """

    share: float
    day: dt.date


FROM_REMOTE = "apod recover archive --archive ANOTHER-FOLDER"


def objects(archive: Archive, kept: DvcObjects, reading: RemoteShare) -> Iterator[Finding]:
    """Every object of every version: hashed here, and on a remote that is a folder; on any other listed, and some read.

    Args:
        archive: whose versions.
        kept: what DVC keeps of it.
        reading: how much of a remote that is no folder is read, and on which day.
    """
    try:
        pointers = sorted({*kept_hashes(archive), *pointer_hashes(archive).values()})
    except GitFailed as error:
        yield looked_at("DVC cache", well=False, says=f"not compared: {error.said}", do=FROM_REMOTE)
        return
    wanted = sorted({oid for pointer in pointers for oid in _closure(kept, pointer)})
    needed = {oid for pointer in pointer_hashes(archive).values() for oid in _closure(kept, pointer)}
    yield _cached(kept, wanted, needed)
    try:
        yield _on_remote(kept, wanted, reading)
    except ApodError as error:
        yield looked_at("DVC remote", well=False, says=in_short(error), do="apod doctor")


def _cached(kept: DvcObjects, wanted: list[str], needed: Collection[str]) -> Finding:
    # What only older versions need may be left to the remote (`dvc gc --workspace`): it is well if it is not damaged.
    here = [oid for oid in wanted if oid in needed or kept.place(oid).exists()]
    with ThreadPoolExecutor(2) as pool:
        sound = pool.map(kept.sound, here)
        wrong = [oid for oid, well in zip(here, sound, strict=True) if not well]
    well = f"{len(here)} objects, every byte"
    if elsewhere := len(wanted) - len(here):
        well += f"; {elsewhere} of older versions are only on the remote"
    ill = f"{{count}} of {len(here)} objects are gone or damaged"
    return found("DVC cache", wrong, well=well, ill=ill, do="apod recover cache")


def _on_remote(kept: DvcObjects, wanted: list[str], reading: RemoteShare) -> Finding:
    missing = kept.missing_there(wanted)
    well, ill = f"{len(wanted)} objects", f"{{count}} of {len(wanted)} objects are gone or damaged"
    if kept.folder:
        return found("DVC remote", sorted(missing), well=f"{well}, every byte", ill=ill, do="apod recover remote")
    turn = sample((oid for oid in wanted if oid not in missing), *reading) if reading.share else []
    damaged = kept.damaged_there(turn)
    well += f" listed, {len(turn)} of them read" if reading.share else " listed"
    # Which ones are damaged is known by reading only: what mends them reads them all.
    do = "apod recover remote --remote-bytes 100%" if damaged else "apod recover remote"
    return found("DVC remote", sorted(missing | damaged), well=well, ill=ill, do=do)


def _closure(kept: DvcObjects, oid: str) -> Iterator[str]:
    """An object and, of a folder, what its listing names: read wherever it is sound."""
    yield oid
    if oid.endswith(DIRECTORY) and (listing := kept.read(oid)):
        yield from (item["md5"] for item in json.loads(listing))


# ---- Git -----------------------------------------------------------------------------------
def repository(archive: Archive, remote: str | None) -> Iterator[Finding]:
    """The repository's own objects, what differs from its newest commit, and whether that is on the remote."""
    git = Git(archive.root)
    try:
        git.run("fsck", "--no-dangling", "--no-progress")
        yield looked_at("Git objects", well=True, says="sound")
    except GitFailed as error:
        yield looked_at("Git objects", well=False, says=error.said, do=FROM_REMOTE)
    try:
        yield _ledger(archive, git)
        yield _clean(archive, git)
    except GitFailed as error:
        yield looked_at("commit", well=False, says=error.said, do=FROM_REMOTE)
        return
    yield _pushed(git, remote)


def _ledger(archive: Archive, git: Git) -> Finding:
    """Ledger files grow between versions: they must begin as they were committed."""
    names = git.run("ls-tree", "-r", "--name-only", "HEAD", "data/ledger").splitlines()
    bodies = git.blobs([f"HEAD:{name}" for name in names])
    wrong = []
    for name, committed in zip(names, bodies, strict=True):
        path = archive.root / name
        whole = b"".join(lines_in(committed or b""))  # a torn last line is cut off before the next version
        if committed is None or not path.is_file() or not path.read_bytes().startswith(whole):
            wrong.append(name)
    if not wrong and (lacking := _published(archive) and sealed_and_uncommitted(archive)):
        ill = "{count} files hold lines of a version that is not committed"
        return found("ledger", lacking, well="", ill=ill, do="apod run")
    well = f"{len(names)} files, as they were committed"
    return found(
        "ledger", wrong, well=well, ill="{count} files are not as they were committed", do="apod recover ledger"
    )


def _published(archive: Archive) -> bool:
    versions = Ledger(archive).versions()
    return bool(versions) and archive.marks().is_published(versions[-1])


def _clean(archive: Archive, git: Git) -> Finding:
    versions = Ledger(archive).versions()
    behind = bool(versions) and not _published(archive)
    waiting = Ledger(archive).count() > (versions[-1].lines if versions else 0)
    changed = [line[3:] for line in git.run("status", "--porcelain", "--untracked-files=no").splitlines()]
    may_wait = {"data/raw.dvc", "data/reports/quality.json"} if waiting or behind else set()
    odd = [name for name in changed if not name.startswith("data/ledger/") and name not in may_wait]
    if odd:
        do = "apod recover processed" if all(name.startswith("data/processed/") for name in odd) else "apod run"
        if odd == ["data/raw.dvc"]:
            do = "apod recover raw"
        return found("commit", odd, well="", ill="{count} files differ from the commit", do=do)
    if behind:
        return looked_at("commit", well=False, says="the last version is not committed", do="apod run")
    return looked_at("commit", well=True, says=str(git.head()))


def _pushed(git: Git, remote: str | None) -> Finding:
    if remote is None:
        return looked_at("Git remote", well=True, says="none is set (APOD_GIT_REMOTE)")
    try:
        told = git.run("ls-remote", remote, f"refs/heads/{git.branch()}").split()
    except GitFailed as error:
        return looked_at(
            "Git remote", well=False, says=error.said, do="apod doctor; lost for good: apod recover remote"
        )
    if told and told[0] == git.head():
        return looked_at("Git remote", well=True, says="it has the newest commit")
    if told and _is_ahead(git, remote, told[0]):
        says = f"it has the newest commit and later ones, up to {told[0][:10]}: the next version takes them over"
        return looked_at("Git remote", well=True, says=says)
    says = f"it is at {told[0][:10] if told else 'no commit'}, not at ours"
    return looked_at("Git remote", well=False, says=says, do="apod run")


def _is_ahead(git: Git, remote: str, tip: str) -> bool:
    """True where the remote holds our newest commit below its own; its commits come into the repository, no branch."""
    if not git.succeeds("cat-file", "-e", tip) and not git.succeeds("fetch", "-q", "--no-tags", remote, tip):
        return False
    return git.succeeds("merge-base", "--is-ancestor", "HEAD", tip)
