"""What an operator asks first: is it fresh, what is refused, what is missing, when was it verified, what does it take.

Takes an archive and what is plugged in, gives a line for each question. Only reads; never asks a service or a remote.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path

from apod_pipeline.archive.coverage import DayStatus, coverage
from apod_pipeline.archive.disk import room
from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import instant
from apod_pipeline.ports import Extra

THERE = ("present", "gap")


def standing(archive: Archive, today: dt.date, plugged: Sequence[Extra] = ()) -> dict[str, str]:
    """The answers by question, and what extras say of themselves.

    Args:
        archive: the folder.
        today: the newest day that is due.
        plugged: what is plugged in beside the core.
    """
    known = Ledger(archive).known()
    days = [*coverage(known, today)]
    refused = sorted({day for _, day in known.open_refusals} | known.refused.keys())
    missing = [str(day.day) for day in days if day.status in {"failed", "pending"} and day.day < today]
    said = {
        "fresh": _fresh(days, today),
        "refused": _listed(refused),
        "missing": _listed(missing),
        "verified": _verified(archive),
        "disk": f"{_bytes(size_of(archive.root))}, {_bytes(room(archive.root).octets)} free",
    }
    for extra in plugged:
        said |= extra.status() if extra.status else {}
    return said


def _fresh(days: Sequence[DayStatus], today: dt.date) -> str:
    newest = next((day for day in reversed(days) if day.day <= today and day.status in THERE), None)
    if newest and newest.day == today:
        return f"yes, {today} is here"
    return f"no, {today} is not here; the newest is {newest.day}" if newest else "no, there is nothing yet"


def _verified(archive: Archive) -> str:
    told = archive.marks().verified
    if not told:
        return "never"
    at = f"{instant(told['at']):%Y-%m-%d %H:%M} UTC"
    return f"{at}, all well" if told["well"] else f"{at}, something was wrong: apod verify"


def _listed(days: Sequence[str]) -> str:
    if not days:
        return "nothing"
    return f"{days[0]}, and {len(days) - 1} more, to {days[-1]}" if days[1:] else days[0]


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; what vanishes meanwhile, or may not be seen, is not counted."""
    total, waiting = 0, [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in found:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def _bytes(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
