"""The raw replies and the files, kept with DVC and pushed.

Takes whoever versions an archive, gives the CSV's MD5. What DVC does, and how, stands in `versioning.dvc`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apod_pipeline.ports import Versioner


def dvc_track_data(versioner: Versioner) -> str | None:
    """Track and push what is not tracked yet; nothing is done twice.

    Raises:
        VersioningError: nothing was committed then, and the next run pushes again.
    """
    versioner.track_replies()
    versioner.track_files()
    return versioner.finish()
