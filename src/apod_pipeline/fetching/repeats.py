"""How many days carry the same words or the same picture, and how close together they lie.

Takes days with their digests, gives the reason why one of them is a repetition too many. Pure: never does I/O.

What real ones share, counted over 11,382 days from 1995 to 2026: the first 400 letters of a text stand on up to 12
days (blanks aside), a whole text on up to 4, a picture on up to 5. These are favourites, shown again years later: over
the 8,597 days to 2018, of any 366 days no more than 2 carry the same beginning or the same picture, of any 1,000 no
more than 3. A service that lies tells the same of every day it is asked for: of days that lie side by side, or of
scattered ones, but all in one run.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

YEAR = 366


class Limits(NamedTuple):
    """So many days are too many.

    Attributes:
        of_a_year: days of one year that carry the same beginning, or picture; real ones: 2.
        at_once: days told the same beginning, or picture, in one run; real ones: 12 in 31 years.
        to_the_letter: days told the same whole text in one run; real ones: 4 since 1995.
    """

    of_a_year: int = 10
    at_once: int = 25
    to_the_letter: int = 10


LIMITS = Limits()

Days = dict[str, list[int]]  # hash -> ordinals of the days that carry it, ascending


@dataclass(eq=False, repr=False)
class Repeats:
    """Which days of one source carry the same words, and the same picture.

    Attributes:
        limits: how many are too many.
    """

    limits: Limits = LIMITS
    texts: Days = field(default_factory=dict)
    pictures: Days = field(default_factory=dict)
    _told: dict[str, set[int]] = field(default_factory=dict)  # in this run: hash -> ordinals

    @classmethod
    def of(cls, held: Iterable[tuple[str, str]], limits: Limits = LIMITS) -> Repeats:
        """Count what is stored already: ISO days with their digests."""
        repeats = cls(limits)
        for day, digest in held:
            repeats._place(dt.date.fromisoformat(day).toordinal(), digest)
        for days in (*repeats.texts.values(), *repeats.pictures.values()):
            days.sort()
        return repeats

    def _place(self, ordinal: int, digest: str) -> None:
        _, text, picture = digest.split("-")
        if text:
            self.texts.setdefault(text, []).append(ordinal)
        if picture:
            self.pictures.setdefault(picture, []).append(ordinal)

    def add(self, told: Iterable[tuple[dt.date, str]]) -> None:
        """Count days that are told in this run."""
        for day, digest in told:
            _, text, picture = digest.split("-")
            for days, key in ((self.texts, text), (self.pictures, picture)):
                if key:
                    insort(days.setdefault(key, []), day.toordinal())
                    self._told.setdefault(key, set()).add(day.toordinal())

    def forget(self, told: Iterable[tuple[dt.date, str]]) -> None:
        """Count days no more: they say something else now."""
        for day, digest in told:
            _, text, picture = digest.split("-")
            for days, key in ((self.texts, text), (self.pictures, picture)):
                if key and (ordinal := day.toordinal()) in days.get(key, ()):
                    days[key].remove(ordinal)
                    self._told.get(key, set()).discard(ordinal)

    def reason(self, day: dt.date, digest: str) -> str | None:
        """Why a counted day is implausible; None when it is not."""
        _, text, picture = digest.split("-")
        for what, days, key in (("explanation", self.texts, text), ("picture", self.pictures, picture)):
            if key and self._too_close(days[key], day.toordinal()):
                return f"the same {what} on {self.limits.of_a_year} days or more"
            if key and len(self._told.get(key, ())) >= self.limits.at_once:
                return f"the same {what} on {self.limits.at_once} days or more at once"
        return None

    def _too_close(self, days: list[int], ordinal: int) -> bool:
        """True when a day belongs to `most` days that lie within one year."""
        if len(days) < self.limits.of_a_year:
            return False
        near = days[bisect_left(days, ordinal - YEAR + 1) : bisect_right(days, ordinal + YEAR - 1)]
        spans = zip(near, near[self.limits.of_a_year - 1 :], strict=False)
        return any(first <= ordinal <= last and last - first < YEAR for first, last in spans)
