"""An archive of which only what a run reads is here: the ledger and the processed files, without the old raw replies.

Takes a Git remote and a DVC remote; gives a clone of the newest version that a run can go on from, and a `Versioner`
that adds to the folder of raw replies without having it. An old reply is brought when an entry is derived from it, and
not before. Never takes a reply out of the folder's listing, and never asks a service.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.packs import lines_of
from apod_pipeline.archive.processed import Table
from apod_pipeline.archive.replies import Replies
from apod_pipeline.archive.text_files import write_csv
from apod_pipeline.recovery.restoring import Restoration, heads, usual_branch
from apod_pipeline.versioning.dvc import DvcVersioner
from apod_pipeline.versioning.git import Git, without_credentials
from apod_pipeline.versioning.remote_tree import see_that_it_is_an_archive
from apod_pipeline.versions.commits import pointer_hashes
from apod_pipeline.versions.objects import DvcObjects


def cloned(remote: str, archive: Archive) -> bool:
    """The newest version of a repository, without those before it; False where the remote has none yet.

    Args:
        remote: address of the repository.
        archive: an empty folder, or none.

    Raises:
        SettingsError: when the remote holds something else than an archive of the same data set.
        VersioningError: when the remote cannot be read.
    """
    archive.root.mkdir(parents=True, exist_ok=True)
    git = Git(archive.root)
    if not (branches := heads(git, remote)):
        return False
    which = usual_branch(branches)
    git.run("clone", "-q", "--depth=1", "--no-tags", "--no-local", "--no-checkout", *which, "--", remote, ".")
    see_that_it_is_an_archive(git, "HEAD", archive, without_credentials(remote))
    git.keep_every_byte()
    git.run("checkout", "-q", "HEAD", "--", ".")
    return True


@dataclass(eq=False, repr=False, kw_only=True)
class PartialVersioner(DvcVersioner):
    """DVC over an archive that lacks old raw replies."""

    @property
    def _objects(self) -> DvcObjects:
        return DvcObjects(self.archive, self.remote)

    @property
    def _files(self) -> Restoration:
        return Restoration(self.archive, self._objects)

    def begin(self) -> None:
        """Make a fresh clone an archive that a run can go on from.

        Raises:
            VersioningError: the DVC remote cannot be reached, or lacks the processed files.
        """
        self.archive.create_folders()
        ledger = Ledger(self.archive)
        if ledger.versions():
            self._place()
            self._files.mark()
            # Who committed lines behind the last version had looked at them: they change no entry.
            self.archive.advance(examined=ledger.count())

    def fetch(self) -> None:
        """Bring the processed files to where their `.dvc` files say, and say so; the raw replies stay where they are.

        Raises:
            VersioningError: when the remote does not have them.
        """
        if Ledger(self.archive).versions():
            self._place()
            self._files.mark_files()
            self.archive.advance(entries=len(Table.of(self.archive)))

    def _place(self) -> None:
        # The Parquet file holds all that the CSV does, in a fifth of the bytes: the CSV is written from it, and pulled
        # only where its hash then is not the version's.
        if oid := pointer_hashes(self.archive).get(self.archive.relative(self.archive.parquet)):
            self._objects.copy(oid, self.archive.parquet)
            write_csv(self.archive.csv, self.archive.dataset.columns, Table.of(self.archive).rows())
        self._files.processed()

    def elsewhere(self) -> Collection[str]:
        """The raw replies that the last version keeps, plain or packed, whether they are here or not."""
        listed = self._listed().keys()
        return listed | self._packed(listed).keys()

    def bring(self, files: Collection[str]) -> None:
        """See that raw replies are here; those that were not are verified by their hash.

        Raises:
            VersioningError: when the remote lacks one.
        """
        if missing := set(files) - Replies(self.archive).names():
            listed, objects = self._listed(), self._objects
            packed = self._packed(listed)
            wanted = {packed.get(name, name) for name in missing}
            objects.bring({listed[name] for name in wanted if name in listed})
            for name in wanted & listed.keys():
                objects.copy(listed[name], self.archive.raw / name)

    def _packed(self, listed: Collection[str]) -> dict[str, str]:
        """For every packed reply the pack that holds it: its name says which lines of the ledger it is of."""
        packs = sorted((lines, name) for name in listed if (lines := lines_of(name)))
        if not packs:
            return {}
        told: dict[str, int] = {}
        for number, line in enumerate(Ledger(self.archive).reply_lines(), 1):
            if "file" in line:
                told.setdefault(line["file"], number)  # one that was judged again stands in a later line as well
        packed: dict[str, str] = {}
        for file, number in told.items():
            lines, name = packs[max(0, bisect_right(packs, number, key=lambda pack: pack[0].first) - 1)]
            if number in lines and file not in listed:
                packed[file] = name
        return packed

    def _listed(self) -> dict[str, str]:
        oid = pointer_hashes(self.archive).get(self.archive.relative(self.archive.raw))
        return self._objects.listing(oid) if oid else {}

    def _keep(self, repo: Any, targets: list[Path]) -> None:  # noqa: ANN401 - DVC is untyped
        listed = self.elsewhere() if self.archive.raw in targets else ()
        if not listed:
            super()._keep(repo, targets)
            return
        # `dvc commit data/raw.dvc` would take the folder as it is, and forget what is not here. A file that is added
        # by its own name joins those that the listing holds.
        here = [path for path in self.archive.raw.iterdir() if path.is_file()]
        if new := sorted(self._said(path) for path in here if path.name not in listed):
            repo.add(new, relink=False)
        super()._keep(repo, [path for path in targets if path != self.archive.raw])
