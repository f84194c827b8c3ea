"""One bench for all worlds of a data set: making an archive and a database takes longer than living through a world."""

from __future__ import annotations

import pytest

from worlds.sets import SETS


@pytest.fixture(scope="session")
def bench_of(tmp_path_factory, postgres_server):
    """By name of a data set: a folder, and a database whose words are searched."""
    made = {}

    def bench(name):
        if name not in made:
            made[name] = SETS[name].bench(tmp_path_factory.mktemp("worlds"), postgres_server)
        return made[name]

    return bench
