"""What `APOD_EXTRAS=objectstore` plugs into the core.

Takes settings and an archive, gives an `Extra`. Asks nobody anything by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from apod_pipeline.archive.folder import Archive
from apod_pipeline.extras.objectstore.beside import InParallel
from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.settings import wishes
from apod_pipeline.model import Finding
from apod_pipeline.ports import Extra
from apod_pipeline.settings import Settings

UNSET = "APOD_OBJECTSTORE_URL is not set"


def plugged(settings: Settings, archive: Archive) -> Extra:
    """Every version goes to the store; to none where none was set, and that is said."""
    wanted = wishes(settings)
    if wanted.url is None:
        missing = Finding("object store", "bad", UNSET, "set it to s3://BUCKET/PREFIX, or take it out of APOD_EXTRAS")
        return Extra(status=lambda: {"object store": UNSET}, examine=lambda: [missing])
    bucket = Bucket(wanted)
    return Extra(
        beside=InParallel(archive, bucket),
        status=partial(_status, bucket),
        audit=partial(_audit, bucket, archive),
        examine=partial(_examine, bucket),
    )


def _status(bucket: Bucket) -> dict[str, str]:
    from apod_pipeline.extras.objectstore.verifying import standing

    return standing(bucket)


def _audit(bucket: Bucket, archive: Archive) -> Iterator[Finding]:
    from apod_pipeline.extras.objectstore.verifying import verified

    return verified(bucket, archive)


def _examine(bucket: Bucket) -> Iterator[Finding]:
    from apod_pipeline.extras.objectstore.verifying import examined

    return examined(bucket)
