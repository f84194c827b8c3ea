"""Two archives, as on two machines that push to one remote, in states that many tests begin with: each made once.

Takes what brings two empty archives into a state, gives both. Whatever a test does to them, the next one finds them as
they were made.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Callable

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.simulator import Simulator
from kept import Kept, database
from lab import TODAY, Lab, shared_remote

BEGIN = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 10))
LATER = Span(dt.date(2018, 12, 11), dt.date(2018, 12, 15))
LAST = Span(dt.date(2018, 12, 16), dt.date(2018, 12, 20))
DAY = dt.date(2018, 12, 3)

Pair = tuple[Lab, Lab]
Make = Callable[[Lab, Lab], str | None]  # brings both into a state; gives the title that the day has now, if another


def one_history(one: Lab, other: Lab) -> None:
    """Ten days on both."""
    one.run(BEGIN)
    other.cloned()


def two_edits(one: Lab, other: Lab) -> str:
    """And two versions that only the other has, edits of a day, while the first has pushed new days."""
    one_history(one, other)
    for title in ("The Second", "The Third"):
        one.nasa.edit(DAY, title=title)
        other.run(BEGIN, git_remote=None)
    one.run(LATER)
    return title


def began_apart(one: Lab, other: Lab) -> str:
    """Without a common beginning, each with edits of its own; the first has pushed to the remote."""
    other.run(Span(BEGIN.first, LATER.last), git_remote=None)
    one.nasa.edit(DAY, title="Seen By The Second")
    other.run(BEGIN, git_remote=None)
    one.nasa.edit(DAY, title="Seen By The First")
    one.run(BEGIN)
    one.nasa.edit(DAY, title="Seen By The First Too")
    one.run(Span(DAY, LAST.last))
    return "Seen By The First Too"


def _talking_to(nasa: Simulator, one: Lab) -> Lab:
    return dataclasses.replace(one, nasa=nasa, flags=dict(one.flags), told=[])


@pytest.fixture(scope="session")
def machines(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str, migrated_template: str
) -> Callable[[Make, Simulator], Pair]:
    """Gives two archives in a state, which talk to a simulator; the remotes are in their flags."""
    made: dict[Make, tuple[Pair, str | None, Kept]] = {}

    def anew(make: Make) -> tuple[Pair, str | None, Kept]:
        base = tmp_path_factory.mktemp("machines") / "here"
        base.mkdir()
        names = [f"machine_{os.getpid()}_{len(made)}_{number}" for number in range(2)]
        urls = [database(postgres_server, name, migrated_template) for name in names]
        remote = shared_remote(base)
        with Simulator(today=TODAY) as nasa:
            pair = Lab(nasa, base / "archive", urls[0], dict(remote)), Lab(nasa, base / "other", urls[1], dict(remote))
            title = make(*pair)
        kept = Kept(postgres_server, base, tuple(urls))
        kept.keep()
        return pair, title, kept

    def given(make: Make, nasa: Simulator) -> Pair:
        if make not in made:
            made[make] = anew(make)
        (one, other), title, kept = made[make]
        kept.put_back()
        if title:
            nasa.edit(DAY, title=title)
        return _talking_to(nasa, one), _talking_to(nasa, other)

    return given


@pytest.fixture
def pair(machines: Callable[[Make, Simulator], Pair], nasa: Simulator) -> Pair:
    """Two archives with one history of ten days, as on two machines; both push to one remote."""
    return machines(one_history, nasa)
