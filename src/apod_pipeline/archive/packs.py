"""Older replies, many in one file: a ZIP that is written once, for a closed range of the ledger's lines.

Takes an archive and what is known of its replies; gives packs in `data/raw`. What is packed together follows from the
ledger alone, and a pack's bytes from its replies: two machines make the same. A reply leaves the folder only after it
was read back from its pack and has the hash that it came with. Never rewrites a pack.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import re
import shutil
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from apod_pipeline.archive.disk import is_full
from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.archive.known import Known
from apod_pipeline.archive.lines import instant
from apod_pipeline.archive.writing import replacing, sha256

log = logging.getLogger(__name__)

MOST, LARGEST = 32, 2 << 20  # a pack is full with so many replies, or so many bytes of them
NAME = re.compile(r"[a-z_]+_raw_(\d{6,})-(\d{6,})\.zip")
UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, RuntimeError, EOFError)
_LEVEL = 6
_PLAIN_FILE = 0o100644 << 16
_FIRST_YEAR = (1980, 1, 1, 0, 0, 0)


class Lines(NamedTuple):
    """A closed range of the ledger's reply lines, counted from 1."""

    first: int
    last: int

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.first <= number <= self.last


Line = Mapping[str, Any]


def lines_of(name: str) -> Lines | None:
    """Which of the ledger's lines a pack's replies stand in, by the file's name; None for a file that is no pack."""
    found = NAME.fullmatch(name)
    return Lines(int(found[1]), int(found[2])) if found else None


def packs_in(folder: Path) -> list[Path]:
    """The packs of a folder, oldest first."""
    there = ((lines, path) for path in folder.glob("*.zip") if (lines := lines_of(path.name)))
    return [path for _, path in sorted(there)]


def replies_in(pack: Path) -> Collection[str]:
    """Names of the replies that a pack holds; none of one that is damaged."""
    try:
        told = pack.stat()
        return _names(pack, told.st_mtime_ns, told.st_size)
    except UNREADABLE:
        return ()


@lru_cache(maxsize=4096)
def _names(pack: Path, *_stamp: int) -> frozenset[str]:
    with zipfile.ZipFile(pack) as held:
        return frozenset(
            name for name in held.namelist() if Path(name).name == name
        )  # and nothing that leads elsewhere


def unpack(pack: Path, name: str, target: Path, most: int | None = None) -> None:
    """One reply of a pack as a file; nothing else of the pack is read.

    Args:
        pack: the file.
        name: the reply.
        target: where it is written; not durable.
        most: how many bytes it may have.

    Raises:
        FileNotFoundError: it is not there, cannot be read, or is larger than it may be.
    """
    try:
        with zipfile.ZipFile(pack) as held, held.open(name) as body, target.open("wb") as file:
            if most is not None and held.getinfo(name).file_size > most:
                raise ValueError(f"{name} is larger than it was")
            shutil.copyfileobj(body, file, 1 << 20)
    except (*UNREADABLE, KeyError) as error:
        if is_full(error) or getattr(error, "filename", None) == str(target):
            raise
        raise FileNotFoundError(f"{name} cannot be read from {pack}: {error}") from error


def copied_out(pack: Path, line: Line, target: Path) -> bool:
    """A reply of a pack as a file, whole and just as it came, or not at all; false where the pack has no such bytes."""
    if hash_in(pack, line["file"]) != line["sha256"]:
        return False
    with zipfile.ZipFile(pack) as held, held.open(line["file"]) as body, replacing(target) as file:
        shutil.copyfileobj(body, file, 1 << 20)
    return True


def hash_in(pack: Path, name: str) -> str | None:
    """SHA-256 of a reply as its pack holds it; None where that cannot be read."""
    try:
        with zipfile.ZipFile(pack) as held, held.open(name) as body:
            return hashlib.file_digest(body, "sha256").hexdigest()  # type: ignore[arg-type]
    except (*UNREADABLE, KeyError):
        return None


def hashes_in(pack: Path, kind: str) -> dict[str, str]:
    """By the name of each reply of a pack its hash; nothing of a pack that is damaged."""
    hashes: dict[str, str] = {}
    try:
        with zipfile.ZipFile(pack) as held:
            for name in held.namelist():
                with held.open(name) as body:
                    digest = hashlib.file_digest(body, lambda: hashlib.new(kind, usedforsecurity=False))  # type: ignore[arg-type]
                hashes[name] = digest.hexdigest()
    except UNREADABLE:
        return {}
    return hashes


def is_whole(pack: Path) -> bool:
    """True when every byte of a pack can be read."""
    try:
        with zipfile.ZipFile(pack) as held:
            return held.testzip() is None
    except UNREADABLE:
        return False


# ---- packing -------------------------------------------------------------------------------
def pack_older(archive: Archive, known: Known, newest: int, lost: Collection[str] = ()) -> list[Path]:
    """Pack every range of replies that is closed, and older than the newest replies; gives the packs that were made.

    Args:
        archive: whose.
        known: what the ledger adds up to.
        newest: how many replies stay files of their own.
        lost: replies that somebody gave up: no pack waits for them.
    """
    _remove_doubles(archive, known)
    packed = {name for pack in packs_in(archive.raw) for name in replies_in(pack)}
    there = [line for line in known.replies.values() if line["file"] not in lost]
    kept = {line["file"] for line in there[len(there) - newest :]} if newest else set()
    ranges = [
        some
        for some in closed_ranges([line for line in there if line["file"] not in packed])
        if kept.isdisjoint(line["file"] for line in some)
    ]
    with ThreadPoolExecutor(2) as pool:  # deflating works outside of Python's lock
        return [pack for pack in pool.map(lambda some: _packed(archive, some), ranges) if pack]


def closed_ranges(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """The ranges that are full."""
    some: list[Line] = []
    for line in lines:
        some.append(line)
        if len(some) >= MOST or sum(one["size"] for one in some) >= LARGEST:
            yield some
            some = []


def _packed(archive: Archive, lines: Sequence[Line]) -> Path | None:
    """A pack of some replies, which then are no files any more; None where one of them is not what it was."""
    files = [(archive.raw / line["file"], line) for line in lines]
    if not all(path.is_file() and sha256(path) == line["sha256"] for path, line in files):
        log.warning("%s to %s: not packed, one is not as it came; `apod verify` names it", files[0][0], files[-1][0])
        return None
    first, last = lines[0]["order"] + 1, lines[-1]["order"] + 1
    pack = archive.raw / f"{archive.dataset.name}_raw_{first:06}-{last:06}.zip"
    with replacing(pack) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as made:
        for path, line in files:
            with path.open("rb") as body, made.open(_told(line), "w") as held:
                shutil.copyfileobj(body, held, 1 << 20)
    kill_point("replies-packed")
    for path, line in files:
        _remove_double(pack, path, line)
    return pack


def _told(line: Line) -> zipfile.ZipInfo:
    """What a pack says of a reply besides its bytes: all of it from the ledger, and nothing of this machine."""
    at = instant(line["at"]).astimezone(dt.UTC).timetuple()[:6]
    told = zipfile.ZipInfo(line["file"], max(at, _FIRST_YEAR))
    told.compress_type, told.external_attr, told.create_system = zipfile.ZIP_DEFLATED, _PLAIN_FILE, 3
    told.file_size = line["size"]  # decides how sizes are written
    return told


def _remove_doubles(archive: Archive, known: Known) -> None:
    """Finish what was killed: a reply that a pack holds as well is no file of its own."""
    for pack in packs_in(archive.raw):
        for name in replies_in(pack):
            path = archive.raw / name
            if name in known.replies and path.is_file() and sha256(path) == known.replies[name]["sha256"]:
                _remove_double(pack, path, known.replies[name])


def _remove_double(pack: Path, path: Path, line: Line) -> None:
    if hash_in(pack, path.name) == line["sha256"]:
        path.unlink(missing_ok=True)
        kill_point("packed-reply-removed")
    else:
        log.error("%s does not hold %s as it came; the file stays, `apod verify` tells more", pack, path.name)
