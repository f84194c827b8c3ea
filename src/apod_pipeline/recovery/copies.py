"""Two copies of every version, here and on the remotes, of DVC and of Git; each made whole from the other.

Takes a wired pipeline and DVC's objects; gives what was done, as plain counts. An object is hashed before it goes
anywhere. Never removes one, never forces a push, and names what is nowhere any more.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.errors import VersioningError
from apod_pipeline.run.pipeline import Pipeline
from apod_pipeline.versioning.dvc_settings import configured
from apod_pipeline.versioning.git import Git
from apod_pipeline.versions.commits import pointer_hashes
from apod_pipeline.versions.objects import DIRECTORY, DvcObjects, md5
from apod_pipeline.versions.thinned import kept_hashes


@dataclass(frozen=True)
class Copies:
    """The copies of one archive's versions.

    Attributes:
        pipeline: wired.
        objects: what DVC keeps.
        git_remote: where commits are pushed; None keeps them here.
    """

    pipeline: Pipeline
    objects: DvcObjects
    git_remote: str | None = None

    @property
    def archive(self) -> Archive:
        """The folder."""
        return self.pipeline.archive

    def cache(self) -> dict[str, Any]:
        """Make DVC's cache whole: every object of every version, from the working files or from the remote.

        Raises:
            VersioningError: naming what is nowhere; all the rest was brought.
        """
        with self.pipeline.held():
            kept = self._keep_working_files()
            wanted, brought, lost = self._completed()
        self._tell_lost(lost, "neither on the remote nor among the working files")
        return {"objects": len(wanted), "kept": kept, "brought": brought}

    def remotes(self, *, read: bool = False) -> dict[str, Any]:
        """Put everything that is kept here onto the DVC remote and the Git remote.

        A remote that is a folder of this machine and is gone is made anew.

        Args:
            read: read every object that a remote that is no folder holds, and send again what is damaged there.

        Raises:
            VersioningError: naming what is nowhere, or when a remote cannot be reached.
        """
        with self.pipeline.held():
            self._keep_working_files()
            wanted, _, lost = self._completed()
            here = wanted - lost.keys()
            sent = self.objects.send(here, self._damaged_there(here) if read else ())
            pushed = self._pushed()
        self._tell_lost(lost, "neither in the cache nor on the remote")
        return {"objects": len(wanted), "sent": sent, "pushed": pushed}

    def refill(self, before: str | None) -> None:
        """Put the objects of all versions onto a DVC remote that was set, or changed, since they were kept.

        What is nowhere any more is told, and stops nobody. The archive is held by who calls.

        Args:
            before: the remote that they were kept on; None for the one that the archive's own configuration names.

        Raises:
            VersioningError: the remote cannot be reached.
        """
        before = before or configured(self.archive.root)
        if before in (None, self.objects.remote):
            return
        wanted, _, lost = self._completed()
        if lost:
            there = replace(self, objects=DvcObjects(self.archive, str(before)))
            with suppress(VersioningError):  # it may be away for good, and then all is told that is
                wanted, _, lost = there._completed()
        sent = self.objects.send(wanted - lost.keys())
        if sent:
            self.pipeline.tell(
                f"{self.objects.remote} is not the same DVC remote as before: {sent} objects were copied there"
            )
        if lost:
            self.pipeline.tell(f"{len(lost)} objects are neither here nor on {before}; `apod verify` names them")
        self._committed()

    def _committed(self) -> None:
        """Commit that DVC's remote is another one, unless the next version will."""
        archive, publisher = self.archive, self.pipeline.publisher
        last = self.pipeline.ledger.versions()[-1]
        if archive.marks().is_published(last):
            at = max(self.pipeline.now().replace(microsecond=0), last.at)
            if publisher.commit(at, [], subject="Keep what DVC tracks on another remote"):
                archive.advance(commit=publisher.head())

    def _keep_working_files(self) -> int:
        """What the cache has lost and the working folder still has goes back; gives how many."""
        known, count = pointer_hashes(self.archive), 0
        files = {path: known.get(self.archive.relative(path)) for path in (self.archive.csv, self.archive.parquet)}
        raw = [path for path in self.archive.raw.iterdir() if path.is_file()] if self.archive.raw.exists() else []
        for path in [*files, *raw]:
            oid = md5(path) if path.is_file() else None
            if oid and oid == files.get(path, oid) and not self.objects.sound(oid):
                self.objects.keep(path, oid)
                count += 1
        return count

    def _completed(self) -> tuple[set[str], int, dict[str, str]]:
        """All objects, how many were brought into the cache, and what is nowhere with a commit that needs it."""
        by_commit = kept_hashes(self.archive)
        before = {oid for oid in by_commit if not self.objects.sound(oid)}
        lost = self.objects.fetch(by_commit.keys())
        wanted = dict(by_commit)
        for oid in by_commit.keys() - lost:
            if oid.endswith(DIRECTORY):
                wanted |= dict.fromkeys(self.objects.listing(oid).values(), by_commit[oid])
        before |= {oid for oid in wanted if not self.objects.sound(oid)}
        lost |= self.objects.fetch(wanted.keys() - lost)
        return set(wanted), len(before - lost), {oid: wanted[oid] for oid in sorted(lost)}

    def _damaged_there(self, oids: set[str]) -> set[str]:
        if self.objects.folder:
            return set()  # which is read in any case
        return self.objects.damaged_there(oids - self.objects.missing_there(oids))

    def _pushed(self) -> bool:
        publisher, remote, git = self.pipeline.publisher, self.git_remote, Git(self.archive.root)
        if remote is None:
            return False
        if "://" not in remote and Path(remote).parent.is_dir() and not Path(remote).exists():
            git.run("init", "-q", "--bare", "-b", git.branch(), remote)
            self.pipeline.tell(f"{remote} was gone: an empty repository was created there")
        publisher.push()
        git.run("push", "-q", "origin", "--tags")
        self.archive.advance(pushed=publisher.head(), pushed_to=remote)
        return True

    def _tell_lost(self, lost: dict[str, str], where: str) -> None:
        if lost:
            oid, commit = next(iter(lost.items()))
            raise VersioningError(
                f"{len(lost)} objects are {where}: {oid} of version {commit[:10]} is the first. All others are where "
                "they belong. What the last version needs can be rebuilt (`apod recover raw`, `apod recover "
                "processed`); what an older one needs is lost unless another archive or a backup has it."
            )
