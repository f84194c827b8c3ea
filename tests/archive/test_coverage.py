"""What is known of a day, and which days a run without dates asks for."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.archive.coverage import Terms, coverage, due, following, missing, status_of
from apod_pipeline.archive.known import Known
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod.calendar import CALENDAR, FIRST_DAY, GAPS
from apod_pipeline.model import STATUSES

TODAY = dt.date(2018, 12, 31)
ONE_DAY = dt.timedelta(days=1)


def _ago(days):
    return TODAY - days * ONE_DAY


def _known(*lines):
    known = Known(CALENDAR)
    for first, last, more in lines:
        reply = {"file": f"f{known.lines}", "source": "science", "form": "list"} if more else {}
        known.add({"asked": [str(first), str(last)], "at": "x", **reply, **more})
    return known


def _had(first, last, **more):
    return first, last, {"readings": {str(day): "a--" for day in Span(first, last)}, **more}


# ---- one day -------------------------------------------------------------------------------
def test_every_status_has_its_day():
    """Had, explained, refused, denied, unanswered, never asked, the newest day: each is told apart, with a reason."""
    known = _known(
        _had(_ago(20), _ago(10)),
        (_ago(9), _ago(9), {"refused": {str(_ago(9)): "the placeholder"}}),
        (_ago(8), _ago(8), {"absent": [str(_ago(8))]}),
        (_ago(7), TODAY, {}),
    )
    expected = {
        _ago(15): ("present", None),
        dt.date(1995, 6, 18): ("gap", GAPS[dt.date(1995, 6, 18)]),
        _ago(9): ("quarantined", "science: the placeholder"),
        _ago(8): ("pending", "no source has it yet"),
        _ago(7): ("failed", "asked for, and no source answered"),
        TODAY: ("pending", "no source has it yet"),
        _ago(25): ("unasked", None),
    }
    found = {day: status_of(known, day, TODAY) for day in expected}
    assert {day: (status.status, status.detail) for day, status in found.items()} == expected
    assert {status.status for status in found.values()} == set(STATUSES)


def test_a_day_that_was_had_is_present_whatever_came_before():
    """Refused and denied first, had from somebody else later: present."""
    day = _ago(5)
    known = _known(
        (day, day, {"refused": {str(day): "odd"}, "absent": [str(day)]}),
        (day, day, {"readings": {str(day): "a--"}, "source": "planetary"}),
    )
    assert status_of(known, day, TODAY).status == "present"


def test_coverage_is_every_day_once():
    """Without a span every day from the first picture to today is told, in order; with one, its days."""
    days = [status.day for status in coverage(Known(CALENDAR), TODAY)]
    assert days == list(Span(FIRST_DAY, TODAY))
    assert [status.day for status in coverage(Known(CALENDAR), TODAY, Span(_ago(3), TODAY))] == list(
        Span(_ago(3), TODAY)
    )


# ---- what is asked for ---------------------------------------------------------------------
@pytest.mark.parametrize("lookback", [1, 10, 30])
def test_a_first_run_looks_back(lookback):
    """Nothing is known: the last days and today are due, nothing older."""
    assert due(Known(CALENDAR), Terms(TODAY, None, lookback)) == list(Span(_ago(lookback), TODAY))


def test_a_current_archive_is_read_again():
    """An archive that is current asks for the last days once more: authors correct up to ten days late."""
    assert due(_known(_had(_ago(200), TODAY)), Terms(TODAY, TODAY, 10)) == list(Span(_ago(10), TODAY))


def test_weeks_off_are_caught_up():
    """An archive that was current when it was last run asks for every day since, and looks back as ever."""
    known = _known(_had(_ago(200), _ago(45)))
    assert due(known, Terms(TODAY, _ago(45), 10)) == list(Span(_ago(45), TODAY))


def test_a_slice_of_the_past_is_not_followed():
    """Somebody who once asked for a summer of long ago does not get all the years since."""
    known = _known(_had(_ago(900), _ago(800)))
    assert not following(known, _ago(45), 10)
    assert due(known, Terms(TODAY, _ago(45), 10)) == list(Span(_ago(10), TODAY))


def test_what_is_missing_is_asked_again_however_old():
    """A hole inside of what was asked for is due, gaps of NASA's own are not."""
    hole = dt.date(1995, 6, 21)
    known = _known(_had(FIRST_DAY, hole - ONE_DAY), (hole, hole, {}), _had(hole + ONE_DAY, TODAY))
    assert due(known, Terms(TODAY, TODAY, 2)) == [hole, _ago(2), _ago(1), TODAY]


def test_missing_is_what_nobody_gave():
    """Of a span, or of all that was asked: days that are due, are no gaps and were not had."""
    known = _known(_had(_ago(10), _ago(5)), (_ago(4), TODAY + 5 * ONE_DAY, {}))
    assert missing(known, TODAY) == list(Span(_ago(4), TODAY))
    assert missing(known, TODAY, Span(_ago(12), _ago(4))) == [_ago(12), _ago(11), _ago(4)]
    assert missing(Known(CALENDAR), TODAY, Span(FIRST_DAY, dt.date(1995, 6, 21))) == [
        FIRST_DAY,
        dt.date(1995, 6, 20),
        dt.date(1995, 6, 21),
    ]


SPANS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 60)), max_size=5)


@given(SPANS, SPANS, st.none() | st.integers(0, 100), st.integers(1, 30))
def test_what_is_due_is_sane_for_any_past(asked, had, then, lookback):
    """Due days are in order, publishable, not in the future; they hold the look-back and every hole, nothing twice."""
    lines = [(_ago(a + n), _ago(a), {}) for a, n in asked] + [_had(_ago(a + n), _ago(a)) for a, n in had]
    known = _known(*lines)
    days = due(known, Terms(TODAY, None if then is None else _ago(then), lookback))
    assert days == sorted(set(days))
    assert all(FIRST_DAY <= day <= TODAY and day not in GAPS for day in days)
    assert set(Span(_ago(lookback), TODAY)) <= set(days)
    assert set(missing(known, TODAY)) <= set(days)
    assert not set(missing(known, TODAY)) & {day for first, last, more in lines if more for day in Span(first, last)}


@pytest.mark.parametrize("today", [FIRST_DAY - 5 * ONE_DAY, FIRST_DAY, FIRST_DAY + ONE_DAY])
def test_the_beginning_of_time_is_no_trouble(today):
    """With a clock at, or before, the first picture, nothing that cannot exist is due."""
    assert due(Known(CALENDAR), Terms(today, None, 10)) == ([FIRST_DAY] if today >= FIRST_DAY else [])
    assert next(coverage(Known(CALENDAR), today)).day == FIRST_DAY
