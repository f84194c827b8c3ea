"""Which days exist, when a day is due, and how days are gathered into questions."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.dataset.spans import Span, spans_of
from apod_pipeline.datasets.apod.calendar import CALENDAR, FIRST_DAY, GAPS, publishing_day

ONE_DAY = dt.timedelta(days=1)
MANY_DAYS = st.sets(st.integers(0, 300).map(lambda number: FIRST_DAY + number * ONE_DAY))


def _at(text):
    return dt.datetime.fromisoformat(text)


@given(MANY_DAYS, st.integers(1, 60))
def test_spans_without_a_bridge_hold_the_wanted_days_and_no_other(days, longest):
    """Every wanted day lies in one span, no other day does, and no span is longer than asked for."""
    spans = spans_of(days, longest)
    assert [day for span in spans for day in span] == sorted(days)
    assert all(len(span) <= longest for span in spans)


@given(MANY_DAYS, st.integers(1, 60), st.integers(0, 20))
def test_spans_bridge_no_more_than_they_may(days, longest, bridge):
    """A span begins and ends on a wanted day, and between two wanted ones lie at most `bridge` others."""
    spans = spans_of(days, longest, bridge)
    covered = [day for span in spans for day in span]
    assert days <= set(covered)
    assert covered == sorted(set(covered))
    assert {day for span in spans for day in (span.first, span.last)} <= days
    for span in spans:
        assert len(span) <= longest
        wanted = [day for day in span if day in days]
        assert all((after - before).days <= bridge + 1 for before, after in pairwise(wanted))


@given(MANY_DAYS, st.integers(1, 60), st.integers(0, 20))
def test_a_bridge_never_makes_more_questions(days, longest, bridge):
    """Bridging costs days, never requests."""
    assert len(spans_of(days, longest, bridge)) <= len(spans_of(days, longest))


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-01-15T04:59:59.999999Z", "2026-01-14"),
        ("2026-01-15T05:00:00Z", "2026-01-15"),
        ("2026-07-15T03:59:59Z", "2026-07-14"),
        ("2026-07-15T04:00:00Z", "2026-07-15"),
        ("2026-03-08T05:00:00Z", "2026-03-08"),  # the night in which the clock goes forward
        ("2026-03-09T03:59:59Z", "2026-03-08"),
        ("2026-03-09T04:00:00Z", "2026-03-09"),
        ("2026-11-01T04:00:00Z", "2026-11-01"),  # the night in which it goes back
        ("2026-11-02T04:59:59Z", "2026-11-01"),
        ("2026-11-02T05:00:00Z", "2026-11-02"),
        ("2026-07-15T17:59:59+14:00", "2026-07-14"),
        ("2026-07-15T18:00:00+14:00", "2026-07-15"),
    ],
)
def test_a_day_is_due_from_midnight_in_the_us_east(instant, day):
    """An instant's newest day is that of the US East, in winter, in summer, and in both nights between."""
    assert str(publishing_day(_at(instant))) == day


@given(st.dates(FIRST_DAY, dt.date(2035, 12, 31)))
def test_every_day_becomes_due_at_its_own_midnight(day):
    """At midnight in the US East the day is due; a microsecond before, the day before is the newest."""
    midnight = dt.datetime.combine(day, dt.time(), ZoneInfo(CALENDAR.zone)).astimezone(dt.UTC)
    assert publishing_day(midnight) == day
    assert publishing_day(midnight - dt.timedelta(microseconds=1)) == day - ONE_DAY


def test_days_without_an_entry_are_left_out():
    """The three days after the first picture, the one of 2020, and all before the first are not publishable."""
    assert list(CALENDAR.publishable(Span(dt.date(1995, 6, 10), dt.date(1995, 6, 21)))) == [
        dt.date(1995, 6, 16),
        dt.date(1995, 6, 20),
        dt.date(1995, 6, 21),
    ]
    assert list(CALENDAR.publishable(Span(dt.date(2020, 6, 9), dt.date(2020, 6, 11)))) == [
        dt.date(2020, 6, 9),
        dt.date(2020, 6, 11),
    ]
    assert sorted(GAPS) == [dt.date(1995, 6, 17), dt.date(1995, 6, 18), dt.date(1995, 6, 19), dt.date(2020, 6, 10)]


@given(st.dates(), st.integers(0, 400))
def test_a_span_is_its_days(first, more):
    """Length, iteration and membership of a span tell the same, and its text names both ends."""
    if first.toordinal() + more > dt.date.max.toordinal():
        more = 0
    last = dt.date.fromordinal(first.toordinal() + more)
    span = Span(first, last)
    days = list(span)
    assert (days[0], days[-1], len(days)) == (first, last, len(span))
    assert all(day in span for day in days)
    assert str(span) == (f"{first}..{last}" if more else str(first))


def test_a_span_does_not_run_backwards():
    """A last day before the first is refused in words that name both."""
    with pytest.raises(ValueError, match="2026-01-01 is before 2026-01-02"):
        Span(dt.date(2026, 1, 2), dt.date(2026, 1, 1))
