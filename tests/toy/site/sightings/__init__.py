"""A toy data set: fireballs that people saw, two a day, with numbers, and names that change.

Takes nothing, gives `DATA_SET`. It stands in the tests alone, installed as a stranger's data set would be.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apod_pipeline.dataset.about import About, Origin
from apod_pipeline.dataset.calendar import Calendar
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.doubts import Doubts, Limits
from apod_pipeline.dataset.fields import Columns, Field
from apod_pipeline.dataset.identity import Identity, Traits
from apod_pipeline.dataset.json_items import json_items
from apod_pipeline.dataset.quality import Quality, Rule
from apod_pipeline.dataset.readings import Reading, Record, Row, short_hash
from apod_pipeline.dataset.settings import Setting, address, names_among
from apod_pipeline.dataset.sources import Request
from apod_pipeline.dataset.spans import Span

FIELDS = (
    Field("sighting", "name", "what we call it, whatever it is called", example="s-1a2b3c4d"),
    Field("night", "day", "the night in which it was seen", example="2026-11-26"),
    Field("place", "text", "where it was seen", example="Far Hill"),
    Field("brightness", "number", "how bright it was, in magnitudes", nullable=True, example=-3.5),
    Field("heard", "truth", "whether it was heard too", example=True),
)


@dataclass(frozen=True)
class Watch:
    """The service that tells of them."""

    base: str
    name: str = "watch"
    page_days: int = 20

    def list_request(self, span: Span) -> Request:
        """All of a span."""
        return Request(f"{self.base}/sightings?from={span.first}&to={span.last}", span, "list")

    def day_request(self, day: dt.date) -> Request:
        """All of one night."""
        return Request(f"{self.base}/sightings?from={day}&to={day}", Span(day, day), "day")

    def feed_request(self, span: Span) -> Request | None:
        """There is none."""

    def items(self, body: Path, form: str) -> Iterator[tuple[str | None, Any]]:
        """Every one with its night."""
        for item in json_items(body):
            yield (item.get("night") if isinstance(item, dict) else None), item

    def settle(self, item: Any) -> Record:
        """One without the time at which it was asked for."""
        return {name: value for name, value in item.items() if name != "asked_at"}

    def remark(self, body: Path) -> str | None:
        """Nothing."""

    def denies(self, status: int, body: Path) -> bool:
        """It never does."""
        return False


def _identify(told: Sequence[Traits], known: Mapping[str, Traits]) -> list[str]:
    """By the service's own name, or a former one; a new one is called by what its first name hashes to."""
    by_name = {name: key for key, traits in known.items() for name in traits["names"]}
    keys = []
    for traits in told:
        names = traits["names"]
        key = next((by_name[name] for name in names if name in by_name), f"s-{short_hash(names[0])}")
        by_name |= dict.fromkeys(names, key)
        keys.append(key)
    return keys


def _derive(reading: Reading) -> Row:
    said = reading.record
    return {
        "sighting": reading.key,
        "night": str(reading.day),
        "place": said["place"].strip(),
        "brightness": said.get("magnitude"),
        "heard": said.get("sound") == "yes",
    }


def _implausible(record: Record) -> str | None:
    if not record.get("name") or not isinstance(record.get("place"), str):
        return "it is no sighting"
    return "nothing is as bright" if (record.get("magnitude") or 0) < -30 else None


def _errors() -> Iterator[Rule]:
    from polars import col

    yield Rule("place-empty", "a sighting has a place", "error", lambda _: col("place").str.len_chars() == 0)


def _warnings() -> Iterator[Rule]:
    from polars import col

    yield Rule("too-bright", "none is brighter than the moon", "warning", lambda _: col("brightness") < -13)


DATA_SET = DataSet(
    name="sightings",
    about=About(
        title="Fireballs that people saw",
        creator="Nobody",
        homepage="https://example.org/",
        keywords=("fireballs",),
        entry="One record a sighting.",
        plain_table="the sightings that are known now",
        origins={"watch": Origin("The watch", "https://example.org/watch")},
        licence="CC0-1.0",
    ),
    columns=Columns(FIELDS, ("sighting", "night", "place", "brightness", "heard"), day="night"),
    calendar=Calendar(dt.date(2020, 1, 1), "UTC", "UTC"),
    settings=(
        Setting("sources", "APOD_SIGHTINGS_SOURCES", ("watch",), "whom to ask", names_among(("watch",))),
        Setting("preference", "APOD_SIGHTINGS_PREFERENCE", ("watch",), "whose reading it is", names_among(("watch",))),
        Setting("watch_url", "APOD_SIGHTINGS_URL", "https://example.org", "base of the watch", address),
    ),
    sources=lambda settings: (Watch(settings["watch_url"]),),
    doubts=Doubts(
        _implausible,
        lambda _: False,
        (),
        Limits(10, 25, 10, 3),
    ),
    quality=Quality(_errors, _warnings, lambda row, _: bool(row["place"])),
    derive=_derive,
    rules=1,
    identity=Identity(lambda record: {"names": [record["name"], *record.get("formerly", [])]}, _identify),
    cause=lambda was, new: "moved" if was["night"] != new["night"] else "source",
    causes={"moved": "it was seen in another night than was thought"},
)
