"""Readings in, entries out: the data set's rules applied, one reading at a time.

Takes settled readings and the data set, gives rows in the same order. Pure: never does I/O, never invents a
value. Which reading of a day is taken stands in the ledger's preference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.readings import Reading, Row
from apod_pipeline.dataset.values import checked
from apod_pipeline.errors import NoEntry


def transform(dataset: DataSet, readings: Iterable[Reading]) -> Iterator[Row]:
    """The row of every reading.

    Raises:
        DataRefused: for a reading of which no entry can be made, or whose entry no file or table can hold as its fields
            say; the canary lets hardly any in.
    """
    fault, typed = checked(dataset.columns.fields), dataset.columns.typed
    for reading in readings:
        row = dataset.derive(reading)
        if why := fault(row):
            raise NoEntry(f"{reading.entry}: {why}", why)
        yield typed(row)
