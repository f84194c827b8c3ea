"""Readings in, entries out: the data set's rules applied, one reading at a time.

Takes settled readings and the data set, gives rows in the same order. Pure: never does I/O, never invents a
value. Which reading of a day is taken stands in the ledger's preference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.readings import Reading, Row


def transform(dataset: DataSet, readings: Iterable[Reading]) -> Iterator[Row]:
    """The row of every reading.

    Raises:
        DataRefused: for a reading of which no entry can be made; the canary lets hardly any in.
    """
    if not dataset.columns.fractions:
        return map(dataset.derive, readings)
    return map(dataset.columns.typed, map(dataset.derive, readings))
