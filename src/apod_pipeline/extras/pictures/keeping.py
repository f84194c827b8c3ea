"""What came is kept: by DVC and Git as a run keeps its own, and in the tables. Nothing is downloaded any more.

Takes the pictures of an archive whose syncs are held, gives commits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from apod_pipeline.extras.pictures.collection import Pictures
from apod_pipeline.extras.pictures.told import Told
from apod_pipeline.settings import Settings

PATIENCE = 600.0  # seconds to wait for a run to let go of the archive
TAKEOVERS = 3  # in a row, of machines that push pictures at the same moment


class Waiting(NamedTuple):
    """Folders that wait for DVC, and lines that wait for the ledger.

    Attributes:
        pictures: whose.
        folders: which hold something new.
    """

    pictures: Pictures
    folders: Sequence[Path]

    @property
    def apart(self) -> bool:
        """DVC is to keep them."""
        return False

    def begin(self, at: dt.datetime) -> None:
        """All that there is to be begun is done."""

    def finish(self) -> Sequence[Path]:
        """The folders."""
        return self.folders

    def kept(self) -> str:
        """Tell the ledger of them."""
        return self.pictures.sealed()

    def not_kept(self) -> None:
        """What came waits for the next sync."""


def keep(settings: Settings, pictures: Pictures, tell: Callable[[str], None], told: Told | None = None) -> None:
    """Let DVC and Git keep what came, and the tables show it.

    Args:
        settings: of the archive.
        pictures: held by who calls.
        tell: takes a line for the user.
        told: of all pictures, where that is known and nothing came since.

    Raises:
        ArchiveBusy: a run goes on for longer than ten minutes; what came waits for the next sync.
        VersioningError, DatabaseError: the same.
    """
    from apod_pipeline.versioning.dvc import DvcVersioner
    from apod_pipeline.wiring import database, pipeline

    # Where another machine's versions were taken over, what is ours comes on top of them.
    for _ in range(TAKEOVERS):
        told = told or pictures.notes.told()
        folders = pictures.folders(told)
        if not folders:
            pictures.tell_refusals(PATIENCE)
            return
        with database(settings, pictures.archive) as conninfo:
            pictures.show(conninfo, told)
        with pipeline(settings, tell, dvc=DvcVersioner) as wired:
            wired.bring_beside("pictures sync", [Waiting(pictures, folders)], PATIENCE)
        told = None
