"""Which bytes and which commit stand behind an entry: from the archive's ledger and its Git history.

Takes an archive and a row, gives the raw reply's SHA-256 and the version's commit. Never writes;
where there are tables but not the archive's folder, both are None. What was read is kept until the tables show another
version.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.errors import ApodError
from apod_pipeline.extras.mirror.reads import Row
from apod_pipeline.extras.mirror.shelves import VersionWatch
from apod_pipeline.versions.commits import Commit, commits

AGAIN_SECONDS = 1.0  # how long nobody reads an incomplete history again


class Provenance:
    """The way back from a row to its bytes.

    Args:
        archive: whose ledger and history are read.
        watch: tells which version the tables show.
    """

    def __init__(self, archive: Archive, watch: VersionWatch) -> None:
        self._archive = archive
        self._watch = watch
        self._version: tuple[dt.datetime, int] | None = None
        self._replies: Mapping[str, Mapping[str, Any]] = {}
        self._commits: Sequence[Commit] = ()
        self._again = float("-inf")
        self._lock = asyncio.Lock()

    async def of(self, row: Row) -> dict[str, str | None]:
        """`reply_sha256` and `version` of a row of `NAME_revision`."""
        await self._watch.look()
        if self._watch.version != self._version:
            async with self._lock:  # one reads, however many ask
                await self._catch_up()
        index = bisect_left(self._commits, row["observed_from"], key=attrgetter("at"))
        found = self._commits[index] if index < len(self._commits) else None
        reply = self._replies.get(row["reply"] or "")
        return {"reply_sha256": reply["sha256"] if reply else None, "version": found.commit if found else None}

    async def _catch_up(self) -> None:
        """Read what stands behind the version that is shown.

        A run commits after it loads, and cannot while DVC's remote is away: what the history does not show yet is
        looked for again, and not at every row.
        """
        version, now = self._watch.version, asyncio.get_running_loop().time()
        if version == self._version or now < self._again:
            return
        self._replies, self._commits = await asyncio.to_thread(self._read)
        complete = bool(version and self._commits and self._commits[-1].at >= version[0])
        self._version, self._again = (version if complete else None), now + AGAIN_SECONDS

    def _read(self) -> tuple[Mapping[str, Mapping[str, Any]], Sequence[Commit]]:
        try:
            return Ledger(self._archive).known().replies, commits(self._archive)
        except (ApodError, OSError):
            return {}, ()
