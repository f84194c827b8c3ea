"""What waits to be kept, as a run's publishing takes it: nothing is downloaded any more.

Takes pictures and the folders that hold something new, gives them where a version would.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from apod_pipeline.extras.pictures.collection import Pictures


class Waiting(NamedTuple):
    """Folders that wait for DVC, and lines that wait for the ledger.

    Attributes:
        pictures: whose.
        folders: which hold something new.
    """

    pictures: Pictures
    folders: Sequence[Path]

    def begin(self, at: dt.datetime) -> None:
        """All that there is to be begun is done."""

    def finish(self) -> Sequence[Path]:
        """The folders."""
        return self.folders

    def kept(self) -> str:
        """Tell the ledger of them."""
        return self.pictures.sealed()
