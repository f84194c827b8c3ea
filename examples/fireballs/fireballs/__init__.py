"""Fireballs that satellites saw (JPL's fireball service): a data set of apod-pipeline in a package of its own.

Takes nothing, gives `DATA_SET`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from apod_pipeline.dataset.about import About, Origin
from apod_pipeline.dataset.calendar import Calendar
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.doubts import Continuity, Doubts, Limits
from apod_pipeline.dataset.fields import Columns, Field
from apod_pipeline.dataset.identity import by_key
from apod_pipeline.dataset.quality import Quality, Rule
from apod_pipeline.dataset.readings import Reading, Record, Row
from apod_pipeline.dataset.settings import Setting, address, names_among
from fireballs.service import FireballService

FIELDS = (
    Field("fireball", "name", "our name of it: when it was brightest", example="2031-05-17T10:44:07"),
    Field("date", "day", "the day on which it was seen, UTC", example="2031-05-17"),
    Field("seen", "instant", "when it was brightest", example="2031-05-17T10:44:07Z"),
    Field("energy", "number", "energy that was radiated", example=3.1, measure="10^10 J"),
    Field("impact_e", "number", "energy of the impact, estimated", nullable=True, example=0.1, measure="kt of TNT"),
    Field("latitude", "number", "where, north positive", nullable=True, example=-12.5, measure="degrees"),
    Field("longitude", "number", "where, east positive", nullable=True, example=141.0, measure="degrees"),
    Field("altitude", "number", "how high", nullable=True, example=31.5, measure="km"),
    Field("velocity", "number", "how fast", nullable=True, example=17.8, measure="km/s"),
)


def derive(reading: Reading) -> Row:
    """The entry that a record makes; pure."""
    said = reading.record
    return {
        "fireball": reading.key,
        "date": str(reading.day),
        "seen": f"{reading.key}Z",
        "energy": float(said["energy"]),
        "impact_e": _number(said["impact-e"]),
        "latitude": _signed(said["lat"], said["lat-dir"] == "S"),
        "longitude": _signed(said["lon"], said["lon-dir"] == "W"),
        "altitude": _number(said["alt"]),
        "velocity": _number(said["vel"]),
    }


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _signed(text: str | None, negative: bool) -> float | None:
    return None if text is None else -float(text) if negative else float(text)


def key_of(record: Record) -> str:
    """When it was brightest, which does not change: `2031-05-17T10:44:07`."""
    return str(record["date"]).replace(" ", "T")


def implausible(record: Record) -> str | None:
    """Why no fireball can look like this; None when it can."""
    try:
        dt.datetime.fromisoformat(record["date"])
        numbers = [float(record[name]) for name in ("energy", "impact-e", "lat", "lon", "alt", "vel") if record[name]]
    except (TypeError, ValueError):
        return "it holds no number, or no time, where one belongs"
    return None if record["energy"] and all(abs(number) < 1e9 for number in numbers) else "it has no energy"


def errors() -> Iterator[Rule]:
    """What must never be."""
    from polars import col

    yield Rule("no-energy", "a fireball radiated energy", "error", lambda _: ~(col("energy") > 0))


def warnings() -> Iterator[Rule]:
    """What a reader should know of."""
    from polars import col

    yield Rule("nowhere", "it is known where it was", "warning", lambda _: col("latitude").is_null())


def sources(settings: Mapping[str, Any]) -> tuple[FireballService]:
    """Everybody who has them."""
    return (FireballService(settings["url"]),)


DATA_SET = DataSet(
    name="fireballs",
    about=About(
        title="Fireballs that satellites saw",
        creator="NASA/JPL-Caltech, CNEOS/SSD",
        homepage="https://cneos.jpl.nasa.gov/fireballs/",
        keywords=("fireballs", "bolides", "meteors", "NASA", "JPL"),
        entry="One record a fireball.",
        plain_table="the fireballs that are known now",
        origins={"jpl": Origin("JPL's fireball data", "https://ssd-api.jpl.nasa.gov/doc/fireball.html")},
        shown=("seen", "energy", "impact_e", "latitude", "longitude"),
        licence="public domain; credit NASA/JPL-Caltech, CNEOS/SSD",
        replies="JPL's replies",
        size="about a thousand since 1988, 1 MB",
    ),
    columns=Columns(FIELDS, ("fireball", "date", "energy", "impact_e", "latitude", "longitude"), day="date"),
    # They are told weeks later: three months are read again every day, everything else every month.
    calendar=Calendar(dt.date(1988, 4, 15), "Etc/UTC", "UTC", around=90, again=30, absence_after=90),
    settings=(
        Setting("sources", "APOD_FIREBALLS_SOURCES", ("jpl",), "sources to ask", names_among(("jpl",))),
        Setting("preference", "APOD_FIREBALLS_PREFERENCE", ("jpl",), "whose reading it is", names_among(("jpl",))),
        Setting("url", "APOD_FIREBALLS_URL", "https://ssd-api.jpl.nasa.gov", "base URL of the service", address),
    ),
    sources=sources,
    # A service that suddenly knows nothing of what it told is not believed; numbers may change as they like.
    doubts=Doubts(implausible, lambda _: False, (), Limits(10, 25, 10, 3), Continuity(lambda *_: False, 0.05, 2)),
    quality=Quality(errors, warnings, lambda row, _: row["energy"] > 0),
    derive=derive,
    rules=1,
    identity=by_key(key_of),
)
