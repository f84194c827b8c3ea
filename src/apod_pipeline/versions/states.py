"""What the archive said at any version: the table of its entries then.

Takes an archive, its DVC objects and a version's name; gives tables, and what differs between two. The bytes come from
DVC, verified by their hash: so they stand for themselves, whatever today's code would make of the replies. Those of a
version that was thinned out are made again, and have the hash that they had. Never changes the working files.
"""

from __future__ import annotations

from dataclasses import dataclass

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.processed import Table
from apod_pipeline.dataset.readings import Row
from apod_pipeline.versions.commits import Commit, commit_of, parquet_hash, resolve
from apod_pipeline.versions.comparing import Comparison, compare
from apod_pipeline.versions.objects import DvcObjects
from apod_pipeline.versions.remade import Remade


@dataclass(frozen=True)
class States:
    """One archive's past.

    Attributes:
        archive: the folder.
        objects: what DVC keeps.
    """

    archive: Archive
    objects: DvcObjects

    def version(self, name: str) -> Commit:
        """The version that a name means: a commit, tag, `HEAD~3`, day or instant.

        Raises:
            SettingsError: when there is none.
        """
        return commit_of(self.archive, resolve(self.archive, name))

    def table(self, version: Commit) -> Table:
        """Every entry as it was at a version.

        Raises:
            VersioningError: when its file is neither in the cache nor on the remote.
        """
        oid = parquet_hash(self.archive, version.commit)
        if not self.objects.sound(oid) and version.commit in (remade := Remade(self.archive)):
            return Table(remade.alone(version.commit).parquet, self.archive.dataset.columns)
        self.objects.bring([oid])
        return Table(self.objects.place(oid), self.archive.dataset.columns)

    def entry(self, version: Commit, key: str) -> Row | None:
        """One entry at a version, with every field; None where there was none."""
        return next(self.table(version).rows([key]), None)

    def difference(self, old: Commit, new: Commit) -> Comparison:
        """What differs between two versions."""
        return compare(self.table(old), self.table(new), self.archive.dataset.columns)
