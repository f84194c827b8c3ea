"""A version brought to the store: what is not there yet is sent, then a manifest, then the pointer is moved.

Takes an archive's contents and a version, gives how much was sent. Every step finds out by itself what there is to do;
a kill anywhere leaves a store in which the pointer names a whole version, and the next publication goes on.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.archive.known import Version
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.complaints import ObjectGone, ObjectStoreError, ObjectStoreRefused
from apod_pipeline.extras.objectstore.contents import Contents, Sending, picture
from apod_pipeline.extras.objectstore.doubts import doubt, doubted
from apod_pipeline.extras.objectstore.manifest import File, Manifest, Origin, Pointer, name_of, newest_of, sha256_of
from apod_pipeline.extras.objectstore.pointers import Pointed, Pointers

log = logging.getLogger(__name__)

MOST_RACES = 50  # that are lost in a row: each is another publisher's success
LONGEST_PAUSE = 0.3
ASKED_ONE_BY_ONE = 200  # files; of more the store is asked for a list
AT_A_TIME = 4


@dataclass
class Publication:
    """One version on its way.

    Attributes:
        contents: the files.
        version: which.
        bucket: where to.
        sent: objects that were sent.
    """

    contents: Contents
    version: Version
    bucket: Bucket
    sent: list[str] = field(default_factory=list)
    _files: dict[str, File] = field(default_factory=dict)
    _entries: int = 0
    _there: Manifest | None = None

    def __post_init__(self) -> None:
        archive = self.contents.archive
        self._pointers = Pointers(self.bucket)
        self._doubted = doubted(archive)
        first = Ledger(archive).versions()[0]
        self._origin = Origin(archive.dataset.name, timestamp(first.at))

    def send(self) -> None:
        """Send what can be sent before the version is done: files, parts, and the pictures that are here."""
        _ = self._pointers.manner  # who must not publish here shall know it before he sends anything
        pointed = self._pointers.read()
        self._there = self._manifest_of(pointed)
        processed = self.contents.processed()
        parts = self._known_parts({sending.file for sending in processed.values()})
        if parts is None:
            made, self._entries = self.contents.parts()
            processed |= made
        else:
            self._files |= parts
        self._send(processed.values())
        self._send_pictures()

    def finish(self) -> None:
        """Send the pictures that came meanwhile, then let everybody see the version."""
        self._send_pictures()
        for _ in range(MOST_RACES):
            if self._point(self._pointers.read()):
                doubt(self.contents.archive, ())
                return
            time.sleep(random.uniform(0.0, LONGEST_PAUSE))  # two that keep step would meet again
        raise ObjectStoreError(
            f"{self.bucket.where}: the pointer was moved by others {MOST_RACES} times in a row. All files are there, "
            "and no version names them; type: apod run"
        )

    # ---- what is sent ------------------------------------------------------------------------
    def _known_parts(self, processed: set[File]) -> Mapping[str, File] | None:
        """The parts of the Parquet file, where the newest version there has the very same file."""
        there = self._there
        if there is None or not processed <= set(there.files.values()):
            return None
        if any(part.object in self._doubted for part in there.parts):
            return None
        self._entries = there.entries
        return {part.path: part for part in there.parts}

    def _send_pictures(self) -> None:
        known = {**(self._there.pictures if self._there else {}), **self._files}
        sound = {path: file for path, file in known.items() if file.object not in self._doubted}
        new = [*self.contents.pictures(sound)]
        there = self.bucket.sizes("objects/") if len(new) > ASKED_ONE_BY_ONE else None

        with ThreadPoolExecutor(AT_A_TIME) as pool:
            for _ in pool.map(lambda pair: self._send_picture(pair[0], pair[1], there), new):
                pass

    def _send_picture(self, name: str, path: Path, there: Mapping[str, int] | None) -> None:
        with suppress(FileNotFoundError), picture(name, path) as sending:  # DVC may have it in its hands: another time
            if sending is None:
                log.warning("%s is not what its name says, and was not sent; type: apod pictures sync --verify", name)
                return
            self._send_one(sending, there)

    def _send(self, sendings: Iterable[Sending]) -> None:
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            for _ in pool.map(self._send_one, sendings):
                pass

    def _send_one(self, sending: Sending, there: Mapping[str, int] | None = None) -> None:
        file = sending.file
        if not self._is_there(file, there):
            self.bucket.send(file.object, sending.source, file.bytes)
            self.sent.append(file.object)
            kill_point("store-object-sent")
        self._files[file.path] = file

    def _is_there(self, file: File, there: Mapping[str, int] | None) -> bool:
        if file.object in self._doubted:
            return False
        if self._there and self._there.files.get(file.path) == file:
            return True
        size = self.bucket.size(file.object) if there is None else there.get(file.object)
        return size == file.bytes

    # ---- who sees it -------------------------------------------------------------------------
    def _manifest_of(self, pointed: Pointed | None) -> Manifest | None:
        """The newest version there; None where there is none, or where it is lost and ours is as new."""
        if pointed is None:
            return None
        pointer = pointed.pointer
        if pointer.origin != self._origin:
            raise ObjectStoreRefused(
                f"{self.bucket.where} holds another archive, of {pointer.origin.dataset} since {pointer.origin.since}; "
                f"this one is of {self._origin.dataset} since {self._origin.since}. Nothing was published; set "
                "APOD_OBJECTSTORE_URL to another prefix, then type: apod run"
            )
        try:
            return self._pointers.manifest(pointer)
        except ObjectGone:
            if pointer.at > self.version.at:
                raise
            return None

    def _point(self, pointed: Pointed | None) -> bool:
        """Let the pointer name our version, or see that it need not; False where somebody else moved it meanwhile."""
        there = self._manifest_of(pointed)
        # Pictures are never lost: what the newest version has stays, whichever machine brought it.
        files = {**(there.pictures if there else {}), **self._files}
        ours = Manifest(self._origin, self.version.at, self._commit(), self.version.rules, self._entries, files)
        if there and (there.at > ours.at or self._is_rival(there, ours)):
            self._name(ours)  # it stays to be found, and nothing goes back
            self._refresh(only_if_needed=True)
            return True
        if there and there.at == ours.at and self._is_as_good(there, ours):
            self._refresh(only_if_needed=True)
            return True
        name, digest = self._name(ours)
        kill_point("store-manifest-sent")
        if not self._pointers.move(Pointer(self._origin, ours.at, name, digest), pointed):
            return False
        kill_point("store-pointer-moved")
        self._refresh()
        return True

    def _is_rival(self, there: Manifest, ours: Manifest) -> bool:
        """Whether it is another machine's version of the same instant, and ours is not history yet.

        Only one of the two will be: who is rejected by the Git remote seals his again, at a later instant.
        """
        csv = self.contents.archive.relative(self.contents.archive.csv)
        other = there.at == ours.at and there.files.get(csv) != ours.files.get(csv)
        return other and ours.commit is None

    def _is_as_good(self, there: Manifest, ours: Manifest) -> bool:
        """Whether what is there says all that we would.

        Another machine's Parquet file may have other bytes for the same rows (another polars): the CSV tells.
        """
        csv = self.contents.archive.relative(self.contents.archive.csv)
        if there.files.get(csv) != ours.files.get(csv) or ours.pictures.keys() - there.pictures.keys():
            return False
        sent = {file.object for file in ours.files.values()}
        return not {file.object for file in there.files.values()} & self._doubted - sent

    def _commit(self) -> str | None:
        marks = self.contents.archive.marks()
        return marks.commit if marks.is_published(self.version) else None

    def _name(self, ours: Manifest) -> tuple[str, str]:
        """Put a manifest in its place, and never over another one; gives its name and hash."""
        body = ours.body()
        digest = sha256_of(body)
        for name in (name_of(ours.at), name_of(ours.at, digest)):
            there = self._created(name, body)
            if there == body or _says_the_same(there, ours):
                return name, sha256_of(there)
        raise ObjectGone(
            f"{self.bucket.where}: {name} is not what its name says. Nothing was published; publish below another "
            "prefix (APOD_OBJECTSTORE_URL) with: apod run"
        )

    def _created(self, name: str, body: bytes) -> bytes:
        """What lies at a place afterwards: these bytes, or what was there."""
        for _ in range(MOST_RACES):
            if found := self.bucket.get(name):
                return found.body
            if self.bucket.create(name, body):
                return body
        raise ObjectStoreError(f"{self.bucket.where}: {name} can neither be read nor written; type: apod store status")

    def _refresh(self, *, only_if_needed: bool = False) -> None:
        """Let the one Parquet file below `newest/` be the newest version's; whoever is late does it once more."""
        archive = self.contents.archive
        path = archive.relative(archive.parquet)
        target = newest_of(path)
        for _ in range(MOST_RACES):
            pointed = self._pointers.read()
            if pointed is None:
                return
            file = self._pointers.manifest(pointed.pointer).files[path]
            if only_if_needed and target not in self._doubted and self.bucket.size(target) == file.bytes:
                return
            self.bucket.copy(file.object, target)
            after = self._pointers.read()
            if after and after.pointer == pointed.pointer:
                return


def _says_the_same(body: bytes, ours: Manifest) -> bool:
    try:
        return Manifest.of(body).says_the_same(ours)
    except (ValueError, KeyError, TypeError):
        return False
