"""JPL's service: what is asked of it, and what of its answers can be no close approach."""

from __future__ import annotations

import datetime as dt
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.dataset.readings import Reading
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.approaches import DATA_SET
from apod_pipeline.datasets.approaches.canary import implausible
from apod_pipeline.datasets.approaches.jpl import Jpl
from apod_pipeline.datasets.approaches.rules.derive import NUMBERS, derive, served
from apod_pipeline.datasets.approaches.settings import distance
from apod_pipeline.errors import NoEntry, Unreadable
from apod_pipeline.simulator.approaches import SimulatedJpl

SPAN = Span(dt.date(2026, 3, 1), dt.date(2026, 3, 24))


@pytest.fixture
def told(tmp_path):
    """What the simulated service answers, changed as a test wants it: the items, and the body they are read from."""
    query = "date-min=2026-02-01&date-max=2026-04-01&diameter=true&fullname=true"
    with SimulatedJpl(SPAN) as jpl:
        whole = httpx.get(f"{jpl.url}/cad.api?{query}").json()

    def items(**changes):
        body = tmp_path / "body.json"
        body.write_text(json.dumps({name: v for name, v in (whole | changes).items() if v is not None}))
        source = Jpl("http://jpl")
        return [(day, source.settle(item)) for day, item in source.items(body, "list")], body

    return items


def record(told):
    """One row that is in order."""
    return dict(told()[0][0][1])


def test_the_last_day_is_asked_for_whole():
    """A bare day is its beginning, and what is half a minute before midnight is rounded to the next day."""
    request = Jpl("http://jpl", "10LD").list_request(SPAN)
    asked = "date-min=2026-02-28T23:59:30&date-max=2026-03-24T23:59:30&dist-max=10LD&diameter=true&fullname=true"
    assert request.address == f"http://jpl/cad.api?{asked}"
    assert request.alone


def test_rows_are_read_by_the_names_of_their_columns(told):
    """Columns may stand in any order, and counts be texts."""
    (day, one), *_ = told()[0]
    assert (day, one["des"]) == (one_day(one), one["des"])
    plain = told()[1]
    answer = json.loads(plain.read_text())
    order = answer["fields"][::-1]
    turned = [row[::-1] for row in answer["data"]]
    assert told(fields=order, data=turned, count=str(answer["count"]))[0] == told()[0]


def one_day(one):
    """The day of a record's time to the minute."""
    return dt.datetime.strptime(one["cd"], "%Y-%b-%d %H:%M").date().isoformat()  # noqa: DTZ007


def test_nothing_found_has_neither_columns_nor_rows(told):
    """It is an answer, and an empty one."""
    assert told(fields=None, data=None, count=0)[0] == []
    assert told(fields=None, data=None, count="0")[0] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 3},
        {"count": None},
        {"data": {"rows": []}},
        {"fields": ["des", "orbit_id"]},
        {"fields": "des"},
        {"signature": {"source": "NASA/JPL Fireball Data API", "version": "1.2"}},
        {"signature": None, "message": "database not available"},
        {"data": [["one"]], "count": 1},
        {"data": ["row"], "count": 1},
    ],
    ids=str,
)
def test_an_answer_of_another_form_is_none(told, changes):
    """Other columns, another count, another service's signature, rows that are none."""
    with pytest.raises(Unreadable):
        told(**changes)


def test_a_renamed_column_is_refused(told):
    """Whoever maps by position would take one number for another."""
    fields = [name if name != "dist" else "distance" for name in json.loads(told()[1].read_text())["fields"]]
    with pytest.raises(Unreadable, match="distance"):
        told(fields=fields)


def test_an_unknown_version_is_told_and_taken(told):
    """A new version whose answers look as they did is no reason to stop."""
    items, body = told(signature={"source": "NASA/JPL SBDB Close Approach Data API", "version": "1.6"})
    assert items
    assert "1.6" in Jpl("http://jpl").remark(body)
    assert Jpl("http://jpl").remark(told()[1]) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("des", ""),
        ("des", None),
        ("des", 99942),
        ("orbit_id", None),
        ("fullname", 99942),
        ("dist", "0"),
        ("dist", "near"),
        ("dist", "nan"),
        ("dist", "1e400"),
        ("dist", "0_1"),
        ("dist", None),
        ("v_rel", ["7"]),
        ("h", "bright"),
        ("jd", "2461288.947222222"),
        ("cd", "2026-Sep-05"),
        ("t_sigma_f", "soon"),
    ],
)
def test_what_can_be_no_approach(told, field, value):
    """Each field that is missing, of another type, or says what cannot be."""
    assert implausible(record(told)) is None
    assert implausible(record(told) | {field: value})


@pytest.mark.parametrize("text", ["29.", "23.1", "9", ".5", "-1.12", "+3", "1e-05", "0.000252172816142565"])
def test_numbers_may_be_written_in_every_way(told, text):
    """Real ones end with a point now and then."""
    assert implausible(record(told) | {"h": text}) is None
    row = derive(Reading(SPAN.first, "jpl", record(told) | {"h": text}, "key"))
    assert (row["h"], served(row)["h"]) == (float(text), text)


@pytest.mark.parametrize("field", ["v_inf", "h", "diameter", "diameter_sigma"])
def test_some_numbers_may_be_missing(told, field):
    """An object in orbit around Earth, a comet, one that nobody measured."""
    assert implausible(record(told) | {field: None}) is None
    assert derive(Reading(SPAN.first, "jpl", record(told) | {field: None}, "key"))[field] is None


@given(st.from_regex(r"(0|[1-9]\d{0,2})\.\d{1,15}", fullmatch=True), st.from_regex(r"24\d{5}\.\d{9}", fullmatch=True))
def test_the_served_digits_are_kept(dist, jd):
    """Numbers are numbers, and say again what was served to the last zero."""
    told = {"des": "1", "orbit_id": "1", "cd": "x", "fullname": None, "t_sigma_f": "00:01"}
    told |= dict.fromkeys(NUMBERS, dist) | {"jd": jd}
    row = derive(Reading(SPAN.first, "jpl", told, "key"))
    assert row["dist"] == float(dist)
    assert served(row) == {name: told[name] for name in NUMBERS}


def test_what_is_no_number_makes_no_entry(told):
    """The rules say so themselves, whoever let it in."""
    with pytest.raises(NoEntry):
        derive(Reading(SPAN.first, "jpl", record(told) | {"dist": None, "v_rel": "fast"}, "key"))


@pytest.mark.parametrize("text", ["0.05", "10LD", "1", ".2LD"])
def test_distances_that_can_be_asked_for(text):
    """In au or lunar distances, as the service takes them."""
    assert distance(text) == text


@pytest.mark.parametrize("text", ["", "0", "near", "10 LD", "-1", "0.05&neo=false", "1e3"])
def test_distances_that_cannot(text):
    """Nothing else reaches an address."""
    with pytest.raises(ValueError, match="distance"):
        distance(text)


def test_causes_by_what_changed():
    """A name before a day, a day before numbers."""
    was = dict.fromkeys(DATA_SET.columns.every, "same")
    cases = {"des": "rename", "date": "move", "dist": "orbit", "orbit_id": "orbit", "fullname": "rename", "h": "source"}
    assert {name: DATA_SET.cause(was, was | {name: "other"}) for name in cases} == cases
    assert DATA_SET.cause(was, was | {"des": "b", "date": "b", "dist": "b"}) == "rename"
    assert DATA_SET.cause(was, was | {"date": "b", "dist": "b"}) == "move"
