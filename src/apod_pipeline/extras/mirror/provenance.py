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
from typing import Any

from apod_pipeline.archive import Archive
from apod_pipeline.errors import ApodError
from apod_pipeline.extras.mirror.reading import Row
from apod_pipeline.extras.mirror.shelves import VersionWatch
from apod_pipeline.ledger import Ledger
from apod_pipeline.versions.commits import Commit, commits


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

    async def of(self, row: Row) -> dict[str, str | None]:
        """`reply_sha256` and `version` of a row of `apod_revision`."""
        await self._watch.look()
        if (version := self._watch.version) != self._version:
            self._replies, self._commits = await asyncio.to_thread(self._read)
            # A run commits after it loads: what the history does not show yet is looked for again.
            complete = bool(version and self._commits and self._commits[-1].at >= version[0])
            self._version = version if complete else None
        index = bisect_left([commit.at for commit in self._commits], row["observed_from"])
        found = self._commits[index] if index < len(self._commits) else None
        reply = self._replies.get(row["reply"] or "")
        return {"reply_sha256": reply["sha256"] if reply else None, "version": found.commit if found else None}

    def _read(self) -> tuple[Mapping[str, Mapping[str, Any]], Sequence[Commit]]:
        try:
            return Ledger(self._archive).known().replies, commits(self._archive)
        except (ApodError, OSError):
            return {}, ()
