"""What was made once is given again, and never longer than it is true."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from apod_pipeline.errors import DatabaseUnavailable
from apod_pipeline.extras.mirror.shelves import Shelf, VersionWatch

DAY = dt.date(2024, 3, 1)


class Tables:
    """Tables that show what version they are told to."""

    def __init__(self) -> None:
        self.shown = 1
        self.away = False

    async def version(self):
        if self.away:
            raise DatabaseUnavailable("away")
        return dt.datetime(2024, 1, 1, tzinfo=dt.UTC), self.shown


class Maker:
    """Makes the number of times that it was asked."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self):
        self.times += 1
        return self.times


@pytest.fixture
def tables():
    """The tables that are watched."""
    return Tables()


@pytest.fixture
def watch(tables):
    """A watch over them."""
    return VersionWatch(tables, lambda: DAY)


def later(watch):
    """As if a second had gone by."""
    watch._looked = float("-inf")


def test_an_answer_is_made_once_for_a_version(tables, watch):
    """The same question gets the same answer until the tables show another version."""

    async def asked():
        shelf, make = Shelf(watch, 10), Maker()
        given = [await shelf.get("a", make), await shelf.get("a", make)]
        later(watch)
        given.append(await shelf.get("a", make))
        tables.shown = 2
        later(watch)
        return [*given, await shelf.get("a", make)]

    assert asyncio.run(asked()) == [1, 1, 1, 2]


def test_a_new_day_begins_anew(tables):
    """What was made yesterday is not given today, though the tables are the same."""
    days = iter([DAY, DAY + dt.timedelta(days=1)])
    watch = VersionWatch(tables, lambda: next(days))

    async def asked():
        shelf, make = Shelf(watch, 10), Maker()
        given = [await shelf.get("a", make)]
        later(watch)
        return [*given, await shelf.get("a", make)]

    assert asyncio.run(asked()) == [1, 2]


def test_what_was_made_across_a_change_is_not_kept(tables, watch):
    """Rows that were read before a version came, and answered after it, are given once only."""

    async def asked():
        shelf, other = Shelf(watch, 10), Maker()

        async def make():
            tables.shown = 2
            later(watch)
            await shelf.get("b", other)
            return "old"

        return [await shelf.get("a", make), await shelf.get("a", Maker())]

    assert asyncio.run(asked()) == ["old", 1]


def test_a_database_that_is_away(tables, watch):
    """What is kept is still given, what is not kept is an error, and afterwards all is made again."""

    async def asked():
        shelf, make = Shelf(watch, 10), Maker()
        await shelf.get("a", make)
        tables.away = True
        later(watch)
        given = [await shelf.get("a", make)]
        later(watch)
        with pytest.raises(DatabaseUnavailable):
            await shelf.get("b", make)
        tables.away = False
        later(watch)
        return [*given, await shelf.get("b", make)]

    assert asyncio.run(asked()) == [1, 2]


def test_the_oldest_makes_room(watch):
    """A full shelf gives up what was made first, and never grows."""

    async def asked():
        shelf = Shelf(watch, 2)
        for name in "abc":
            await shelf.get(name, Maker())
        return [shelf.at_once(name) for name in "abc"]

    assert asyncio.run(asked()) == [None, 1, 1]


def test_nothing_is_given_at_once_by_a_watch_that_sleeps(watch):
    """Without a look at the tables a moment ago no answer is given unseen."""

    async def asked():
        shelf = Shelf(watch, 2)
        await shelf.get("a", Maker())
        given = [shelf.at_once("a")]
        later(watch)
        return [*given, shelf.at_once("a")]

    assert asyncio.run(asked()) == [1, None]
