"""How many days carry the same telltale, the same words or the same picture, and how close together they lie.

Takes days with their digests, gives the reason why one of them is a repetition too many. Pure: never does I/O.
Of what telltales there are, and how many days with the same one real services have, tells the data set.

A service that lies tells the same of every day it is asked for: of days that lie side by side, or of scattered ones,
but all in one run. Real ones repeat a favourite years later.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from apod_pipeline.dataset.doubts import Doubts

YEAR = 366


Days = dict[str, list[int]]  # hash -> ordinals of the days that carry it, ascending


@dataclass(eq=False, repr=False)
class Repeats:
    """Which days of one source carry the same telltale.

    Attributes:
        doubts: which telltales there are, and how many days are too many.
    """

    doubts: Doubts
    _days: tuple[Days, ...] = ()  # a telltale each
    _told: Days = field(default_factory=dict)  # in this run

    def __post_init__(self) -> None:
        self._days = tuple({} for _ in self.doubts.telltales)

    @classmethod
    def of(cls, held: Iterable[tuple[str, str]], doubts: Doubts) -> Repeats:
        """Count what is stored already: ISO days with their digests."""
        repeats = cls(doubts)
        for day, digest in held:
            ordinal = dt.date.fromisoformat(day).toordinal()
            for days, key in repeats._keys(digest):
                days.setdefault(key, []).append(ordinal)
        for days in repeats._days:
            for ordinals in days.values():
                ordinals.sort()
        return repeats

    def _keys(self, digest: str) -> Iterator[tuple[Days, str]]:
        keys = digest.split("-")[1:]
        return ((days, key) for days, key in zip(self._days, keys, strict=True) if key)

    def add(self, told: Iterable[tuple[dt.date, str]]) -> None:
        """Count days that are told in this run."""
        for day, digest in told:
            ordinal = day.toordinal()
            for days, key in self._keys(digest):
                _put(days, key, ordinal)
                _put(self._told, key, ordinal, once=True)

    def forget(self, told: Iterable[tuple[dt.date, str]]) -> None:
        """Count days no more: they say something else now."""
        for day, digest in told:
            for days, key in self._keys(digest):
                if (ordinal := day.toordinal()) in days.get(key, ()):
                    days[key].remove(ordinal)
                    if ordinal in (now := self._told.get(key, [])):
                        now.remove(ordinal)

    def reason(self, day: dt.date, digest: str) -> str | None:
        """Why a counted day is implausible; None when it is not."""
        limits = self.doubts.limits
        for telltale, days, key in zip(self.doubts.telltales, self._days, digest.split("-")[1:], strict=True):
            if key and len(days[key]) >= limits.of_a_year and self._too_close(days[key], day.toordinal()):
                return f"the same {telltale.name} on {limits.of_a_year} days or more"
            if key and len(self._told.get(key, ())) >= limits.at_once:
                return f"the same {telltale.name} on {limits.at_once} days or more at once"
        return None

    def _too_close(self, days: list[int], ordinal: int) -> bool:
        """True when a day belongs to too many days that lie within one year."""
        most = self.doubts.limits.of_a_year
        near = days[bisect_left(days, ordinal - YEAR + 1) : bisect_right(days, ordinal + YEAR - 1)]
        spans = zip(near, near[most - 1 :], strict=False)
        return any(first <= ordinal <= last and last - first < YEAR for first, last in spans)


def _put(days: Days, key: str, ordinal: int, *, once: bool = False) -> None:
    if key not in days:
        days[key] = [ordinal]
        return
    place = bisect_left(there := days[key], ordinal)
    if not (once and place < len(there) and there[place] == ordinal):
        there.insert(place, ordinal)
