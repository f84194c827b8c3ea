"""Where the files lie that a run keeps for itself: one name for each run, and none for two.

Takes an archive and a run's name, gives paths in the archive's private folder. Never reads or writes there.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from apod_pipeline.archive.folder import Archive


def counts(archive: Archive, run: str) -> Path:
    """What a run's steps tell one another."""
    return _file(archive, "runs", run)


def manifest(archive: Archive, run: str) -> Path:
    """Which replies a run brought, where there were several."""
    return _file(archive, "manifests", run)


def former_counts(archive: Archive, run: str) -> Path:
    """Where the counts lay when names that differ in a sign had one file."""
    return archive.private / "runs" / f"{re.sub(r'[^A-Za-z0-9.+-]', '_', run)}.json"


def _file(archive: Archive, folder: str, run: str) -> Path:
    return archive.private / folder / f"{_plain(run)}.json"


def _plain(run: str) -> str:
    """A run's name where it can be a file's; else what can be read of it, and its digest.

    An orchestrator's runs are called `scheduled__2026-11-22T05:30:00+00:00` and worse: with signs that no file's name
    can hold, longer than one may be, or told apart by nothing but case.
    """
    if re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}", run):
        return run
    readable = re.sub(r"[^0-9A-Za-z+-]", "_", run)[:100]
    return f"{readable}~{hashlib.sha256(run.encode()).hexdigest()[:32]}"
