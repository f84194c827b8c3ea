"""What was made once and is given again, until the tables show another version or another day begins.

Takes the SELECTs and a calendar, gives shelves for answers; looks at the tables' version at most once a second. While
the database is away, what stands on a shelf is still given. Never keeps an answer that was made across a change.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from apod_pipeline.errors import DatabaseUnavailable
from apod_pipeline.extras.mirror.reads import Reads

Made = TypeVar("Made")

FRESH_SECONDS = 1.0  # how old the knowledge of the tables' version may be


@dataclass(eq=False, repr=False)
class Shelf(Generic[Made]):
    """Answers by what was asked, the oldest given up for a new one when there are too many.

    Attributes:
        watch: tells when all of them are out of date.
        most: how many there is room for.
    """

    watch: VersionWatch
    most: int
    _made: dict[Hashable, Made] = field(default_factory=dict)
    _making: dict[Hashable, asyncio.Task[Made]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.watch.add(self)

    def at_once(self, asked: Hashable) -> Made | None:
        """What was made for the very same question, if the tables were looked at a moment ago."""
        return self._made.get(asked) if self.watch.fresh else None

    def put(self, asked: Hashable, made: Made) -> None:
        """Keep an answer that was made since the last change."""
        if asked not in self._made and len(self._made) >= self.most:
            del self._made[next(iter(self._made))]
        self._made[asked] = made

    async def get(self, asked: Hashable, make: Callable[[], Awaitable[Made]]) -> Made:
        """What was made for the very same question, or is made now: once, however many ask for it at one time.

        Raises:
            DatabaseUnavailable: what is not kept cannot be read now.
        """
        known = self._made.get(asked)
        try:
            await self.watch.look()
        except DatabaseUnavailable:
            if known is None:
                raise
            return known
        if (known := self._made.get(asked)) is not None:
            return known
        if (making := self._making.get(asked)) is None:
            making = self._making[asked] = asyncio.create_task(self._make(asked, make))
        return await asyncio.shield(making)  # who goes away meanwhile takes it from nobody

    async def _make(self, asked: Hashable, make: Callable[[], Awaitable[Made]]) -> Made:
        edition = self.watch.edition
        try:
            made = await make()
        finally:
            if self._making.get(asked) is asyncio.current_task():
                del self._making[asked]
        if edition == self.watch.edition:
            self.put(asked, made)
        return made

    def clear(self) -> None:
        """Everything is out of date, also what is being made."""
        self._made.clear()
        self._making.clear()


@dataclass(eq=False, repr=False)
class VersionWatch:
    """Which version the tables show, and the shelves that are emptied when it changes.

    Attributes:
        reading: the SELECTs.
        today: gives the newest day that may be asked for.
        version: the tables' version when they were last looked at; None while they are empty, or were never seen.
        beside: looks at what else kept answers are made of, where there is something.
    """

    reading: Reads
    today: Callable[[], dt.date]
    version: tuple[dt.datetime, int] | None = None
    beside: Callable[[], Awaitable[Hashable]] | None = None
    _beside: Hashable = None
    _day: dt.date | None = None
    _looked: float = float("-inf")
    _shelves: list[Shelf[Any]] = field(default_factory=list)

    def add(self, shelf: Shelf[Any]) -> None:
        """Empty this one too."""
        self._shelves.append(shelf)

    @property
    def edition(self) -> Hashable:
        """What every kept answer belongs to."""
        return self.version, self._beside, self._day

    @property
    def fresh(self) -> bool:
        """Whether the tables were looked at a moment ago."""
        return asyncio.get_running_loop().time() - self._looked < FRESH_SECONDS

    async def look(self) -> None:
        """Empty the shelves if the tables show another version now.

        Raises:
            DatabaseUnavailable: they cannot be looked at; for a moment nobody else tries.
        """
        if self.fresh:
            return
        self._looked = asyncio.get_running_loop().time()  # first: whoever comes meanwhile is not kept waiting
        version, today = await self.reading.version(), self.today()
        beside = await self.beside() if self.beside else None
        if (version, beside, today) != self.edition:
            for shelf in self._shelves:
                shelf.clear()
        self.version, self._beside, self._day = version, beside, today
