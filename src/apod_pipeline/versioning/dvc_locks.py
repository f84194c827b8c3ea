"""Locks that a dead DVC left in an archive: who reads and writes what, in `.dvc/tmp/rwlock`.

Takes an archive whose lock the caller holds, so that no other run is in DVC now; only who typed a `dvc` command may be,
and what such a process holds is never taken away. DVC itself trusts a process number, which another process may have by
now (in a container it often does), and stops for good at a file that was torn by a kill.
"""

from __future__ import annotations

import fcntl
import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


def release_dead_locks(root: Path) -> None:
    """Remove DVC's list of locks where nobody who lives holds one."""
    path = root / ".dvc" / "tmp" / "rwlock"
    if not path.exists():
        return
    with path.with_name("rwlock.lock").open("a") as guard, suppress(BlockingIOError):
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)  # else a living DVC writes to it just now
        _remove_if_dead(path)


def _remove_if_dead(path: Path) -> None:
    try:
        held = json.loads(path.read_bytes())
        holders = [*held.get("write", {}).values(), *(one for many in held.get("read", {}).values() for one in many)]
        living = [holder for holder in holders if _is_dvc(holder)]
    except FileNotFoundError:
        return
    except (ValueError, AttributeError, TypeError, KeyError):
        holders, living = [{"cmd": "a process that was killed while it wrote"}], []
    if holders and not living:
        log.warning("dvc: %s was left by %s: removed", path, holders[0].get("cmd"))
        path.unlink(missing_ok=True)


def _is_dvc(holder: dict[str, Any]) -> bool:
    import psutil  # only where a lock is in the way

    try:
        words = psutil.Process(int(holder["pid"])).cmdline()
    except psutil.Error:
        return False
    return any(Path(word).name == "dvc" for word in words)
