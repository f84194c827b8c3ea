"""What a field takes, and what it does not."""

from __future__ import annotations

import datetime as dt

import pytest

from apod_pipeline.dataset.fields import KINDS, Field
from apod_pipeline.dataset.installed import data_set
from apod_pipeline.dataset.readings import Reading
from apod_pipeline.dataset.values import CHECKS, checked
from apod_pipeline.errors import NoEntry, Unreadable
from apod_pipeline.fetching.settling import settled_items
from apod_pipeline.stages.transform_apod import transform

GOOD = {
    "text": "a",
    "html": "<b>",
    "name": "a",
    "address": "http://x",
    "hash": "ff",
    "day": "2026-02-28",
    "names": ["a", "b"],
    "instant": "2026-02-28T10:44:07Z",
    "count": -(2**31) + 1,
    "large count": 2**62,
    "number": 7,
    "truth": False,
    "object": {"a": [1, None, {"b": True}]},
    "list": [{"a": 1}],
}
BAD = [
    ("text", "a\0b"),
    ("text", 7),
    ("day", "2026-02-30"),
    ("day", "20260228"),
    ("names", "ab"),
    ("names", [1]),
    ("instant", "2026-02-28T10:44Z"),
    ("instant", "yesterday"),
    ("instant", "2026-02-28T10:44:07"),
    ("count", 3_000_000_000),
    ("count", True),
    ("count", "7"),
    ("large count", 2**63),
    ("number", float("inf")),
    ("number", True),
    ("truth", 1),
    ("object", [{"a": 1}]),
    ("object", {"a": "\0"}),
    ("object", {"a": float("nan")}),
    ("list", {"a": 1}),
    ("html", "\\\0"),
    ("names", ["a", "\0"]),
    ("list", [{"\0": 1}]),
    ("object", {"a": [{"b": "\0"}]}),
]


def test_every_kind_that_an_entry_may_have_is_checked():
    """All but the database's own."""
    assert CHECKS.keys() == GOOD.keys() == KINDS.keys() - {"words", "instant without zone"}


@pytest.mark.parametrize(("kind", "value"), GOOD.items())
def test_a_value_of_its_kind(kind, value):
    """Is taken; and none, where it may be absent."""
    assert checked([Field("one", kind, "")])({"one": value}) is None
    assert checked([Field("one", kind, "", nullable=True)])({"one": None}) is None
    assert checked([Field("one", kind, "")])({"one": None}) == "its one is absent"


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_a_value_of_another_kind(kind, value):
    """Is told with its field; PostgreSQL, Parquet or a reader would stumble over it."""
    assert "its one is not" in checked([Field("one", kind, "")])({"one": value})


def test_what_is_not_declared():
    """A field that nobody knows is a mistake in the rules."""
    assert "two" in checked([Field("one", "text", "")])({"one": "a", "two": "b"})


def test_an_entry_that_nothing_can_hold_is_refused_by_itself():
    """Whatever the rules make of a reading: its neighbours are read all the same."""
    sightings = data_set("sightings")
    said = {"name": "n", "place": "Far Hill", "sound": "no", "magnitude": 1.0}
    readings = [Reading(dt.date(2026, 3, 1), "watch", said | {"magnitude": value}, "k") for value in (1.0, "bright")]
    wrong = sightings._replace(derive=lambda r: sightings.derive(r) | {"heard": r.record["magnitude"]})
    rows = transform(wrong, readings)
    with pytest.raises(NoEntry, match="heard is not true or false"):
        next(rows)


class Stumbling:
    """A source whose reader does not expect what came."""

    def items(self, *_):
        yield "2026-03-01", {}
        raise TypeError("'int' object is not iterable")


def test_a_reader_that_stumbles_refuses_the_body(tmp_path):
    """Whatever it raises: the reply is refused, and the run goes on."""
    items = settled_items(Stumbling(), tmp_path / "body", "list")
    with pytest.raises(Unreadable, match="TypeError"):
        list(items)
