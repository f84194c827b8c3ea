"""The way back from rows to their bytes is read once, however many rows ask, also while the history lags behind."""

from __future__ import annotations

import asyncio
import datetime as dt

from apod_pipeline.extras.mirror.provenance import Provenance
from apod_pipeline.extras.mirror.shelves import VersionWatch

DAY = dt.date(2020, 6, 18)


class Tables:
    """Tables that show a version."""

    def __init__(self, at):
        self.at = at

    async def version(self):
        return self.at, 1


class Counting(Provenance):
    """Counts how often the archive is read."""

    times = 0

    def _read(self):
        self.times += 1
        return super()._read()


def _asked(served_lab, at, rows):
    """What a hundred rows that ask at one time are told, and how often the archive was read for it."""

    async def ask():
        provenance = Counting(served_lab.archive, VersionWatch(Tables(at), lambda: DAY))
        return await asyncio.gather(*(provenance.of(row) for row in rows)), provenance.times

    return asyncio.run(ask())


def test_a_hundred_rows_are_one_reading(served_lab):
    """Whether the commits are there or are still to come: the ledger and the log are read once."""
    row = {"observed_from": dt.datetime(2020, 6, 19, tzinfo=dt.UTC), "reply": None}
    later = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
    for at in (dt.datetime(2020, 6, 19, tzinfo=dt.UTC), later):
        told, times = _asked(served_lab, at, [row] * 100)
        assert times == 1
        assert all(one == told[0] for one in told)
        assert told[0]["version"]
