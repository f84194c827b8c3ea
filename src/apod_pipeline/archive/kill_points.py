"""Named places at which the tests end the process, to prove that any of them can be survived.

Takes a place's name; ends the process with SIGKILL when the environment variable `APOD_KILL_AT` names it
(`NAME` or `NAME:3` for its third passage). A child process aims at its parent instead: it is the run that is killed,
and the child has to notice. Without the variable it costs one comparison and never does anything.

The places: `reply-received`, `reply-promoted`, `write <file>`, `ledger-appended`, `version-sealed`,
`before-database-commit`, `after-database-commit`, `replies-packed`, `packed-reply-removed`, `dvc-added`,
`dvc-pushing`, `dvc-pushed`, `committed`, `git-pushed`, `thinned-told`, `object-removed`.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

_wanted, _passage, _victim = "", "", 0
_passed: Counter[str] = Counter()


def read_environment() -> None:
    """Aim as `APOD_KILL_AT` says now: done here, and once more by who is forked from a process with another one."""
    global _wanted, _passage, _victim  # noqa: PLW0603 - one process, one place
    _wanted, _, _passage = os.environ.get("APOD_KILL_AT", "").partition(":")
    _victim = os.getpid()


def kill_point(name: str) -> None:
    """Pass a place; never comes back from the one that `APOD_KILL_AT` names."""
    if name != _wanted:
        return
    _passed[name] += 1
    if _passed[name] == int(_passage or 1):
        os.kill(_victim, signal.SIGKILL)
        signal.pause()  # a child gets no further than its parent


def aim_at(process: int) -> None:
    """From now on kill points end another process."""
    global _victim  # noqa: PLW0603 - one process, one victim
    _victim = process


read_environment()
