"""How much a disk still takes, in bytes and in files, and what is said where that is too little.

Takes a folder or an error, gives what is left where it is, and words. Never writes.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import NamedTuple


class Room(NamedTuple):
    """What is left to us on a disk.

    Attributes:
        octets: how many bytes.
        files: how many files and folders; very many where the file system sets no limit.
    """

    octets: int
    files: int


def room(folder: Path) -> Room:
    """What is left where a folder is, or will be made."""
    while not folder.exists():
        folder = folder.parent
    told = os.statvfs(folder)
    return Room(told.f_bavail * told.f_frsize, told.f_favail if told.f_files else sys.maxsize)


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk, or somebody's share of it, is full."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def make_room(folder: Path | None = None) -> str:
    """What is to be done about a full disk: of a folder, or of whichever it was."""
    where = f" on the disk of {folder}" if folder else ""
    return f"free some space{where} (`apod doctor` shows how much is left)"


def no_space(wanted: Room, left: Room, folder: Path) -> str:
    """What is said before a version is kept for which there is no room."""
    return (
        f"no space left: a version takes {wanted.octets / 1e6:.0f} MB and {wanted.files} files on the disk of "
        f"{folder}, which takes {left.octets / 1e6:.0f} MB and {left.files} files more. Nothing was committed, and "
        "what was received is kept; free some space, then type the same command again."
    )
