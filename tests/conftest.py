"""What every room's tests may ask for: a PostgreSQL of their own; and which process of pytest-xdist runs what."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["lab"]

_numbers = itertools.count(1)


class OneAirflow(LoadScopeScheduling):
    """All tests of `tests/airflow` go to one process, so that there is one Airflow; each other where there is room.

    The mark `xdist_group` would say the same, and is not heeded under pytest 9.2 (pytest-xdist issue 1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        return "airflow" if nodeid.startswith("tests/airflow/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneAirflow:
    """The longest group begins first, and the other process has all the rest meanwhile."""
    return OneAirflow(config, log)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A superuser's URL of one fast server for the whole session."""
    from apod_pipeline.embedded_postgres import temporary_server

    with temporary_server(tmp_path_factory.mktemp("postgres") / "server") as url:
        yield url


@contextmanager
def _empty_database(server: str) -> Iterator[str]:
    import psycopg

    name = f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} STRATEGY FILE_COPY".encode())
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def database_url(postgres_server: str) -> Iterator[str]:
    """An empty database for one test, dropped afterwards whoever still looks at it."""
    with _empty_database(postgres_server) as url:
        yield url


@pytest.fixture
def second_database(postgres_server: str) -> Iterator[str]:
    """Another empty database, as on another machine."""
    with _empty_database(postgres_server) as url:
        yield url
