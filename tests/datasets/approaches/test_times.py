"""Days, minutes and leap seconds of close approaches."""

from __future__ import annotations

import datetime as dt
import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.datasets.approaches.rules.times import EXPIRES, LEAPS, calendar, day_of, julian, minutes, utc


def _at(text):
    return dt.datetime.fromisoformat(text)


def test_the_table_of_leap_seconds_has_not_run_out():
    """Nobody has announced what comes after its end: a newer one is needed before that day."""
    assert dt.datetime.now(dt.UTC).replace(tzinfo=None) < EXPIRES


def test_the_table_of_leap_seconds_is_the_one_that_is_published():
    """As the IANA's package tells it, but for the first day of UTC as we know it."""
    told = (files("tzdata") / "zoneinfo" / "leapseconds").read_text(encoding="utf-8")
    ends = re.findall(r"^Leap\t(\d+)\t(\w+)\t(\d+)\t23:59:60\t\+", told, re.MULTILINE)
    days = [dt.datetime.strptime(" ".join(end), "%Y %b %d") + dt.timedelta(days=1) for end in ends]  # noqa: DTZ007
    assert [_at("1972-01-01"), *days] == LEAPS
    assert f"{EXPIRES:%Y\t%b\t%d}" in told


@pytest.mark.parametrize(
    ("tdb", "expected"),
    [
        ("2026-09-05T10:44:00", "2026-09-05T10:42:51"),
        ("2017-01-01T00:01:09.184", "2017-01-01T00:00:00"),
        ("2017-01-01T00:01:07.184", "2016-12-31T23:59:59"),
        ("1972-01-01T00:00:42.184", "1972-01-01T00:00:00"),
        ("2099-01-01T00:00:00", "2098-12-31T23:58:51"),
    ],
)
def test_utc_is_as_many_seconds_behind_as_there_were(tdb, expected):
    """32.184 seconds, the ten of 1972 and the leap seconds since; after the last known one as many as then."""
    assert utc(_at(tdb)).at == _at(expected)


def test_before_1972_there_is_no_such_utc():
    """UTC had no leap seconds then."""
    assert utc(_at("1972-01-01T00:00:42")) is None


def test_what_comes_after_the_last_announcement_is_predicted():
    """A second could still be put in, or left out."""
    assert not utc(_at("2027-06-27T12:00")).predicted
    assert utc(_at("2027-06-29T12:00")).predicted


@pytest.mark.parametrize(
    ("cd", "jd", "day"),
    [
        ("2005-Aug-01 00:00", "2453583.499755859", "2005-08-01"),  # half a minute before midnight, rounded
        ("2026-Sep-05 10:44", "2461288.947222222", "2026-09-05"),
        ("2026-Foo-05 10:44", "2461288.947222222", "2026-09-05"),
        (None, "2461288.947222222", "2026-09-05"),
        ("2026-Feb-30 10:44", "soon", None),
        (7, None, None),
    ],
)
def test_the_day_is_that_of_the_time_to_the_minute(cd, jd, day):
    """Else that of the Julian date; where neither is a time there is none."""
    assert day_of(cd, jd) == day


@given(st.datetimes(_at("1900-01-01"), _at("2200-01-01")))
def test_a_julian_date_is_the_time_that_it_counts(at):
    """To the ten-thousandth of a second, which nine decimals can tell."""
    days = (at - _at("2000-01-01T12:00")) / dt.timedelta(days=1) + 2451545
    told = julian(f"{days:.9f}")
    assert abs((told - at).total_seconds()) < 1e-3


@given(st.one_of(st.text(max_size=30), st.none(), st.integers(), st.floats(), st.lists(st.integers(), max_size=2)))
def test_whatever_else_stands_there_is_no_time(value):
    """No form of text, number or list breaks the reader."""
    assert calendar(value) is None or isinstance(value, str)
    assert julian(value) is None or isinstance(value, str)


@pytest.mark.parametrize(("text", "number"), [("00:17", 17), ("< 00:01", 1), ("3_03:03", 4503), ("12_00:00", 17280)])
def test_an_uncertainty_in_minutes(text, number):
    """Days, hours and minutes as the service writes them."""
    assert minutes(text) == number
