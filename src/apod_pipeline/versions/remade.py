"""The files of a version that was thinned out, made again and compared with what was written down of them.

Takes an archive and a commit, gives files. What is not what it was is never given as if it were: a CSV of another hash
is an error; a Parquet file of other bytes (another polars wrote it) is given where every entry is the same, and told.
"""

from __future__ import annotations

import logging
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.replies import SCRATCH
from apod_pipeline.errors import VersioningError
from apod_pipeline.versions.objects import md5
from apod_pipeline.versions.remaking import Made, Remaking
from apod_pipeline.versions.thinned import Thinned, thinned

log = logging.getLogger(__name__)

PATIENCE = 60.0


@dataclass(eq=False, repr=False)
class Remade:
    """Thinned versions of one archive, as files.

    Attributes:
        archive: whose; its files stand at its last version.
    """

    archive: Archive
    _told: dict[str, Thinned] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._told = thinned(self.archive)

    def __contains__(self, commit: object) -> bool:
        return commit in self._told

    def of(self, commit: str, folder: Path) -> Made:
        """The files of a thinned version, made in an empty folder; nobody writes to the archive meanwhile.

        Raises:
            VersioningError: they cannot be made as they were.
        """
        return self.compared(self._told[commit], Remaking(self.archive, folder))

    def compared(self, told: Thinned, remaking: Remaking) -> Made:
        """The same, by what makes several versions one after the other."""
        made = remaking.at(told.at)
        if made is None or (told.csv and md5(made.csv) != told.csv) or made.content != told.content:
            raise VersioningError(
                f"version {told.commit[:10]} was thinned out, and what is made of it now is not what it was. Nothing "
                "was changed; `apod verify` shows whether replies or ledger are damaged"
                + (f" (its CSV hashes to {md5(made.csv)}, and hashed to {told.csv})" if made else "")
                + "."
            )
        if told.parquet and md5(made.parquet) != told.parquet:
            log.warning(
                "%s: its Parquet file has other bytes now (another polars wrote it); every field of every entry "
                "is the same",
                told.commit[:10],
            )
        return made

    def alone(self, commit: str) -> Made:
        """The files of a thinned version, in a folder that a later run removes; no run may go on meanwhile.

        Raises:
            ArchiveBusy: one does.
            VersioningError: they cannot be made as they were.
        """
        private = self.archive.private
        if not os.access(private, os.W_OK):
            return self.of(commit, Path(tempfile.mkdtemp(prefix=SCRATCH), "made"))
        with self.archive.locked(PATIENCE):
            return self.of(commit, Path(tempfile.mkdtemp(prefix=SCRATCH, dir=private), "made"))
