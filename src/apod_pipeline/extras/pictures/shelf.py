"""Where picture files lie, by their hash: `data/pictures/ab/abcd….jpg`, each with its thumbnail beside it.

Takes hashes and finished files, gives paths. A file has its name when it is whole, and is never written to again. The
first two digits are folders of their own, each kept by DVC with a listing of its own: one new picture changes one of
256 of them.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from apod_pipeline.archive.folder import Archive, close_folder
from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.archive.writing import move, sha256
from apod_pipeline.errors import ArchiveBusy

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/tiff": "tif",
    "image/bmp": "bmp",
    "image/avif": "avif",
}
THUMBNAIL = ".thumb.webp"
MOST_QUARANTINED = 50  # files that were refused, the newest; older ones go


@dataclass(frozen=True, repr=False)
class Shelf:
    """The pictures of an archive.

    Attributes:
        archive: the folder.
    """

    archive: Archive

    @property
    def root(self) -> Path:
        """Where the pictures are."""
        return self.archive.root / "data" / "pictures"

    @property
    def private(self) -> Path:
        """This machine's own: what comes, what waits to be kept, what was refused. Untracked."""
        return self.archive.private / "pictures"

    @property
    def incoming(self) -> Path:
        """What comes."""
        return self.private / "incoming"

    def folder(self, digest: str) -> Path:
        """The folder of a hash."""
        return self.root / digest[:2]

    def path(self, digest: str, kind: str) -> Path:
        """Where a picture of a media type is, or belongs."""
        return self.folder(digest) / name_of(digest, kind)

    def thumbnail(self, digest: str) -> Path:
        """Where its thumbnail is, or belongs."""
        return self.folder(digest) / f"{digest}{THUMBNAIL}"

    def prepare(self) -> None:
        """Make the folders that are missing."""
        self.archive.close_private()
        for folder in (self.private, self.incoming, self.private / "quarantine"):
            close_folder(folder, shared_like=self.archive.private)

    def put(self, file: Path, thumbnail: Path, digest: str, kind: str) -> None:
        """Give a finished picture and its thumbnail their places; what is there already is the same."""
        self.folder(digest).mkdir(parents=True, exist_ok=True)
        for source, target in ((thumbnail, self.thumbnail(digest)), (file, self.path(digest, kind))):
            if target.exists():
                source.unlink()
                continue
            source.chmod(0o644)
            move(source, target)
            kill_point("picture-placed")

    def is_sound(self, digest: str, kind: str) -> bool:
        """Whether a picture is here and is what its name says, and its thumbnail is here."""
        path = self.path(digest, kind)
        return path.is_file() and self.thumbnail(digest).is_file() and sha256(path) == digest

    def quarantine(self, file: Path, digest: str) -> None:
        """Put away a file that was refused, for who wants to see why; the oldest of many go."""
        file.replace(self.private / "quarantine" / digest)
        kept = sorted((self.private / "quarantine").iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in kept[MOST_QUARANTINED:]:
            old.unlink(missing_ok=True)

    def names(self) -> set[str]:
        """Every file's name."""
        return {file.name for file in self._files()}

    def taken(self) -> int:
        """Bytes that all files take: every one of them is looked at."""
        return sum(file.stat().st_size for file in self._files())

    def _files(self) -> Iterator[os.DirEntry[str]]:
        """Every file: of many thousands, so no path is made of them."""
        for folder in _entries(self.root):
            if folder.is_dir():
                yield from (file for file in _entries(folder.path) if file.name[0] != "." and file.is_file())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the pictures against other syncs; the archive itself is not held meanwhile.

        Raises:
            ArchiveBusy: another sync is at it.
        """
        self.prepare()
        descriptor = os.open(self.private / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ArchiveBusy(
                    f"the pictures of {self.archive.root} are being synchronised by another process. Nothing was "
                    "changed; wait for it to end, then type the same command again."
                ) from error
            yield
        finally:
            os.close(descriptor)


def name_of(digest: str, kind: str) -> str:
    """The name of a picture's file."""
    return f"{digest}.{EXTENSIONS[kind]}"


def _entries(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except FileNotFoundError:
        return []
