"""Which days of APOD exist, which of them NASA left out, and when a day is due.

Takes dates and instants, gives dates. Pure: never reads a clock by itself, never does I/O.
Source: the archive's own completeness (11,387 entries, four gaps) and the publishing time, midnight US Eastern.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import cache
from zoneinfo import ZoneInfo

from apod_pipeline.dataset.spans import Span

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


def publishable(span: Span) -> Iterator[dt.date]:
    """The days of a span on which NASA published, or will publish, an entry."""
    return publishable_days(span)


def publishable_days(days: Iterable[dt.date]) -> Iterator[dt.date]:
    """Those of some days on which NASA published, or will publish, an entry."""
    return (day for day in days if day >= FIRST_DAY and day not in GAPS)
