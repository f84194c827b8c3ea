"""Which days a data set has, which of them are known to have nothing, and when a day is due.

Takes dates and instants, gives dates. Pure: never reads a clock by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from apod_pipeline.dataset.spans import Span


class Calendar(NamedTuple):
    """The days of a data set.

    Attributes:
        first_day: before it there is nothing.
        zone: the time zone in which a day begins.
        zone_in_words: the same for people.
        gaps: days that are known to have nothing, each with the reason: they are explained, not missing.
        ahead: how many days after the one that is due are asked for too: a data set may know the future.
        around: how many days before and after the newest one every run requests again; 0: as many as the settings say,
            and all that lie ahead.
        again: after how many days what lies farther away is requested again, a calendar year at a time; 0: it is not.
        absence_after: how old a day must be, in days, before it is believed to have nothing because a source says so.
    """

    first_day: dt.date
    zone: str
    zone_in_words: str
    gaps: Mapping[dt.date, str] = MappingProxyType({})
    ahead: int = 0
    absence_after: int = 0
    around: int = 0
    again: int = 0

    def newest(self, today: dt.date) -> dt.date:
        """The last day there may be an entry of, when `today` is the newest one that is due."""
        return today + dt.timedelta(days=self.ahead) if self.ahead else today

    def near(self, today: dt.date, lookback: int) -> Span | None:
        """The days that every run requests again, when `today` is the newest one that is due; None for none."""
        first = max(self.first_day, today - dt.timedelta(days=max(lookback, self.around)))
        last = min(self.newest(today), today + dt.timedelta(days=self.around)) if self.around else self.newest(today)
        return Span(first, last) if first <= last else None

    def due(self, instant: dt.datetime) -> dt.date:
        """The newest day that is due at an instant (aware datetime)."""
        return instant.astimezone(_zone(self.zone)).date()

    def publishable(self, days: Iterable[dt.date]) -> Iterator[dt.date]:
        """Those of some days that have something, or will have."""
        return (day for day in days if day >= self.first_day and day not in self.gaps)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
