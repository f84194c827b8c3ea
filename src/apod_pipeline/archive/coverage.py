"""What is known of every calendar day: present, gap, pending, failed, quarantined or unasked.

Takes what the ledger adds up to and the newest day that is due, gives a status a day. Pure: never asks anybody.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from apod_pipeline.archive.known import Known
from apod_pipeline.dataset.spans import Span

A_YEAR = dt.timedelta(days=365)


class DayStatus(NamedTuple):
    """One day's coverage and, where there is something to say, why."""

    day: dt.date
    status: str
    detail: str | None = None


def status_of(known: Known, day: dt.date, today: dt.date) -> DayStatus:
    """Coverage of one day; as `coverage`."""
    return next(coverage(known, today, Span(day, day)))


def coverage(known: Known, today: dt.date, span: Span | None = None) -> Iterator[DayStatus]:
    """Coverage of every day of a span; without one, from the first day there is to the newest that is due.

    `gap` is a day on which nothing was published: known, witnessed by every source that was asked, or accepted by a
    person. `pending` was denied by a source, or is the newest day: it will be asked again. `failed` was asked and
    never answered. `unasked` lies outside of what this archive was ever asked for: no defect.
    """
    first = known.calendar.first_day
    days = span or Span(first, max(known.calendar.newest(today), first))
    return _with_many_entries(known, days, today) if known.keyed else _with_one_entry(known, days, today)


def _with_one_entry(known: Known, days: Span, today: dt.date) -> Iterator[DayStatus]:
    """The same, where a day has one entry. Every day since 1995 comes by here, in every load of an empty table."""
    present, never, gaps, refused = known.first_line, known.calendar.gaps, known.gaps, known.refused
    for day in days:
        key = day.isoformat()
        if key in present:
            yield DayStatus(day, "present")
        elif why := never.get(day) or (key in gaps and gaps[key].why):
            yield DayStatus(day, "gap", why)
        elif key in refused:
            yield DayStatus(day, "quarantined", f"{refused[key].source}: {refused[key].reason}")
        elif not known.was_asked(day):
            yield DayStatus(day, "unasked")
        elif day >= today or key in known.denied_days:
            yield DayStatus(day, "pending", "no source has it yet")
        else:
            yield DayStatus(day, "failed", "asked for, and no source answered")


def _with_many_entries(known: Known, days: Span, today: dt.date) -> Iterator[DayStatus]:
    """The same, where a day has none, one or many entries."""
    present, never, refused = known.entries.by_day, known.calendar.gaps, known.refused
    for day in days:
        key = day.isoformat()
        if key in refused:
            yield DayStatus(day, "quarantined", f"{refused[key].source}: {refused[key].reason}")
        elif key in present:
            yield DayStatus(day, "present")
        elif why := never.get(day):
            yield DayStatus(day, "gap", why)
        elif answer := known.entries.answer(day):
            yield _answered(known, day, today, answer.of_nothing)
        elif gap := known.gaps.get(key):
            yield DayStatus(day, "gap", gap.why)
        elif known.was_asked(day):
            yield DayStatus(day, "failed", "asked for, and no source answered")
        else:
            yield DayStatus(day, "unasked")


def _answered(known: Known, day: dt.date, today: dt.date, of_nothing: str) -> DayStatus:
    calendar = known.calendar
    young = not calendar.ahead and (day > today or (today - day).days < calendar.absence_after)
    return DayStatus(day, "pending", "no source has it yet") if young else DayStatus(day, "gap", of_nothing)


def following(known: Known, today_then: dt.date | None, lookback: int) -> bool:
    """True when the archive was current at its last version, and so is to be kept current."""
    if not known.asked or today_then is None:
        return False
    return known.asked[-1].last >= today_then - dt.timedelta(days=lookback)


class Terms(NamedTuple):
    """What decides which days a run without dates asks for.

    Attributes:
        today: the newest day that is due.
        today_then: the newest day that was due at the last version.
        lookback: how many days back are read again: NASA's authors correct up to ten days late.
        sources: who will be asked, in this order.
        gaps_again: whether days without an entry are asked for again in this run.
        reread: by year, the day on which it was last asked for again, whatever came of it.
    """

    today: dt.date
    today_then: dt.date | None
    lookback: int
    sources: tuple[str, ...] = ()
    gaps_again: bool = False
    reread: Mapping[str, str] = MappingProxyType({})


def due(known: Known, terms: Terms) -> list[dt.date]:
    """The days that a run without dates asks for: the last ones again, what is missing, and what is in doubt."""
    today, publishable = terms.today, known.calendar.publishable
    near = known.calendar.near(today, terms.lookback)
    days = set(publishable(near)) if near else set()
    if following(known, terms.today_then, terms.lookback) and known.asked[-1].last < today:
        days.update(publishable(Span(known.asked[-1].last, today)))
    days.update(missing(known, today), _doubtful(known, today, terms.sources))
    if known.gaps:
        days -= {day for day in days if known.gap(str(day)) and not terms.gaps_again}
        days.update(_gaps_to_ask(known, terms))
    return sorted(days)


def _gaps_to_ask(known: Known, terms: Terms) -> Iterator[dt.date]:
    """Days without an entry that are worth asking for: for a year now and then, and of whom nobody asked before."""
    for key in known.gaps:
        gap = known.gap(key)
        if gap is None or (day := dt.date.fromisoformat(key)) > terms.today:
            continue
        young = terms.today - gap.on <= A_YEAR
        unheard = bool(gap.witnesses) and not set(terms.sources) <= set(gap.witnesses)
        if (young and terms.gaps_again) or unheard:
            yield day


def _doubtful(known: Known, today: dt.date, sources: tuple[str, ...]) -> set[dt.date]:
    """Days of which a source's last word was refused, or came in a feed only, where its reading would be the entry.

    It may say better now.
    """
    days = set()
    for source, key in (*known.open_refusals, *known.from_feed):
        # As in a run: what an earlier source gives is not asked of a later one.
        if source in sources and not any(known.held(one, key) for one in sources[: sources.index(source)]):
            days.add(dt.date.fromisoformat(key))
    return {day for day in known.calendar.publishable(days) if day <= today and known.was_asked(day)}


def missing(known: Known, today: dt.date, span: Span | None = None) -> list[dt.date]:
    """Days that were asked for (or lie in a span), that no source gave, and that are no gap."""
    newest = known.calendar.newest(today)
    spans = [Span(s.first, min(s.last, newest)) for s in ([span] if span else known.asked) if s.first <= newest]
    return [
        day
        for s in spans
        if not _complete(known, s)
        for day in known.calendar.publishable(s)
        if not known.covers(key := day.isoformat()) and key not in known.gaps
    ]


def _complete(known: Known, span: Span) -> bool:
    """True when every publishable day of a span is there; told by counting, because it is asked in every run."""
    if known.keyed:
        whole = any(span.first in told and span.last in told for told in known.entries.answered)
        return whole and not any(dt.date.fromisoformat(day) in span for day in known.refused)
    first, last = max(span.first, known.calendar.first_day), span.last
    wanted = (last - first).days + 1 - sum(first <= gap <= last for gap in known.calendar.gaps)
    days = sorted(known.first_line)
    return bisect_right(days, str(last)) - bisect_left(days, str(first)) == wanted


def turns(known: Known, terms: Terms) -> dict[str, list[dt.date]]:
    """Days far from the newest one that were told of, and that it is time to ask for again: by their year."""
    calendar, today = known.calendar, terms.today
    if not calendar.again:
        return {}
    near, newest = calendar.near(today, terms.lookback), calendar.newest(today)
    long_ago = str(today - dt.timedelta(days=calendar.again))
    years: dict[str, list[dt.date]] = {}
    stale: set[str] = set()
    for span in known.entries.answered:
        for day in span:
            if day > newest or (near and day in near):
                continue
            year = f"{day.year:04}"
            answer = known.entries.answer(day)
            years.setdefault(year, []).append(day)
            if answer and max(answer.on, terms.reread.get(year, "")) <= long_ago:
                stale.add(year)
    return {year: days for year, days in years.items() if year in stale}
