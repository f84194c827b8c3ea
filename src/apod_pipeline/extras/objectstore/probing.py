"""What a store honours of conditional writes: found out by trying, on an object of the probe's own.

Takes a bucket, gives `Honours`, and in which manner the pointer can be moved there.
"""

from __future__ import annotations

import uuid
from typing import NamedTuple

from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.complaints import ObjectStoreRefused

WRONG = '"00000000000000000000000000000000"'  # an ETag that no object has
TRIES = 3  # a 409 says that another write is on its way, and is no refusal

LATEST, NUMBERED, SINGLE = "latest", "numbered", "single"


class Honours(NamedTuple):
    """What a store honours.

    Attributes:
        if_match: it takes the right ETag, and refuses a wrong one.
        if_none_match: it refuses to create what is there.
    """

    if_match: bool
    if_none_match: bool

    def manner(self, *, single: bool) -> str | None:
        """How the pointer is moved; None where two publishers would lose one another's."""
        if self.if_match and self.if_none_match:
            return LATEST
        if self.if_none_match:
            return NUMBERED
        return SINGLE if single else None

    @property
    def says(self) -> str:
        """In words."""
        words = {True: "honoured", False: "not honoured"}
        return f"If-Match is {words[self.if_match]}, If-None-Match is {words[self.if_none_match]}"


def probe(bucket: Bucket) -> Honours:
    """Try both conditions."""
    path = f"probes/{uuid.uuid4().hex}"
    try:
        created = any(bucket.create(path, b"first") for _ in range(TRIES))
        if_none_match = created and not bucket.create(path, b"second")
        if not created:
            bucket.overwrite(path, b"first")
        return Honours(_if_match(bucket, path), if_none_match)
    finally:
        bucket.delete(path)


def _if_match(bucket: Bucket, path: str) -> bool:
    if bucket.replace(path, b"third", WRONG):
        return False
    for _ in range(TRIES):
        there = bucket.get(path)
        if there and bucket.replace(path, b"fourth", there.etag):
            return True
    return False


def manner_of(bucket: Bucket, honours: Honours) -> str:
    """How the pointer is moved in this store.

    Raises:
        ObjectStoreRefused: it honours neither, and it was not said that there is one publisher only.
    """
    manner = honours.manner(single=bucket.wishes.single_publisher)
    if manner is None:
        raise ObjectStoreRefused(
            f"{bucket.where} has no conditional writes (neither If-Match nor If-None-Match is honoured), so two "
            "publishers would lose one another's versions. Nothing was published; where only this archive ever "
            "publishes there, set APOD_OBJECTSTORE_SINGLE_PUBLISHER=true and type: apod run"
        )
    return manner
