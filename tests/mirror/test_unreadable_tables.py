"""No request is a fault of ours, and a database that cannot be read is said to be one."""

from __future__ import annotations

import os

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from mirror.conftest import READS, ended, started

EVERYTHING = [
    *READS,
    "/api/random?count=3",
    "/planetary/apod?count=3",
    "/planetary/apod?date=2020-06-01&as_of=2020-06-02",
    "/planetary/apod?count=3&as_of=2020-06-02",
    "/planetary/apod?start_date=2020-06-01&as_of=2020-06-02",
]
ENDS_OF_TIME = [
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59.999999",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+23:59",
    "0001-01-01T00:00:00Z",
    "0000-00-00",
    "2020-06-01T24:00:00",
    "2020-06-01T12:00:00+99:99",
    "2020-W01-1",
]


@pytest.mark.parametrize("instant", ENDS_OF_TIME)
def test_the_ends_of_time_are_instants_or_none(client, instant):
    """Whatever `as_of` says, the answer is one, or what is wrong with it."""
    for path in EVERYTHING:
        separator = "&" if "?" in path else "?"
        answer = client.get(f"{path}{separator}as_of={instant.replace('+', '%2B')}")
        assert answer.status_code < 500, (path, answer.text)


@pytest.fixture
def unreadable(served_lab, postgres_server):
    """A mirror over a database that holds nothing, or whose tables it may not read, by whether the name is that."""
    running = []

    def serve(address):
        environment = {"APOD_DATABASE_URL": "", "APOD_READ_DATABASE_URL": address}
        process, where = started(served_lab, **environment)
        running.append(process)
        return where

    yield serve
    for process in running:
        ended(process)


def _says_that_it_cannot_answer(address, why):
    ready = httpx.get(f"{address}/health/ready")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert why in ready.json()["why"]
    assert httpx.get(f"{address}/health/live").status_code == 200
    for path in EVERYTHING:
        answer = httpx.get(f"{address}{path}")
        assert (answer.status_code, why in answer.text) == (503, True), (path, answer.text)


def test_a_database_without_tables(unreadable, postgres_server):
    """Nothing was ever loaded there: 503 on every address, and the command that makes the tables."""
    name = f"empty_{os.getpid()}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    _says_that_it_cannot_answer(unreadable(make_conninfo(postgres_server, dbname=name)), "apod migrate")


def test_tables_that_may_not_be_read(unreadable, served_lab, postgres_server):
    """A role without rights: 503 on every address, and where the rights are written down."""
    name = f"stranger_{os.getpid()}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE ROLE {name} LOGIN")
    _says_that_it_cannot_answer(unreadable(make_conninfo(served_lab.database, user=name)), "docs/serve.md")
