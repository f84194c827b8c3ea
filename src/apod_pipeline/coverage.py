"""What is known of every calendar day: present, gap, pending, failed, quarantined or unasked.

Takes what the ledger adds up to and the newest day that is due, gives a status a day. Pure: never asks anybody.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from apod_pipeline.calendar import FIRST_DAY, GAPS, Span, publishable
from apod_pipeline.ledger import Known


class DayStatus(NamedTuple):
    """One day's coverage and, where there is something to say, why."""

    day: dt.date
    status: str
    detail: str | None = None


def status_of(known: Known, day: dt.date, today: dt.date) -> DayStatus:
    """Coverage of one day.

    `pending` was denied by a source, or is the newest day: it will be asked again. `failed` was asked and never
    answered. `unasked` lies outside of what this archive was ever asked for: no defect.
    """
    key = day.isoformat()
    if known.has(key):
        return DayStatus(day, "present")
    if day in GAPS:
        return DayStatus(day, "gap", GAPS[day])
    if refused := known.refused.get(key):
        return DayStatus(day, "quarantined", f"{refused.source}: {refused.reason}")
    if not known.was_asked(day):
        return DayStatus(day, "unasked")
    if day >= today or any((source, key) in known.denied for source in known.latest):
        return DayStatus(day, "pending", "no source has it yet")
    return DayStatus(day, "failed", "asked for, and no source answered")


def coverage(known: Known, today: dt.date, span: Span | None = None) -> Iterator[DayStatus]:
    """Coverage of every day of a span; without one, from the first picture to the newest day that is due."""
    return (status_of(known, day, today) for day in span or Span(FIRST_DAY, max(today, FIRST_DAY)))


def following(known: Known, today_then: dt.date | None, lookback: int) -> bool:
    """True when the archive was current at its last version, and so is to be kept current."""
    if not known.asked or today_then is None:
        return False
    return known.asked[-1].last >= today_then - dt.timedelta(days=lookback)


def due(known: Known, today: dt.date, today_then: dt.date | None, lookback: int) -> list[dt.date]:
    """The days that a run without dates asks for: the last ones again, and whatever is missing.

    Args:
        known: what the ledger adds up to.
        today: the newest day that is due.
        today_then: the newest day that was due at the last version.
        lookback: how many days back are read again: NASA's authors correct up to ten days late.
    """
    start = max(FIRST_DAY, today - dt.timedelta(days=lookback))
    days = set(publishable(Span(start, today))) if today >= start else set()
    if following(known, today_then, lookback) and known.asked[-1].last < today:
        days.update(publishable(Span(known.asked[-1].last, today)))
    return sorted(days.union(missing(known, today)))


def missing(known: Known, today: dt.date, span: Span | None = None) -> list[dt.date]:
    """Days that were asked for (or lie in a span) and that no source gave."""
    spans = [Span(s.first, min(s.last, today)) for s in ([span] if span else known.asked) if s.first <= today]
    return [day for s in spans if not _complete(known, s) for day in publishable(s) if not known.has(day.isoformat())]


def _complete(known: Known, span: Span) -> bool:
    """True when every publishable day of a span is there; told by counting, because it is asked in every run."""
    first, last = max(span.first, FIRST_DAY), span.last
    wanted = (last - first).days + 1 - sum(first <= gap <= last for gap in GAPS)
    days = sorted(known.first_line)
    return bisect_right(days, str(last)) - bisect_left(days, str(first)) == wanted
