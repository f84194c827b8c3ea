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


class Calendar(NamedTuple):
    """The days of a data set.

    Attributes:
        first_day: before it there is nothing.
        zone: the time zone in which a day begins.
        zone_in_words: the same for people.
        gaps: days that are known to have nothing, each with the reason: they are explained, not missing.
    """

    first_day: dt.date
    zone: str
    zone_in_words: str
    gaps: Mapping[dt.date, str] = MappingProxyType({})

    def due(self, instant: dt.datetime) -> dt.date:
        """The newest day that is due at an instant (aware datetime)."""
        return instant.astimezone(_zone(self.zone)).date()

    def publishable(self, days: Iterable[dt.date]) -> Iterator[dt.date]:
        """Those of some days that have something, or will have."""
        return (day for day in days if day >= self.first_day and day not in self.gaps)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
