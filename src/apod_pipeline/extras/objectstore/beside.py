"""What is plugged into the core: each version goes to the store while the tables are loaded.

Takes an archive and a bucket. A store that is down is told, and makes the exit code; rows and commit do not wait for
it, and the next run begins it again.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.errors import ApodError
from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.complaints import ObjectStoreError
from apod_pipeline.extras.objectstore.contents import Contents
from apod_pipeline.extras.objectstore.pointers import Pointers
from apod_pipeline.extras.objectstore.publication import Publication

log = logging.getLogger(__name__)


class InParallel:
    """Versions on their way to the store, beside the tables.

    Args:
        archive: whose.
        bucket: where to.
    """

    apart = True

    def __init__(self, archive: Archive, bucket: Bucket) -> None:
        self._archive, self._bucket = archive, bucket
        self._going: _Going | None = None

    def begin(self, at: dt.datetime) -> None:
        """Open the files, and begin to send them."""
        self._going = _Going(self._archive, self._bucket, at)

    def finish(self) -> Sequence[Path]:
        """Wait until they are there, then let everybody see the version; nothing of it is for DVC."""
        going, self._going = self._going, None
        if going:
            going.finish()
        return ()

    def kept(self) -> str:
        """Never called: no folder was given."""
        return "Keep versions in the object store"

    def not_kept(self) -> None:
        """Never called, either."""


class _Going:
    """One version, and the thread that sends it."""

    def __init__(self, archive: Archive, bucket: Bucket, at: dt.datetime) -> None:
        self._archive, self._bucket, self._at = archive, bucket, at
        self._contents = Contents(archive)
        self._error: Exception | None = None
        self._publication: Publication | None = None
        self._thread: threading.Thread | None = None
        try:
            self._contents.open()
        except OSError as error:
            self._contents.close()
            self._error = error
            return
        self._thread = threading.Thread(target=self._send, name="object-store", daemon=True)
        self._thread.start()

    def _send(self) -> None:
        try:
            version = next(one for one in reversed(Ledger(self._archive).versions()) if one.at == self._at)
            self._publication = Publication(self._contents, version, self._bucket)
            self._publication.send()
        except Exception as error:  # noqa: BLE001 - told by who waits for it
            self._error = error
        finally:
            self._contents.close()  # a run that fails meanwhile waits for nobody

    def finish(self) -> None:
        try:
            log.info("object store: %d objects sent", self._finished())
        except ApodError:
            raise
        except Exception as error:
            log.exception("the version could not be sent to the object store")
            raise ObjectStoreError(
                f"{self._bucket.where}: the version could not be sent there ({type(error).__name__}). Rows and commits "
                "do not hang on it; the log says more."
            ) from error

    def _finished(self) -> int:
        """How many objects were sent, when all is there."""
        if self._thread:
            self._thread.join()
        if self._error or not self._publication:
            raise self._error or RuntimeError("nothing was begun")
        self._publication.finish()
        if self._bucket.wishes.delta:
            self._follow()
        return len(self._publication.sent)

    def _follow(self) -> None:
        """Bring the Delta table to what the pointer names now, whoever moved it."""
        from apod_pipeline.extras.objectstore.delta import follow

        pointers = Pointers(self._bucket)
        if pointed := pointers.read():
            follow(self._bucket, pointers.manifest(pointed.pointer), self._archive.dataset.columns.day)
