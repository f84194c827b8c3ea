"""Locks that a killed Git left in a repository: they would stop every later one.

Takes a lock file that is in the way, tells whether it is away afterwards. Never takes one away from a process that
lives: who could hold it is looked for first, and because not everybody can be seen from here (another container,
another machine), a lock has to be a minute old as well.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

STALE_SECONDS = 60


def released(lock: Path, root: Path) -> bool:
    """Wait until a lock is gone, or nobody's and a minute old; then it is taken away.

    Args:
        lock: the file.
        root: the folder that its Git works in.

    Returns:
        False as soon as somebody is seen who may hold it, and where it changes hands meanwhile.
    """
    first = now = _look(lock)
    deadline = time.monotonic() + STALE_SECONDS  # where the file's clock is not ours
    told = False
    while now and first and (now.st_ino, now.st_mtime_ns) == (first.st_ino, first.st_mtime_ns):
        if _is_held(lock, now.st_uid, root):
            return False
        if time.time() - now.st_mtime > STALE_SECONDS or time.monotonic() > deadline:
            log.warning("git: %s was left by a git process that has died: removed", lock)
            lock.unlink(missing_ok=True)
            return True
        if not told:
            log.warning("git: %s seems to belong to no process: it is removed once it is a minute old", lock)
            told = True
        time.sleep(0.2)  # nothing tells of a file's end
        now = _look(lock)
    return now is None


def _look(lock: Path) -> os.stat_result | None:
    try:
        return lock.stat()
    except FileNotFoundError:
        return None


def _is_held(lock: Path, owner: int, root: Path) -> bool:
    """True when a process of the lock's owner has it open, or is a git at work in its folder, or cannot be looked at.

    A git that waits for an editor has its lock closed; DVC and other programs that write Git's files keep it open.
    """
    import psutil  # only where a lock is in the way

    told = ["name", "status", "uids", "cwd", "open_files"]
    living = (p.info for p in psutil.process_iter(told) if p.info["status"] != psutil.STATUS_ZOMBIE)
    return any(_may_hold(info, lock, root) for info in living if info["uids"] and info["uids"].effective == owner)


def _may_hold(process: dict[str, Any], lock: Path, root: Path) -> bool:
    if any(Path(file.path) == lock for file in process["open_files"] or ()):
        return True
    is_git = str(process["name"]).startswith("git")
    return is_git and (process["cwd"] is None or Path(process["cwd"]).is_relative_to(root))
