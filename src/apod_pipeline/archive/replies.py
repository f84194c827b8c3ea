"""Where a raw reply lies: a file of its own, or in a pack; and whether it is what the ledger says it is.

Takes an archive and names of replies, gives files to be read, and the names of those that are gone or damaged. Only
reads, and never mends.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known
from apod_pipeline.archive.lines import read_lines
from apod_pipeline.archive.packs import hash_in, packs_in, replies_in, unpack
from apod_pipeline.archive.writing import sha256

SCRATCH = "scratch-"
OLD = 86_400  # seconds


@dataclass(frozen=True)
class Replies:
    """An archive's raw replies, wherever they lie."""

    archive: Archive

    def names(self) -> set[str]:
        """All that are here."""
        plain = {path.name for path in self.archive.raw.iterdir()} if self.archive.raw.exists() else set()
        return plain | self.packs.keys()

    @cached_property
    def packs(self) -> Mapping[str, Path]:
        """For every packed reply the pack that holds it; looked at once."""
        return {name: pack for pack in packs_in(self.archive.raw) for name in replies_in(pack)}

    @contextmanager
    def opened(self, name: str, most: int | None = None) -> Iterator[Path]:
        """A reply as a file of its own name, for as long as it is read.

        Args:
            name: the reply.
            most: how many bytes it has; a pack that says more is not believed.

        Raises:
            FileNotFoundError: it is not here.
        """
        plain = self.archive.raw / name
        if plain.exists() or (pack := self.packs.get(name)) is None:
            yield plain
            return
        here = self.archive.private if os.access(self.archive.private, os.W_OK) else None
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=here, ignore_cleanup_errors=True) as folder:
            copy = Path(folder, plain.name)
            unpack(pack, name, copy, most)
            yield copy

    def sha256(self, name: str) -> str | None:
        """A reply's hash; None where it is not here, or cannot be read."""
        try:
            return sha256(self.archive.raw / name)
        except FileNotFoundError:
            pack = self.packs.get(name)
            return hash_in(pack, name) if pack else None


def sweep_scratch(archive: Archive) -> None:
    """Remove what readers left behind: copies out of packs, and versions that were made again."""
    for folder in archive.private.glob(f"{SCRATCH}*"):
        if time.time() - folder.stat().st_mtime > OLD:  # another process may be reading
            shutil.rmtree(folder, ignore_errors=True)


def given_up(archive: Archive) -> set[str]:
    """Replies of which somebody wrote down that they are lost."""
    return {line["file"] for line in read_lines(archive.ledger / "lost.jsonl")}


def missing_replies(archive: Archive, known: Known, elsewhere: Collection[str] = ()) -> list[str]:
    """Replies that the ledger tells of and that are not there; their bytes are not looked at.

    Args:
        archive: where they should be.
        known: what the ledger adds up to.
        elsewhere: those that an archive of which only a part is here may lack.
    """
    missing = known.replies.keys() - Replies(archive).names() - set(elsewhere)
    return sorted(missing - given_up(archive)) if missing else []


def damaged(archive: Archive, known: Known, files: Collection[str] | None = None) -> list[str]:
    """Replies (all, or some of them) that are gone or have other bytes than those that came."""
    wanted: Iterable[str] = known.replies if files is None else files
    names, replies = sorted(set(wanted) - given_up(archive)), Replies(archive)
    with ThreadPoolExecutor(2) as pool:  # hashing works outside of Python's lock
        sound = pool.map(lambda name: replies.sha256(name) == known.replies[name]["sha256"], names)
        return [name for name, well in zip(names, sound, strict=True) if not well]
