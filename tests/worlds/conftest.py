"""One bench for all worlds of a process: making an archive and a database takes longer than living through a world."""

from __future__ import annotations

import os

import pytest

from worlds.laws import searched_bench


@pytest.fixture(scope="session")
def bench(tmp_path_factory, postgres_server):
    """A folder, and a database whose words are searched."""
    return searched_bench(tmp_path_factory.mktemp("worlds"), postgres_server, f"worlds_{os.getpid()}")
