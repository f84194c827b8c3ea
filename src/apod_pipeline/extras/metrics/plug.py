"""What `APOD_EXTRAS=metrics` plugs into the core.

Takes settings and an archive, gives an `Extra`.
"""

from __future__ import annotations

from apod_pipeline.archive.folder import Archive
from apod_pipeline.extras.metrics.listener import Metrics
from apod_pipeline.extras.metrics.settings import TEXTFILE
from apod_pipeline.ports import Extra
from apod_pipeline.settings import Settings
from apod_pipeline.wiring import today


def plugged(settings: Settings, archive: Archive) -> Extra:
    """A listener that writes the archive's numbers after each run."""
    where = settings.own.get(TEXTFILE.name) or archive.private / "metrics.prom"
    return Extra(listener=Metrics(archive, where, today(settings), settings.git_remote))
