"""Are the raw replies what the ledger says they are?

Takes an archive and what is known, gives the names of those that are not. Only reads, and never mends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known
from apod_pipeline.archive.lines import read_lines
from apod_pipeline.archive.writing import sha256


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
    there = {path.name for path in archive.raw.iterdir()} if archive.raw.exists() else set()
    missing = known.replies.keys() - there - set(elsewhere)
    return sorted(missing - given_up(archive)) if missing else []


def damaged(archive: Archive, known: Known, files: Collection[str] | None = None) -> list[str]:
    """Replies (all, or some of them) that are gone or have other bytes than those that came."""
    wanted: Iterable[str] = known.replies if files is None else files
    names = sorted(set(wanted) - given_up(archive))
    with ThreadPoolExecutor(2) as pool:  # hashing works outside of Python's lock
        sound = pool.map(lambda name: _sha256(archive, name) == known.replies[name]["sha256"], names)
        return [name for name, well in zip(names, sound, strict=True) if not well]


def _sha256(archive: Archive, name: str) -> str | None:
    try:
        return sha256(archive.raw / name)
    except FileNotFoundError:
        return None
