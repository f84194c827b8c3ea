"""How much a disk still takes: bytes, and files, of which many file systems hold only so many.

Takes a folder, gives what is left where it is. Never writes.
"""

from __future__ import annotations

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
