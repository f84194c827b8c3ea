"""Where the server's Unix socket lies: in its folder where that path is short enough, else elsewhere.

Takes the wished folder, gives it or one under the system's temporary folder, private and made anew, never one
that somebody else made.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from apod_pipeline.errors import DatabaseError

PORT = 5432
ROLE = DATABASE = "apod"
SOCKET_NAME = f".s.PGSQL.{PORT}"
_LONGEST_PATH = 107 if sys.platform == "linux" else 103
"""Bytes that a socket's address holds, less the closing zero: unix(7)."""


def make_socket_directory(wished: Path) -> Path:
    """A new folder for the socket, open to its owner alone.

    Raises:
        DatabaseError: No path is short enough.
    """
    if _fits(wished):
        wished.mkdir(mode=0o700)
        return wished
    import tempfile

    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp makes a private folder in it
        directory = Path(tempfile.mkdtemp(prefix="apod-", dir=parent))
        if _fits(directory):
            return directory
        directory.rmdir()
    message = (
        f"No folder has a short enough path for the Unix socket of {wished.parent}; nothing was changed. Set TMPDIR to "
        "a folder with a short path and repeat the command."
    )
    raise DatabaseError(message)


def sweep(directory: Path | None) -> None:
    """Remove a socket's directory and what a killed server left in it."""
    if directory is None:
        return
    with suppress(FileNotFoundError):
        for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (directory / name).unlink(missing_ok=True)
        directory.rmdir()


def _fits(directory: Path) -> bool:
    path = directory / SOCKET_NAME
    # libpq takes a comma for the border between two hosts, the server a quote for the end of a path
    return len(os.fsencode(path)) <= _LONGEST_PATH and not {",", '"'} & {*str(path)}
