"""The one pointer to the newest version, read and moved in the manner that the store allows.

Takes a bucket, gives what the pointer says with what its next move hangs on. `layout.json` says the manner: `latest` is
one object moved by `If-Match`, `numbered` are objects `pointers/000000123.json` of which the last counts, each created
with `If-None-Match: *`; `single` is one object that is just written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.complaints import ObjectGone
from apod_pipeline.extras.objectstore.manifest import FORMAT, Manifest, Pointer, sha256_of
from apod_pipeline.extras.objectstore.probing import LATEST, NUMBERED, SINGLE, Honours, manner_of, probe

LAYOUT, POINTER, POINTERS = "layout.json", "latest.json", "pointers/"


class Pointed(NamedTuple):
    """What the pointer says, and what its next move hangs on: an ETag, or a number."""

    pointer: Pointer
    token: str


class Pointers:
    """The pointer of a bucket.

    Args:
        bucket: where.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._layout: Mapping[str, Any] | None = None  # which is written once

    def layout(self) -> Mapping[str, Any] | None:
        """What the first publication found out; None before it."""
        if self._layout is None and (found := self._bucket.get(LAYOUT)):
            self._layout = _believed(self._bucket, LAYOUT, found.body, json.loads)
        return self._layout

    @cached_property
    def manner(self) -> str:
        """How it is moved; found out, and written down for everybody, at the first publication.

        Raises:
            ObjectStoreRefused: two publishers would lose one another's versions.
        """
        if layout := self.layout():
            return str(layout["pointer"])
        honours = probe(self._bucket)
        manner = manner_of(self._bucket, honours)
        body = (json.dumps({"format": FORMAT, "pointer": manner, "honours": honours._asdict()}) + "\n").encode()
        if manner == SINGLE:
            self._bucket.overwrite(LAYOUT, body)
        elif not self._bucket.create(LAYOUT, body) and (theirs := self.layout()):
            return str(theirs["pointer"])
        return manner

    def read(self) -> Pointed | None:
        """The newest version; None before the first publication."""
        layout = self.layout()
        if layout is None:
            return None
        if layout["pointer"] == NUMBERED:
            return self._last_number()
        found = self._bucket.get(POINTER)
        return Pointed(_believed(self._bucket, POINTER, found.body, Pointer.of), found.etag) if found else None

    def _last_number(self) -> Pointed | None:
        names = self._bucket.sizes(POINTERS)
        if not names:
            return None
        last = max(names)
        found = self._bucket.get(last)
        if found is None:
            raise _gone(self._bucket, last)
        number = last.removeprefix(POINTERS).removesuffix(".json")
        return Pointed(_believed(self._bucket, last, found.body, Pointer.of), number)

    def move(self, pointer: Pointer, read: Pointed | None) -> bool:
        """Let the pointer say something else than what was read; False where somebody else moved it since."""
        body = pointer.body()
        if self.manner == NUMBERED:
            number = int(read.token) + 1 if read else 1
            return self._bucket.create(f"{POINTERS}{number:09}.json", body)
        if self.manner == LATEST:
            return self._bucket.replace(POINTER, body, read.token) if read else self._bucket.create(POINTER, body)
        self._bucket.overwrite(POINTER, body)
        return True

    def manifest(self, pointer: Pointer) -> Manifest:
        """The manifest that the pointer names.

        Raises:
            ObjectGone: it is not there, or is not the one that was named.
        """
        found = self._bucket.get(pointer.manifest)
        if found is None or sha256_of(found.body) != pointer.sha256:
            raise _gone(self._bucket, pointer.manifest)
        manifest: Manifest = _believed(self._bucket, pointer.manifest, found.body, Manifest.of)
        return manifest

    def honours(self) -> Honours:
        """What the store honours, as the first publication found; tried now where there was none."""
        layout = self.layout()
        return Honours(**layout["honours"]) if layout else probe(self._bucket)


def _gone(bucket: Bucket, path: str) -> ObjectGone:
    return ObjectGone(
        f"{bucket.where}: {path} is gone, or is not what it was. What is here is untouched; where the archive is, type "
        "`apod run`, which publishes its newest version again."
    )


def _believed(bucket: Bucket, path: str, body: bytes, read: Any) -> Any:  # noqa: ANN401 - whatever it reads
    try:
        return read(body)
    except (ValueError, KeyError, TypeError):
        raise _gone(bucket, path) from None
