"""Nothing that a service tells stops an archive: worlds by the hundred, and every one that ever broke the law."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from worlds.hostile_service import Lie
from worlds.laws import World, obeys
from worlds.strategies import WORLDS

BROKE_THE_LAW_ONCE: dict[str, World] = {
    "an address in capitals": World((((Lie("field", day=3, field="url", value="HTTP://APOD.NASA.GOV/a.jpg")),),)),
    "a title of nothing but markup": World(((Lie("field", day=3, value="<b></b>"),),), 1),
    "a NUL in a refused date": World(((Lie("other day", day=3, value="2018-12-25\u0000x"),),)),
    "half a pair in a refused date": World(((Lie("other day", day=3, value="2018-12-25\ud800"),),)),
    "more words than can be searched": World(
        ((Lie("field", day=3, field="explanation", value=" ".join(f"w{number:07}" for number in range(160_000))),),)
    ),
}


@pytest.mark.parametrize("name", BROKE_THE_LAW_ONCE)
def test_what_broke_the_law_once_does_so_no_more(bench, name):
    """Every counter-example that was ever found is lived through again."""
    obeys(bench, BROKE_THE_LAW_ONCE[name])


@settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(world=WORLDS)
def test_every_world_obeys_the_law(bench, world):
    """Both services, every form and field, lies that change between runs: neighbours go on, a sane run heals."""
    obeys(bench, world)
