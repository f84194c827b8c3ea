"""One outage is one alert and one all-clear: what is news, by itself and over a simulated year."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.archive.coverage import DayStatus
from apod_pipeline.extras.alerts.conditions import (
    Clock,
    Condition,
    Refused,
    Sight,
    of_days,
    of_refusals,
    of_run,
    together,
)
from apod_pipeline.extras.alerts.incidents import Damping, Incident, Silence, next_of
from apod_pipeline.model import Outcome

DAMPING = Damping(dt.timedelta(hours=72), dt.timedelta(hours=6))
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
BAD = Condition("run-failed/load", "run-failed", {})
JUDGED = ("run-failed",)


def _told(sights, *, every=dt.timedelta(hours=1), silences=()):
    """What is told of one sight after the other: event and at which of them."""
    incidents, told = [], []
    for number, sight in enumerate(sights):
        incidents, news = next_of(incidents, sight, START + number * every, DAMPING, silences)
        told += [(one.event, number) for one in news]
    return told


def _sights(pattern):
    return [Sight((BAD,) if letter == "x" else (), () if letter == "?" else JUDGED) for letter in pattern]


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("...", []),
        (".xxx..", [("alert", 1), ("all-clear", 4)]),
        (".x?x?.", [("alert", 1), ("all-clear", 5)]),  # what was not looked at is not well
        (".x.x.x.x.", [("alert", 1), ("all-clear", 2)]),
        (".x.xxxxxxx.", [("alert", 1), ("all-clear", 2), ("alert", 9), ("all-clear", 10)]),  # it came back, and lasts
        (".x" + "." * 80 + "x.", [("alert", 1), ("all-clear", 2), ("alert", 82), ("all-clear", 83)]),
    ],
)
def test_what_is_told(pattern, told):
    """Of hours that were bad (x), well (.) or not looked at (?)."""
    assert _told(_sights(pattern)) == told


@given(st.text("x.?", max_size=120))
def test_alerts_and_all_clears_take_turns(pattern):
    """Whatever happens, an all-clear comes behind an alert, and no second alert before it."""
    events = [event for event, _ in _told(_sights(pattern))]
    assert events == ["alert", "all-clear"] * (len(events) // 2) + ["alert"] * (len(events) % 2)


@given(st.lists(st.integers(1, 5), min_size=30, max_size=30))
def test_a_source_that_flaps_is_told_of_once(lengths):
    """Thirty times down for up to five hours, and up for as long: one alert, one all-clear."""
    pattern = "".join("x" * length + "." * length for length in lengths)
    assert Counter(event for event, _ in _told(_sights(pattern))) == {"alert": 1, "all-clear": 1}


def test_a_silence_ends_by_itself():
    """What is still wrong then is told; what was never told has no all-clear."""
    quiet = [Silence("run-failed", START + dt.timedelta(hours=3), "we know")]
    assert _told(_sights("xxxxx."), silences=quiet) == [("alert", 3), ("all-clear", 5)]
    assert _told(_sights("xx...."), silences=quiet) == []
    assert _told(_sights("xx...."), silences=[Silence("late", START + dt.timedelta(days=9), "another kind")])[0][1] == 0


@given(st.text("x.", min_size=1, max_size=40))
def test_what_is_remembered_survives_being_written_down(pattern):
    """An incident read back from JSON is the same."""
    incidents = []
    for number, sight in enumerate(_sights(pattern)):
        incidents, _ = next_of(incidents, sight, START + dt.timedelta(hours=number), DAMPING)
    assert [Incident.of_json(one.as_json()) for one in incidents] == incidents


# ---- days ----------------------------------------------------------------------------------
TODAY = dt.date(2026, 1, 10)


@pytest.mark.parametrize(
    ("statuses", "hours", "late", "conditions"),
    [
        ("pp.", 5, (), {}),  # not late yet
        ("pp.", 6, (), {"late": 1}),
        ("pf.", 5, (), {"late": 1}),  # yesterday is
        ("uu.", 9, (), {}),  # an archive that ended long ago
        ("p.p", 9, (), {"late": 1}),
        (".ppp", 9, (), {"hole": 1}),
        (".ppp", 9, ("2026-01-07",), {"late": 1}),  # known to be late: no hole besides
        ("q.qp", 9, (), {"late": 1}),  # what is refused is told elsewhere
        ("ggp", 9, (), {}),
    ],
)
def test_what_is_late_and_what_a_hole(statuses, hours, late, conditions):
    """Of days up to the newest: there (p), absent (.), failed (f), refused (q), a gap (g), never asked for (u)."""
    names = {"p": "present", ".": "pending", "f": "failed", "q": "quarantined", "g": "gap", "u": "unasked"}
    first = TODAY - dt.timedelta(days=len(statuses) - 1)
    days = [DayStatus(first + dt.timedelta(days=n), names[letter]) for n, letter in enumerate(statuses)]
    begins = dt.datetime(2026, 1, 10, 5, tzinfo=dt.UTC)
    clock = Clock(TODAY, begins, begins + dt.timedelta(hours=hours), dt.timedelta(hours=6), 3)
    assert Counter(one.kind for one in of_days(days, clock, late).conditions) == conditions


def test_days_ahead_are_not_late():
    """Where a data set knows the future, what lies ahead and was not answered is waited for, not late."""
    ahead = TODAY + dt.timedelta(days=5)
    days = [DayStatus(TODAY - dt.timedelta(days=1), "present"), DayStatus(TODAY, "present"), DayStatus(ahead, "failed")]
    clock = Clock(TODAY, START, START + dt.timedelta(days=20), dt.timedelta(hours=6), 3)
    assert of_days(days, clock).conditions == ()


# ---- a year --------------------------------------------------------------------------------
EASTERN = ZoneInfo("America/New_York")
OUTAGE = dt.datetime(2026, 2, 10, 12, tzinfo=dt.UTC)
FLAPPING = dt.datetime(2026, 5, 1, 5, tzinfo=dt.UTC)
LATE_DAY, REFUSED_DAY = dt.date(2026, 7, 14), dt.date(2026, 9, 3)
LATE_UNTIL = dt.datetime(2026, 7, 14, 15, tzinfo=EASTERN)
REFUSED_UNTIL = dt.datetime(2026, 9, 4, 1, tzinfo=EASTERN)


def _seen(now):
    """What a run at an instant sees of a year in which four things go wrong."""
    today = now.astimezone(EASTERN).date()
    begins = dt.datetime.combine(today, dt.time(), EASTERN)
    flapping = dt.timedelta(0) <= now - FLAPPING < dt.timedelta(hours=60) and (now - FLAPPING).seconds // 3600 % 2 == 0
    down = OUTAGE <= now < OUTAGE + dt.timedelta(hours=3) or flapping
    published = begins + dt.timedelta(minutes=10)
    here = now >= (LATE_UNTIL if today == LATE_DAY else published) and not down
    days = [DayStatus(today - dt.timedelta(days=1), "present"), DayStatus(today, "present" if here else "pending")]
    refused = [Refused(str(today), "science", "the placeholder", "reply.json", "")]
    if today != REFUSED_DAY or now >= REFUSED_UNTIL:
        refused = [
            one for one in refused if REFUSED_UNTIL > now >= dt.datetime.combine(REFUSED_DAY, dt.time(), EASTERN)
        ]
    outcome = Outcome("r", "run", now, missing={today: "no answer"} if down else {}, exit_code=4 if down else 0)
    outcome.span = object() if outcome.span is None else outcome.span
    clock = Clock(today, begins, now, dt.timedelta(hours=6), 3)
    return of_run(outcome, None), of_refusals(refused, lambda _: ""), of_days(days, clock)


@pytest.mark.parametrize("minutes", [60, 30])
def test_a_year(minutes):
    """Three hours of outage, thirty flaps, a late day and a refused one: an alert and an all-clear each, no more."""
    incidents, told = [], []
    now, end = dt.datetime(2026, 1, 1, 6, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, 6, tzinfo=dt.UTC)
    while now < end:
        lasting = [one.condition.kind for one in incidents if one.ended is None]
        sight = together(*_seen(now), lasting=lasting)
        incidents, news = next_of(incidents, sight, now, DAMPING)
        told += [(one.event, one.incident.condition.kind, now.astimezone(EASTERN).date()) for one in news]
        now += dt.timedelta(minutes=minutes)
    first_flap = FLAPPING.astimezone(EASTERN).date()
    assert told == [
        ("alert", "unanswered", dt.date(2026, 2, 10)),
        ("all-clear", "unanswered", dt.date(2026, 2, 10)),
        ("alert", "unanswered", first_flap),
        ("all-clear", "unanswered", first_flap),
        ("alert", "late", LATE_DAY),
        ("all-clear", "late", LATE_DAY),
        ("alert", "refused", REFUSED_DAY),
        ("all-clear", "refused", REFUSED_DAY + dt.timedelta(days=1)),
    ]
