"""Which days exist, which of them NASA left out, and when a day is due.

Takes dates and instants, gives dates and spans. Pure: never reads a clock by itself, never does I/O.
Source: the archive's own completeness (11,387 entries, four gaps) and the publishing time, midnight US Eastern.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

FIRST_DAY = dt.date(1995, 6, 16)

# NASA published nothing on these days, and never will: they are explained, not missing.
GAPS = {
    dt.date(1995, 6, 17): "nothing was published in the first week after the first picture",
    dt.date(1995, 6, 18): "nothing was published in the first week after the first picture",
    dt.date(1995, 6, 19): "nothing was published in the first week after the first picture",
    dt.date(2020, 6, 10): "nothing was published on this day",
}


@cache
def publishing_zone() -> ZoneInfo:
    """The zone in which a day begins for APOD: US Eastern."""
    return ZoneInfo("America/New_York")


def publishing_day(instant: dt.datetime) -> dt.date:
    """The newest day that is due at an instant (aware datetime): publication is at midnight US Eastern."""
    return instant.astimezone(publishing_zone()).date()


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Calendar days from `first` to `last`, both included; never empty.

    Raises:
        ValueError: when `last` is before `first`.
    """

    first: dt.date
    last: dt.date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"{self.last} is before {self.first}")

    def __contains__(self, day: dt.date) -> bool:
        return self.first <= day <= self.last

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[dt.date]:
        for number in range(self.first.toordinal(), self.last.toordinal() + 1):
            yield dt.date.fromordinal(number)

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"


def publishable(span: Span) -> Iterator[dt.date]:
    """The days of a span on which NASA published, or will publish, an entry."""
    return publishable_days(span)


def publishable_days(days: Iterable[dt.date]) -> Iterator[dt.date]:
    """Those of some days on which NASA published, or will publish, an entry."""
    return (day for day in days if day >= FIRST_DAY and day not in GAPS)


def spans_of(days: Iterable[dt.date], longest: int, bridge: int = 0) -> list[Span]:
    """Days gathered into spans of at most `longest` days, oldest first.

    Args:
        days: any days, in any order.
        longest: how many calendar days a span may cover, at least 1.
        bridge: how many unwanted days may lie inside a span, between two wanted ones: asking for them
            costs less than another request.
    """
    spans: list[Span] = []
    for day in sorted(set(days)):
        if spans:
            first, last = spans[-1].first, spans[-1].last
            if (day - last).days <= bridge + 1 and (day - first).days < longest:
                spans[-1] = Span(first, day)
                continue
        spans.append(Span(day, day))
    return spans
