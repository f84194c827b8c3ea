"""A data set as a value: all that the rest of the house asks of one, so that it need not know which it is.

Takes the parts that a data set's own folder holds, gives `DataSet`. Pure. Whoever adds a data set makes one of these
and names it in the entry points of the distribution (`dataset.installed`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from apod_pipeline.dataset.about import NO_NOTES, About, Notes, Search
from apod_pipeline.dataset.calendar import Calendar
from apod_pipeline.dataset.doubts import Doubts
from apod_pipeline.dataset.fields import Columns
from apod_pipeline.dataset.identity import Identity
from apod_pipeline.dataset.pictures import Picture
from apod_pipeline.dataset.quality import Quality
from apod_pipeline.dataset.readings import Reading, Row
from apod_pipeline.dataset.relations import Relation
from apod_pipeline.dataset.settings import Setting
from apod_pipeline.dataset.sources import Source

NO_CAUSES: Mapping[str, str] = MappingProxyType({})


class DataSet(NamedTuple):
    """One data set.

    Attributes:
        name: small letters and `_`: the prefix of its files, tables and settings.
        about: what it is for people.
        columns: the fields of an entry, the key first, and which of them its plain table has.
        calendar: its days.
        settings: what can be set for it: `sources` (whom to ask) and `preference` (whose reading is the entry) first.
        sources: everybody who has it, by the values of these settings.
        doubts: what the canary refuses or looks at more closely.
        quality: what must be true of its entries, and what a reader should know of them.
        derive: the entry that a reading makes; pure.
        identity: how entries are told apart; None where a day has one entry, and is its key.
        rules: version of what `derive` says, raised with every change of it.
        cause: why an entry changed, by what it said before and says now, where a source said so.
        causes: the words that `cause` has beside `source`, with their meaning.
        notes: what the names mean that its fields of kind `names` may hold.
        search: what of an entry is searched; None where nothing is.
        pictures: the pictures that an entry has, by its fields that are neither `text` nor `html`; None where a data
            set has none.
        relations: views of its own beside the usual tables.
        migrations: the folder of its numbered migrations; None where its tables are made from its fields.
    """

    name: str
    about: About
    columns: Columns
    calendar: Calendar
    settings: tuple[Setting, ...]
    sources: Callable[[Mapping[str, Any]], Sequence[Source]]
    doubts: Doubts
    quality: Quality
    derive: Callable[[Reading], Row]
    rules: int
    identity: Identity | None = None
    cause: Callable[[Row, Row], str] = lambda *_: "source"
    causes: Mapping[str, str] = NO_CAUSES
    notes: Notes = NO_NOTES
    search: Search | None = None
    pictures: Callable[[Row], Iterator[Picture]] | None = None
    relations: tuple[Relation, ...] = ()
    migrations: Path | None = None

    def asks_for(self, key: str) -> str:
        """The command that asks for an entry."""
        return f"apod run --date {key}" if self.identity is None else "apod run"
