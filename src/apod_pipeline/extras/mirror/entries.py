"""The entries that are shown now, and those that were known at an instant: one day's, the newest, a span's, some drawn.

Takes the SELECTs and a watch over the tables' version, gives rows of `selects.COLUMNS`. What is shown now is kept in
memory: a year is read when the first of its days is asked for, and forgotten when the version changes; thirty years are
some 30 MB. The past is asked of the tables each time, because hardly anybody asks for the same instant.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from apod_pipeline.extras.mirror.placing import Placing
from apod_pipeline.extras.mirror.reads import Row
from apod_pipeline.extras.mirror.records import shown_kind
from apod_pipeline.extras.mirror.selects import Selects
from apod_pipeline.extras.mirror.shelves import Shelf, VersionWatch

EVERYTHING = "*"
_draw = random.SystemRandom()


class Days(NamedTuple):
    """Which days have an entry.

    Attributes:
        by_kind: the days of each kind as the old API names them, in their order; all of them under `EVERYTHING`.
    """

    by_kind: Mapping[str, list[str]]

    def of(self, kind: str | None) -> list[str]:
        """The days of one kind, or all."""
        return self.by_kind.get(kind or EVERYTHING, [])


class Entries(Protocol):
    """What can be asked; each may raise `DatabaseUnavailable`, and takes the kind that is wanted: None for any."""

    async def day(self, day: dt.date, kind: str | None = None) -> Row | None:
        """One day's entry; None where there is none of that kind."""

    async def newest(self, kind: str | None = None) -> Row | None:
        """The newest entry."""

    async def draw(self, count: int, kind: str | None = None) -> Sequence[Row]:
        """So many different entries at random, or all that there are."""

    def span(self, first: dt.date, last: dt.date, kind: str | None = None) -> AsyncIterator[Sequence[Row]]:
        """The entries of some days, in pieces, in the order of the days."""


class Past:
    """What was known at an instant.

    Args:
        reading: the SELECTs.
        instant: whose state is asked for.
        placing: adds where their pictures are.
    """

    def __init__(self, reading: Selects, instant: dt.datetime, placing: Placing) -> None:
        self._reading = reading
        self._instant = instant
        self._placing = placing

    async def day(self, day: dt.date, kind: str | None = None) -> Row | None:
        """One day's entry; None where there was none of that kind."""
        return await self._placed(await self._reading.day_at(day, self._instant, kind))

    async def newest(self, kind: str | None = None) -> Row | None:
        """The newest entry."""
        return await self._placed(await self._reading.newest_at(self._instant, kind))

    async def draw(self, count: int, kind: str | None = None) -> Sequence[Row]:
        """So many different entries at random, or all that there were."""
        return await self._placing.rows(await self._reading.drawn_at(count, self._instant, kind), self._instant)

    async def span(self, first: dt.date, last: dt.date, kind: str | None = None) -> AsyncIterator[Sequence[Row]]:
        """The entries of some days, in pieces, in the order of the days."""
        async for rows in self._reading.span_at(first, last, self._instant, kind):
            yield await self._placing.rows(rows, self._instant)

    async def _placed(self, row: Row | None) -> Row | None:
        return (await self._placing.rows([row], self._instant))[0] if row else None


class Present:
    """What is shown now.

    Args:
        reading: the SELECTs.
        watch: tells when what was read is out of date.
        placing: adds where their pictures are.
    """

    def __init__(self, reading: Selects, watch: VersionWatch, placing: Placing) -> None:
        self._reading = reading
        self._placing = placing
        self._days: Shelf[Days] = Shelf(watch, 1)
        self._years: Shelf[Mapping[str, Row]] = Shelf(watch, 9999)

    async def day(self, day: dt.date, kind: str | None = None) -> Row | None:
        """One day's entry; None where there is none of that kind."""
        row = (await self._year(f"{day.year:04}")).get(str(day))
        return row if row is None or kind in {None, shown_kind(row)} else None

    async def newest(self, kind: str | None = None) -> Row | None:
        """The newest entry."""
        days = (await self._known_days()).of(kind)
        return await self._of(days[-1]) if days else None

    async def draw(self, count: int, kind: str | None = None) -> Sequence[Row]:
        """So many different entries at random, or all that there are."""
        days = (await self._known_days()).of(kind)
        rows = [await self._of(day) for day in _draw.sample(days, min(count, len(days)))]
        return [row for row in rows if row is not None]

    async def span(self, first: dt.date, last: dt.date, kind: str | None = None) -> AsyncIterator[Sequence[Row]]:
        """The entries of some days, a year at a time, in the order of the days."""
        for year in range(first.year, last.year + 1):
            rows = (await self._year(f"{year:04}")).values()
            found = [row for row in rows if str(first) <= row["date"] <= str(last)]
            if found := [row for row in found if kind in {None, shown_kind(row)}]:
                yield found

    async def _of(self, day: str) -> Row | None:
        return (await self._year(day[:4])).get(day)

    async def _year(self, year: str) -> Mapping[str, Row]:
        return self._years.at_once(year) or await self._years.get(year, lambda: self._read_year(year))

    async def _read_year(self, year: str) -> Mapping[str, Row]:
        return {row["date"]: row for row in await self._placing.rows(await self._reading.year(year))}

    async def _known_days(self) -> Days:
        return self._days.at_once("days") or await self._days.get("days", self._read_days)

    async def _read_days(self) -> Days:
        found: dict[str, list[str]] = {EVERYTHING: []}
        for row in await self._reading.days():
            found[EVERYTHING].append(row["date"])
            found.setdefault(shown_kind(row), []).append(row["date"])
        return Days(found)
