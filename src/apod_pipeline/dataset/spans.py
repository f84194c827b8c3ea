"""Calendar days that are asked for together.

Takes dates, gives spans. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


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


def joined(spans: list[Span], span: Span) -> list[Span]:
    """Spans in their order with one more, those that touch made one."""
    if any(span.first in old and span.last in old for old in spans):
        return spans
    one_day = dt.timedelta(days=1)
    apart = [o for o in spans if o.last + one_day < span.first or span.last + one_day < o.first]
    touching = [span, *(o for o in spans if o not in apart)]
    return sorted([*apart, Span(min(s.first for s in touching), max(s.last for s in touching))])
