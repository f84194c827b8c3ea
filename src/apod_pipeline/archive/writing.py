"""Files that are written whole or not at all.

Takes paths, gives files in their place. A kill at any moment leaves the old file, or the new one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from apod_pipeline.archive.kill_points import kill_point


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Write a file whole or not at all: a temporary neighbour, flushed to disk, takes its name at the end.

    A failure leaves the old file and no neighbour; a kill leaves the old file and a neighbour that
    `sweep` removes. What is not `durable` survives a kill of the process, but perhaps not of the machine.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    neighbour = path.with_name(f".{path.name}.partial")
    try:
        with neighbour.open("wb") as file:
            yield file
            kill_point(f"write {path.name}")
            file.flush()
            if durable:
                os.fsync(file.fileno())
        neighbour.replace(path)
    except BaseException:
        neighbour.unlink(missing_ok=True)
        raise
    if durable:
        _sync(path.parent)


def sha256(path: Path) -> str:
    """A file's SHA-256, hexadecimal, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def move(path: Path, target: Path) -> None:
    """Give a finished file its place, and see that it and its name are on the disk."""
    _sync(path)
    path.replace(target)
    _sync(target.parent)


def sweep(folder: Path) -> None:
    """Remove what a killed writer left behind."""
    for neighbour in folder.glob(".*.partial"):
        neighbour.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
