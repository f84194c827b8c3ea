"""Where the mirror counts what each key has asked: a file that nobody but us can write.

Takes an archive and a file of keys, gives the file's path. It lies in the archive's private folder; where that cannot
be written (a mirror may only read) in the user's state folder; where there is none, in a folder that ends with the
process.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from apod_pipeline.archive.folder import Archive

log = logging.getLogger(__name__)

NAME = "mirror-counts"


def counts_of(archive: Archive, keys: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The file of the counts; the same for the same archive and keys, as long as its folder lasts.

    Args:
        archive: that is served; there may be none.
        keys: the file of keys.
        environ: tells where a user's state lies (`XDG_STATE_HOME`, else the home).
    """
    if archive.exists and os.access(archive.private, os.W_OK):
        return archive.private / f"{NAME}.sqlite"
    of = hashlib.sha256(f"{archive.root.absolute()}\0{keys.absolute()}".encode()).hexdigest()[:16]
    return (_state_folder(environ) or _passing_folder()) / f"{NAME}-{of}.sqlite"


def _state_folder(environ: Mapping[str, str]) -> Path | None:
    """Ours alone, or None: where somebody else can write, he could make the file first."""
    told = environ.get("XDG_STATE_HOME")
    try:
        folder = (Path(told) if told else Path.home() / ".local" / "state") / "apod-pipeline"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except (OSError, RuntimeError):  # a user without a home
        return None
    is_ours = found.st_uid == os.getuid() and not found.st_mode & 0o022
    return folder if is_ours and os.access(folder, os.W_OK) else None


def _passing_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="apod-serve-counts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    log.warning(
        "neither the archive nor a home folder is writable: the requests counted per key are lost when this ends"
    )
    return folder
