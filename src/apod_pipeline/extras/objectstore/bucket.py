"""The bucket, below a prefix: what can be asked of it, and nothing of what lies there.

Takes `Wishes`, gives bytes, sizes and whether a conditional write was honoured. The library is imported when the first
thing is asked. Never shows a credential: the library reads the `AWS_*` variables by itself, where none were handed in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cached_property
from typing import IO, Any, NamedTuple

from apod_pipeline.extras.objectstore.complaints import ObjectStoreError, in_our_words
from apod_pipeline.extras.objectstore.settings import Wishes

PART = 8 << 20  # bytes of a part; a file that is larger is sent in parts
PIECE = 4 << 20  # bytes that are read at a time
TRIES = 1000  # of a request: what bounds them is the time that was set
SOON, LATER = dt.timedelta(seconds=0.1), dt.timedelta(seconds=5)  # pauses before a request is repeated


class Object(NamedTuple):
    """A small object: its bytes, and what a later write can be made to hang on."""

    body: bytes
    etag: str


class Bucket:
    """What is below a prefix of a bucket.

    Args:
        wishes: where, and how long to wait.
    """

    def __init__(self, wishes: Wishes) -> None:
        self.wishes = wishes
        self.where = wishes.url or "the object store"

    @cached_property
    def _store(self) -> Any:  # noqa: ANN401 - the library's
        from obstore.store import S3Store

        bucket, prefix = self.wishes.place
        seconds = dt.timedelta(seconds=self.wishes.timeout)
        told: dict[str, Any] = {
            "prefix": prefix or None,
            "client_options": {"timeout": seconds, "connect_timeout": min(seconds, dt.timedelta(seconds=10))},
            "retry_config": {
                "max_retries": TRIES,
                "backoff": {"init_backoff": SOON, "max_backoff": LATER, "base": 2},
                "retry_timeout": dt.timedelta(seconds=self.wishes.patience),
            },
            **{name: value for name, value in self.wishes.keys._asdict().items() if value},
            "checksum_algorithm": "SHA256",  # a store that knows it refuses what was damaged on its way
        }
        if endpoint := self.wishes.endpoint:
            told["endpoint"] = endpoint
            told["client_options"]["allow_http"] = endpoint.startswith("http://")
        with in_our_words(self.where):
            return S3Store(bucket, **told)

    def get(self, path: str) -> Object | None:
        """A small object; None where there is none."""
        import obstore

        with in_our_words(self.where):
            try:
                got = obstore.get(self._store, path)
                return Object(bytes(got.bytes()), got.meta["e_tag"] or "")
            except FileNotFoundError as error:
                return self._none(error)

    def pieces(self, path: str) -> Iterator[bytes]:
        """An object, piece by piece.

        Raises:
            FileNotFoundError: there is none.
        """
        import obstore

        with in_our_words(self.where):
            for piece in obstore.get(self._store, path).stream(PIECE):
                yield bytes(piece)

    def size(self, path: str) -> int | None:
        """How large an object is; None where there is none."""
        import obstore

        with in_our_words(self.where):
            try:
                return int(obstore.head(self._store, path)["size"])
            except FileNotFoundError as error:
                return self._none(error)

    @staticmethod
    def _none(error: Exception) -> None:
        if "NoSuchBucket" in str(error):
            raise error

    def send(self, path: str, file: IO[bytes] | bytes, size: int) -> None:
        """Put an object in its place whole, whatever was there, and see that it is as large as it should be.

        Raises:
            ObjectStoreError: it is not.
        """
        import obstore

        with in_our_words(self.where):
            obstore.put(self._store, path, file, use_multipart=size > PART, chunk_size=PART, max_concurrency=4)
        if (there := self.size(path)) != size:
            raise ObjectStoreError(
                f"{self.where}: {path} was sent with {size} bytes, and the store says {there}. No version names it; "
                "type `apod run` to send it again."
            )

    def overwrite(self, path: str, body: bytes) -> None:
        """Put a small object in its place, whatever was there."""
        import obstore

        with in_our_words(self.where):
            obstore.put(self._store, path, body, use_multipart=False)

    def create(self, path: str, body: bytes) -> bool:
        """Put a small object where none is; False where there was one (`If-None-Match: *`)."""
        return self._conditional(path, body, "create")

    def replace(self, path: str, body: bytes, etag: str) -> bool:
        """Put a small object in place of the one that was read; False where it was changed since (`If-Match`)."""
        return self._conditional(path, body, {"e_tag": etag})

    def _conditional(self, path: str, body: bytes, mode: Any) -> bool:  # noqa: ANN401 - the library's
        import obstore
        from obstore import exceptions

        with in_our_words(self.where):
            try:
                obstore.put(self._store, path, body, mode=mode, use_multipart=False)
            except (exceptions.AlreadyExistsError, exceptions.PreconditionError, FileNotFoundError) as error:
                if "NoSuchBucket" in str(error):
                    raise
                return False
            except exceptions.GenericError as error:
                if "status code: 409" in str(error):  # another write to it is on its way
                    return False
                raise
        return True

    def copy(self, path: str, target: str) -> None:
        """Copy an object inside of the store."""
        import obstore

        with in_our_words(self.where):
            obstore.copy(self._store, path, target)

    def delete(self, path: str) -> None:
        """Remove an object; only ever what a probe made."""
        import obstore

        with in_our_words(self.where):
            obstore.delete(self._store, path)

    def sizes(self, prefix: str, after: str = "") -> dict[str, int]:
        """Every object below a prefix and its size, in the order of their names."""
        import obstore

        with in_our_words(self.where):
            pages = obstore.list(self._store, prefix, offset=after or None, chunk_size=1000)
            return {one["path"]: int(one["size"]) for page in pages for one in page}
