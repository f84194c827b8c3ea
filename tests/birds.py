"""An invented data set that has nothing of APOD's: what birds somebody saw, a line a day.

Other names, a key that is not called `date`, a field of nearly every kind, no source in an entry, no rights, no search.
"""

from __future__ import annotations

import datetime as dt

import polars

from apod_pipeline.dataset.about import About, Origin
from apod_pipeline.dataset.doubts import Telltale
from apod_pipeline.dataset.fields import Columns, Field
from apod_pipeline.datasets.apod import DATA_SET

FIELDS = (
    Field("seen_on", "day", "the day", example="2020-05-01"),
    Field("species", "text", "what was seen", example="Great tit"),
    Field("number", "count", "how many", example=3),
    Field("weight", "number", "of the heaviest, in grams", nullable=True, example=17.5),
    Field("sure", "truth", "whether nobody doubts it", example=True),
    Field("at", "instant", "when the first one was seen", nullable=True, example="2020-05-01T06:30:00Z"),
    Field("spot", "object", "where, as one who was there tells it", nullable=True, example={"wood": "old"}),
    Field("doubts", "names", "why it may be another", example=["far"]),
    Field("order", "text", "in the system of all birds", nullable=True),  # a word of SQL's
    Field("weather", "text", "how it was", nullable=True),
)
BIRDS = DATA_SET._replace(
    pictures=None,
    name="garden_birds",
    about=About(
        title="Birds of a garden",
        creator="A Bird Watcher",
        homepage="https://example.org/birds",
        keywords=("birds",),
        entry="One record a morning.",
        plain_table="the newest list of birds",
        origins={"watch": Origin("Whoever watches", "https://example.org/watch"), "club": Origin("The club", "")},
    ),
    columns=Columns(FIELDS, ("seen_on", "species", "number")),
    doubts=DATA_SET.doubts._replace(telltales=(Telltale("species", lambda record: str(record.get("species"))),)),
    notes={"doubts": {"far": "it was too far away", "dark": "it was too dark"}},
    search=None,
    relations=(),
    migrations=None,
)


def rows(count: int) -> list[dict]:
    """Entries from the first of May 2020 on, as JSON holds them; every third has all that it can have."""
    return [_row(number) for number in range(count)]


def _row(number: int) -> dict:
    day, full = dt.date(2020, 5, 1) + dt.timedelta(number), number % 3 == 0
    return {
        "seen_on": day.isoformat(),
        "species": f'Tit, "great" {number}',
        "number": number,
        "weight": number + 0.5 if full else None,
        "sure": number % 2 == 0,
        "at": f"{day}T06:30:00Z" if full else None,
        "spot": f'{{"tree":{number},"wood":"old"}}' if full else None,
        "doubts": ["far", "dark"] if full else [],
        "order": "Passeriformes" if full else None,
        "weather": None,
    }


def frame(count: int) -> polars.LazyFrame:
    """The same as a frame, in which numbers are numbers and an object is JSON text."""
    types = {"number": polars.Int64, "weight": polars.Float64, "sure": polars.Boolean}
    types |= {"doubts": polars.List(polars.String)}
    return polars.LazyFrame(rows(count), schema={name: types.get(name, polars.String) for name in BIRDS.columns.every})
