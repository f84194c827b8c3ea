"""What an audit did not find in the store, written down for the next publication: it sends these objects again.

Takes an archive, gives names of objects. Untracked: what this machine saw.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.writing import replacing

NAME = "objectstore-doubted.json"


def doubted(archive: Archive) -> frozenset[str]:
    """Objects that were missing or damaged when somebody looked."""
    try:
        return frozenset(json.loads((archive.private / NAME).read_bytes()))
    except (OSError, ValueError, TypeError):
        return frozenset()


def doubt(archive: Archive, objects: Collection[str]) -> None:
    """Write down which are; none of them where all is well."""
    path = archive.private / NAME
    with suppress(OSError):  # who only reads an archive cannot write down what he saw
        if not objects:
            path.unlink(missing_ok=True)
        elif archive.exists:
            with replacing(path) as file:
                file.write(json.dumps(sorted(objects)).encode())
