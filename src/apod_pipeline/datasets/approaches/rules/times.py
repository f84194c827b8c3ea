"""The times of an approach: its day, and UTC from TDB by the leap seconds that are known.

Takes what the service writes, gives days and instants. Pure.
Source: IERS Bulletin C; TDB is taken for TT, from which it never differs by 0.002 s.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_right
from functools import lru_cache
from typing import Any, NamedTuple

J2000, NOON = 2451545, dt.datetime.fromisoformat("2000-01-01T12:00")
TT_TAI = dt.timedelta(seconds=32.184)
# From its beginning on, TAI is so many seconds ahead of UTC, and one more with each further day of the list.
FIRST_OFFSET = 10
LEAPS = sorted(
    dt.datetime.fromisoformat(f"{year}-{month:02}-01")
    for month, years in (
        (1, (1972, *range(1973, 1981), 1988, 1990, 1991, 1996, 1999, 2006, 2009, 2017)),
        (7, (1972, 1981, 1982, 1983, 1985, 1992, 1993, 1994, 1997, 2012, 2015)),
    )
    for year in years
)
EXPIRES = dt.datetime.fromisoformat("2027-06-28")  # what comes after it, nobody has announced yet
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CALENDAR = re.compile(r"(\d{4})-([A-Z][a-z]{2})-(\d{2}) (\d{2}:\d{2})", re.ASCII)
_SIGMA = re.compile(r"(<? ?)(?:(\d+)_)?(\d{2}):(\d{2})", re.ASCII)


class Utc(NamedTuple):
    """An instant, UTC to the second without a zone; and whether leap seconds to come could move it."""

    at: dt.datetime
    predicted: bool


def julian(text: Any) -> dt.datetime | None:  # noqa: ANN401 - whatever the service's JSON held
    """A Julian date as a time of the same scale; None where it is none."""
    # A float tells a Julian date to 0.00005 seconds, half of what nine decimals do.
    try:
        return NOON + dt.timedelta(days=float(text) - J2000) if isinstance(text, str) else None
    except (OverflowError, ValueError):
        return None


def calendar(text: Any) -> dt.datetime | None:  # noqa: ANN401 - whatever the service's JSON held
    """A time such as `2026-Sep-05 10:44`; None where it is none."""
    return _minute(text) if isinstance(text, str) else None


@lru_cache(1024)  # who takes a row's day asks first, who doubts the row a little later
def _minute(text: str) -> dt.datetime | None:
    found = _CALENDAR.fullmatch(text)
    if not found or found[2] not in _MONTHS:
        return None
    try:
        return dt.datetime.fromisoformat(f"{found[1]}-{_MONTHS.index(found[2]) + 1:02}-{found[3]}T{found[4]}")
    except ValueError:
        return None


def day_of(cd: Any, jd: Any) -> str | None:  # noqa: ANN401 - whatever the service's JSON held
    """The day of an approach: of its time to the minute, else of its Julian date; None where it has neither."""
    at = calendar(cd) or julian(jd)
    return str(at.date()) if at else None


def utc(tdb: dt.datetime) -> Utc | None:
    """The same time in UTC; None before leap seconds began."""
    tai = tdb - TT_TAI
    offset = FIRST_OFFSET + bisect_right(_IN_TAI, tai) - 1
    if offset < FIRST_OFFSET:
        return None
    at = tai - dt.timedelta(seconds=offset) + dt.timedelta(microseconds=500_000)
    return Utc(at.replace(microsecond=0), at > EXPIRES)


_IN_TAI = [day + dt.timedelta(seconds=FIRST_OFFSET + n) for n, day in enumerate(LEAPS)]


def minutes(text: str) -> float:
    """An uncertainty such as `00:17`, `3_03:03` or `< 00:01`, in minutes.

    Raises:
        ValueError: it is none.
    """
    if not (found := _SIGMA.fullmatch(text)):
        raise ValueError(f"no uncertainty of a time: {text!r:.40}")
    return float(int(found[2] or 0) * 1440 + int(found[3]) * 60 + int(found[4]))
