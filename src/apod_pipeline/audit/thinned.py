"""Versions that were thinned out: can they still be made again, just as they were?

Takes an archive, gives a check. A few are made again each time, others each day; all of them where everything is read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.replies import SCRATCH
from apod_pipeline.audit.copies import RemoteShare
from apod_pipeline.audit.findings import found, in_short, looked_at
from apod_pipeline.errors import ApodError
from apod_pipeline.model import Finding
from apod_pipeline.versioning.git import Git
from apod_pipeline.versions.remade import Remade
from apod_pipeline.versions.remaking import Remaking
from apod_pipeline.versions.thinned import Thinned, thinned

PROVED = 2  # each time


def proved(archive: Archive, reading: RemoteShare) -> Iterator[Finding]:
    """Some thinned versions made again and compared; nothing is said where there are none.

    Args:
        archive: whose.
        reading: how much is read, and on which day; all of it proves all versions.
    """
    told = _of_this_history(archive)
    if not told:
        return
    wrong: list[str] = []
    chosen = _turn(told, reading)
    try:
        with tempfile.TemporaryDirectory(prefix=SCRATCH) as folder:
            remade, remaking = Remade(archive), Remaking(archive, Path(folder, "made"))
            for one in reversed(chosen):
                try:
                    remade.compared(one, remaking)
                except ApodError:
                    wrong.append(one.commit[:10])
    except (ApodError, OSError) as error:
        yield looked_at("thinned versions", well=False, says=in_short(error), do="apod recover processed")
        return
    well = f"{len(told)} are made again when asked for; {len(chosen)} of them were now, byte for byte"
    ill = f"{{count}} of {len(chosen)} cannot be made again as they were"
    yield found("thinned versions", wrong, well=well, ill=ill, do="apod recover ledger")


def _of_this_history(archive: Archive) -> list[Thinned]:
    """Those that lead to where the archive stands, oldest first: what is set aside is made from what came after it."""
    if not (every := thinned(archive)):
        return []
    ours = set(Git(archive.root).run("rev-list", "HEAD").split())
    return [one for _, one in sorted({one.at: one for one in every.values() if one.commit in ours}.items())]


def _turn(told: list[Thinned], reading: RemoteShare) -> list[Thinned]:
    """Those whose turn it is: from the day's place on, so that all have theirs."""
    if reading.share >= 1 or len(told) <= PROVED:
        return told
    first = reading.day.toordinal() * PROVED % len(told)
    return sorted((told + told)[first : first + PROVED], key=lambda one: one.at)
