"""Whose worlds are lived through: every data set that has some, and how many of them.

Takes a data set's name and a seed, gives worlds to whoever lives through them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from worlds import apod, approaches


class Hostile(NamedTuple):
    """What is a data set's own in all this.

    Attributes:
        worlds: as hypothesis makes them.
        bench: makes what they are lived through on, in a folder and with a server.
        obeys: lives through one, and asserts its laws.
        seed: of the worlds that `make test` takes.
        count: how many it takes.
        batch: how many are lived through between two words of `make test-hostile`.
        broke_the_law_once: every world that ever did, by what was wrong.
    """

    worlds: st.SearchStrategy[Any]
    bench: Callable[[Path, str], Any]
    obeys: Callable[[Any, Any], None]
    seed: int
    count: int
    batch: int
    broke_the_law_once: dict[str, Any]


APODS = 0xB9D4859F627BFD137B65FEC3DE9B0A73A3BEF71888F65FF6B97C4F370E86479AF51C3ACCD3A2C5A8E7332038623C9C76
SETS = {
    "apod": Hostile(apod.WORLDS, apod.bench, apod.obeys, APODS, 200, 100, apod.BROKE_THE_LAW_ONCE),
    "approaches": Hostile(
        approaches.WORLDS, approaches.bench, approaches.obeys, 1, 10, 20, approaches.BROKE_THE_LAW_ONCE
    ),
}
PHASES = (Phase.generate, Phase.shrink)


def live_through(worlds: st.SearchStrategy[Any], call: Callable[[Any], None], number: int, count: int) -> None:
    """So many worlds of a seed; raises what the smallest one that breaks a law raises."""

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,  # hostile.py runs without pytest, and so without the profile of conftest.py
        database=None,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(worlds)
    def every(world: Any) -> None:
        call(world)

    every()
