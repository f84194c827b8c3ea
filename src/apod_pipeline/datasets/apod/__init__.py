"""The Astronomy Picture of the Day: everything that is this data set's own.

Takes the parts of this folder, gives `DATA_SET`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.fields import Columns
from apod_pipeline.datasets.apod.about import ABOUT, RELATIONS, SEARCH
from apod_pipeline.datasets.apod.calendar import CALENDAR
from apod_pipeline.datasets.apod.canary import DOUBTS
from apod_pipeline.datasets.apod.fields import ENTRY, OUTPUT_FIELDS
from apod_pipeline.datasets.apod.quality import QUALITY
from apod_pipeline.datasets.apod.rules import RULES_VERSION
from apod_pipeline.datasets.apod.rules.notes import FLAGS, REPAIRS
from apod_pipeline.datasets.apod.settings import SETTINGS
from apod_pipeline.datasets.apod.sources import sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apod_pipeline.dataset.pictures import Picture
    from apod_pipeline.dataset.readings import Reading, Row


def _derive(reading: Reading) -> Row:
    from apod_pipeline.datasets.apod.rules.derive import derive  # most runs have nothing to derive

    return derive(reading).as_row()


def _pictures(entry: Row) -> Iterator[Picture]:
    from apod_pipeline.datasets.apod.pictures import pictures_of  # most runs keep none

    return pictures_of(entry)


DATA_SET = DataSet(
    name="apod",
    about=ABOUT,
    # The design document's own table lets the media type be absent.
    columns=Columns(ENTRY, OUTPUT_FIELDS, loose=("media_type",), source="source"),
    calendar=CALENDAR,
    settings=SETTINGS,
    sources=sources,
    doubts=DOUBTS,
    quality=QUALITY,
    derive=_derive,
    rules=RULES_VERSION,
    notes={"repairs": REPAIRS, "flags": FLAGS},
    search=SEARCH,
    pictures=_pictures,
    relations=RELATIONS,
    migrations=Path(__file__).parent / "migrations",
)
