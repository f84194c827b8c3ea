"""A data set as a value: all that the rest of the house asks of one, so that it need not know which it is.

Takes the parts that a data set's own folder holds, gives `DataSet`. Pure. Whoever adds a data set makes one of these
and names it in the entry points of the distribution (`dataset.installed`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from apod_pipeline.dataset.calendar import Calendar
from apod_pipeline.dataset.doubts import Doubts
from apod_pipeline.dataset.fields import Columns
from apod_pipeline.dataset.quality import Quality
from apod_pipeline.dataset.readings import Reading, Row
from apod_pipeline.dataset.settings import Setting
from apod_pipeline.dataset.sources import Source


class DataSet(NamedTuple):
    """One data set.

    Attributes:
        name: small letters and `_`: the prefix of its files, tables and settings.
        columns: the fields of an entry, the key first, and which of them its plain table has.
        calendar: its days.
        settings: what can be set for it: `sources` (whom to ask) and `preference` (whose reading is the entry) first.
        sources: everybody who has it, by the values of these settings.
        doubts: what the canary refuses or looks at more closely.
        quality: what must be true of its entries, and what a reader should know of them.
        derive: the entry that a reading makes; pure.
        rules: version of what `derive` says, raised with every change of it.
    """

    name: str
    columns: Columns
    calendar: Calendar
    settings: tuple[Setting, ...]
    sources: Callable[[Mapping[str, Any]], Sequence[Source]]
    doubts: Doubts
    quality: Quality
    derive: Callable[[Reading], Row]
    rules: int
