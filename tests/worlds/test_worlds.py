"""Nothing that a service tells stops an archive: worlds by the hundred, and every one that ever broke the law."""

from __future__ import annotations

from functools import partial

import pytest

from worlds.sets import SETS, live_through

ONCE = [(name, what) for name, one in SETS.items() for what in one.broke_the_law_once]


@pytest.mark.parametrize(("name", "what"), ONCE)
def test_what_broke_the_law_once_does_so_no_more(bench_of, name, what):
    """Every counter-example that was ever found is lived through again."""
    SETS[name].obeys(bench_of(name), SETS[name].broke_the_law_once[what])


@pytest.mark.parametrize("name", SETS)
def test_every_world_obeys_the_law(bench_of, name):
    """All that a data set's services can be made to tell, lies that change between runs: a sane run heals."""
    one = SETS[name]
    live_through(one.worlds, partial(one.obeys, bench_of(name)), one.seed, one.count)
