"""What `APOD_EXTRAS=pictures` plugs into the core.

Takes settings and an archive, gives an `Extra`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from apod_pipeline.archive.folder import Archive
from apod_pipeline.extras.pictures.beside import NewPictures, Shown, pictures_of
from apod_pipeline.extras.pictures.collection import Pictures
from apod_pipeline.model import Finding
from apod_pipeline.ports import Extra
from apod_pipeline.settings import Settings


def plugged(settings: Settings, archive: Archive) -> Extra:
    """The newest pictures with every run; nothing for a data set without pictures."""
    from apod_pipeline.wiring import database

    if archive.dataset.pictures is None:
        return Extra()
    pictures = pictures_of(settings, archive)
    return Extra(
        load_hook=Shown(pictures),
        beside=NewPictures(pictures, partial(database, settings, archive)),
        status=partial(_status, pictures),
        audit=partial(_audit, pictures),
        examine=partial(_examine, pictures),
    )


def _status(pictures: Pictures) -> dict[str, str]:
    """How many are kept, and what they take."""
    told, size = pictures.notes.told(), pictures.shelf.taken()
    refused = f", {len(told.refused)} not to be had" if told.refused else ""
    return {"pictures": f"{len(told.kept)} kept{refused}, {size / 1e9:.2f} GB"}


def _audit(pictures: Pictures) -> Iterator[Finding]:
    from apod_pipeline.extras.pictures.verifying import verified

    return verified(pictures)


def _examine(pictures: Pictures) -> Iterator[Finding]:
    from apod_pipeline.extras.pictures.verifying import examined

    with suppress(OSError):
        yield from examined(pictures)
