"""Readings in, entries out: the rules applied, one day at a time.

Takes settled readings, gives entries in the same order. Pure: never does I/O, never invents a value. What the rules
do to a text stands in `datasets.apod.rules`; which reading of a day is taken stands in the ledger's preference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from apod_pipeline.datasets.apod.entry import Entry
from apod_pipeline.datasets.apod.rules import RULES_VERSION
from apod_pipeline.model import Reading

__all__ = ["RULES_VERSION", "transform"]


def transform(readings: Iterable[Reading]) -> Iterator[Entry]:
    """The entry of every reading.

    Raises:
        DataRefused: for a reading without a title; the canary lets none in.
    """
    from apod_pipeline.datasets.apod.rules.derive import derive  # most runs have nothing to derive

    return (derive(reading) for reading in readings)
