"""What DVC keeps, by its hash: from the archive's cache, or brought there from the remote, and verified either way.

Takes an archive and a DVC remote, gives files. An object is never handed out, and never put anywhere, without being
hashed: DVC itself trusts a name. Deletes one only where it is told to. DVC is imported only when a remote is asked.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.archive.writing import replacing
from apod_pipeline.errors import VersioningError
from apod_pipeline.versioning import dvc_repository
from apod_pipeline.versioning.dvc import DvcVersioner

log = logging.getLogger(__name__)

DIRECTORY = ".dir"  # ends the hash of a folder's listing
AT_ONCE = 8  # objects of a remote that are read lie on the disk for a moment: so many


@dataclass(eq=False, repr=False)
class DvcObjects:
    """The objects of one archive.

    Attributes:
        archive: whose cache.
        remote: any DVC remote URL, or a folder.
    """

    archive: Archive
    remote: str

    # ---- here ----------------------------------------------------------------------------
    def place(self, oid: str) -> Path:
        """Where an object lies in the cache, whether it is there or not."""
        return self.archive.root / ".dvc" / "cache" / _layout(oid)

    def sound(self, oid: str) -> bool:
        """True when the cache holds the object, and it is what its name says."""
        return is_object(self.place(oid), oid)

    def read(self, oid: str) -> bytes | None:
        """A small object's bytes, from wherever it is sound without being brought here; None where it is not."""
        places = [self.place(oid), *([self.folder / _layout(oid)] if self.folder else [])]
        return next((place.read_bytes() for place in places if is_object(place, oid)), None)

    def listing(self, oid: str) -> dict[str, str]:
        """The files of a folder: name -> hash. Its listing is brought first, where it is not here."""
        self.bring([oid])
        return {item["relpath"]: item["md5"] for item in json.loads(self.place(oid).read_bytes())}

    def closure(self, oids: Iterable[str]) -> set[str]:
        """Objects, and those that the folders among them hold."""
        wanted = set(oids)
        for oid in [oid for oid in wanted if oid.endswith(DIRECTORY)]:
            wanted.update(self.listing(oid).values())
        return wanted

    def keep(self, file: Path, oid: str) -> None:
        """Put a file into the cache under its hash.

        Raises:
            VersioningError: when it is another file.
        """
        if md5(file) != oid.removesuffix(DIRECTORY):
            raise VersioningError(
                f"{file} is not the object {oid}. Nothing was changed; `apod verify` names what differs."
            )
        _put(file, self.place(oid))

    def copy(self, oid: str, target: Path) -> None:
        """Make a file out of an object: whole, or not at all."""
        self.bring([oid])
        _put(self.place(oid), target)

    # ---- there ---------------------------------------------------------------------------
    @property
    def folder(self) -> Path | None:
        """The remote's folder where it is one on this machine, else None: then only DVC can reach it."""
        kind = urlsplit(self.remote).scheme
        return Path(self.remote.removeprefix("file://")) if kind in {"", "file"} else None

    def bring(self, oids: Collection[str]) -> None:
        """See that the cache holds sound objects; what it has not is brought from the remote.

        Raises:
            VersioningError: naming those that the remote has not, or has damaged. The others were brought.
        """
        if lost := self.fetch(oids):
            raise VersioningError(
                f"{len(lost)} of {len(oids)} objects ({min(lost)} ...) are neither here nor intact on {self.remote}. "
                "Nothing else was changed; check that the remote is the right one (`apod doctor`, APOD_DVC_REMOTE), "
                "then type the same command again; `apod verify` names what differs."
            )

    def fetch(self, oids: Collection[str]) -> set[str]:
        """The same, but what is nowhere is given back."""
        wanted = [oid for oid in oids if not self.sound(oid)]
        if not wanted:
            return set()
        with self._remote("fetch") as odb:
            there = sorted(odb.oids_exist(wanted))
            return set(wanted) - {oid for some in batched(there) for oid in self._fetched(odb, some)}

    def _fetched(self, odb: Any, oids: Sequence[str]) -> Iterator[str]:  # noqa: ANN401 - DVC is untyped
        """Those of some objects that came, and are what their names say."""
        with self._copied(odb, oids) as files:
            for oid, path in files.items():
                if is_object(path, oid):
                    self._cache(path, oid)
                    yield oid

    @contextmanager
    def _copied(self, odb: Any, oids: Sequence[str]) -> Iterator[dict[str, Path]]:  # noqa: ANN401 - DVC is untyped
        """Copies of some of the remote's objects, whatever they are, for a moment."""
        folder = self.archive.root / ".dvc" / "tmp" / "fetched"
        try:
            files = {oid: folder / oid for oid in oids}
            odb.fs.get([odb.oid_to_path(oid) for oid in oids], [str(path) for path in files.values()])
            yield files
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def damaged_there(self, oids: Collection[str]) -> set[str]:
        """Which of some objects, that the remote holds, are not what their names say: read from there, every byte."""
        if not oids:
            return set()
        with self._remote("read") as odb:
            damaged = set()
            for some in batched(sorted(oids), AT_ONCE):
                with self._copied(odb, some) as files:
                    damaged |= {oid for oid, path in files.items() if not is_object(path, oid)}
            return damaged

    def _cache(self, file: Path, oid: str) -> None:
        place = self.place(oid)
        _put(file, place)
        place.chmod(0o444)  # as DVC does: whoever edits a file must not edit its past

    def missing_there(self, oids: Iterable[str]) -> set[str]:
        """Which objects the remote does not hold: of a folder on this machine hashed, of any other by its list."""
        wanted = set(oids)
        if (folder := self.folder) is not None:
            names = sorted(wanted)
            with ThreadPoolExecutor(2) as pool:  # hashing works outside of Python's lock
                sound = pool.map(lambda oid: is_object(folder / _layout(oid), oid), names)
                return {oid for oid, well in zip(names, sound, strict=True) if not well}
        with self._remote("status") as odb:
            return wanted.difference(odb.oids_exist(sorted(wanted)))

    def send(self, oids: Iterable[str], damaged: Collection[str] = ()) -> int:
        """Put sound objects of the cache where the remote lacks or has damaged them; gives how many.

        Args:
            oids: what is to be there.
            damaged: what is known to be there, and not sound.
        """
        wanted = sorted(self.missing_there(oids) | {*damaged})
        if wanted:
            with self._remote("push") as odb:
                for oid in wanted:
                    dvc_repository.put(odb, self.place(oid), oid, anew=oid in damaged)
        return len(wanted)

    def present(self, oids: Collection[str]) -> set[str]:
        """Which of some objects are here or on the remote, whatever they are."""
        here = {oid for oid in oids if self.place(oid).exists()}
        if self.folder:
            return here | {oid for oid in oids if (self.folder / _layout(oid)).exists()}
        if rest := sorted(set(oids) - here):
            with self._remote("look") as odb:
                here |= set(odb.oids_exist(rest))
        return here

    def remove(self, oids: Collection[str], *, only_here: bool = False) -> dict[str, int]:
        """Let go of objects, in the cache and on the remote; gives those that were there, with the bytes that went.

        For what is made again when somebody asks for it: who calls has seen to that.
        """
        places = [(oid, self.place(oid)) for oid in sorted(oids)]
        if self.folder and not only_here:
            places += [(oid, self.folder / _layout(oid)) for oid in sorted(oids)]
        gone: dict[str, int] = {}
        for oid, place in places:
            with suppress(FileNotFoundError):
                size = place.stat().st_size
                place.unlink()
                kill_point("object-removed")
                gone[oid] = gone.get(oid, 0) + size
        if oids and not self.folder and not only_here:
            with self._remote("remove") as odb:
                for oid in odb.oids_exist(sorted(oids)):
                    size = int(odb.fs.size(odb.oid_to_path(oid)) or 0)
                    try:
                        odb.fs.remove(odb.oid_to_path(oid))
                    except NotImplementedError:  # what is served over HTTP mostly cannot be
                        log.warning("%s cannot remove objects: those that are there stay", self.remote)
                        break
                    gone[oid] = gone.get(oid, 0) + size
        return gone

    @contextmanager
    def _remote(self, doing: str) -> Iterator[Any]:
        versioner = DvcVersioner(self.archive, self.remote)
        try:
            with versioner.repository(doing) as repo:
                yield repo.cloud.get_remote_odb(hash_name="md5")
        finally:
            versioner.close()


def md5(path: Path) -> str:
    """A file's MD5: DVC's name for it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _layout(oid: str) -> Path:
    return Path("files", "md5", oid[:2], oid[2:])


def is_object(file: Path, oid: str) -> bool:
    """True when a file is there, and is the object of that name."""
    return file.is_file() and md5(file) == oid.removesuffix(DIRECTORY)


def batched(oids: Sequence[str], size: int = 256) -> Iterator[Sequence[str]]:
    """Objects in parts, so that a great many do not lie on the disk twice at one time."""
    return (oids[start : start + size] for start in range(0, len(oids), size))


def _put(file: Path, target: Path) -> None:
    # DVC write-protects what it caches; a copy of that must be free to be written again.
    with replacing(target) as whole, file.open("rb") as source:
        shutil.copyfileobj(source, whole, 1 << 20)
