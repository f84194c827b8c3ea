"""What `APOD_EXTRAS=lineage` plugs into the core.

Takes settings and an archive, gives an `Extra`.
"""

from __future__ import annotations

import os
from pathlib import Path

from apod_pipeline.archive.folder import Archive
from apod_pipeline.extras.lineage.listener import Lineage, wanted
from apod_pipeline.ports import Extra
from apod_pipeline.settings import Settings


def plugged(settings: Settings, archive: Archive) -> Extra:
    """A listener, where OpenLineage's variables or files name a transport."""
    here = (Path.cwd(), Path("~/.openlineage").expanduser())
    return Extra(listener=Lineage(settings, archive)) if wanted(os.environ, *here) else Extra()
