"""Which days of APOD exist, which of them NASA left out, and when a day is due.

Takes instants, gives dates. Pure: never reads a clock by itself, never does I/O.
Source: the archive's own completeness (11,387 entries, four gaps) and the publishing time, midnight US Eastern.
"""

from __future__ import annotations

import datetime as dt

from apod_pipeline.dataset.calendar import Calendar

FIRST_DAY = dt.date(1995, 6, 16)

# NASA published nothing on these days, and never will: they are explained, not missing.
GAPS = {
    dt.date(1995, 6, 17): "nothing was published in the first week after the first picture",
    dt.date(1995, 6, 18): "nothing was published in the first week after the first picture",
    dt.date(1995, 6, 19): "nothing was published in the first week after the first picture",
    dt.date(2020, 6, 10): "nothing was published on this day",
}

CALENDAR = Calendar(FIRST_DAY, "America/New_York", "US Eastern", GAPS)


def publishing_day(instant: dt.datetime) -> dt.date:
    """The newest day that is due at an instant (aware datetime): publication is at midnight US Eastern."""
    return CALENDAR.due(instant)
