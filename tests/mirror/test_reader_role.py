"""The mirror reads through a role that can do nothing else."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from apod_pipeline.database.schema import migrate
from apod_pipeline.database.searchable import make_searchable
from apod_pipeline.database.tables import Tables
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.extras.mirror.reader_role import reading_door
from apod_pipeline.extras.mirror.sessions import Sessions
from apod_pipeline.settings import resolve


@contextmanager
def _session(door):
    """What the mirror's sessions begin as, for statements that the mirror never asks."""

    async def begun():
        async with await AsyncConnection.connect(door.conninfo, autocommit=True, row_factory=dict_row) as connection:
            await Sessions(door).begin(connection)
            names = ("default_transaction_read_only", "search_path", "role", "statement_timeout", "TimeZone")
            rows = [await (await connection.execute(f"SHOW {name}".encode())).fetchone() for name in names]
            return dict(zip(names, [next(iter(row.values())) for row in rows], strict=True))

    with psycopg.connect(door.conninfo, autocommit=True) as connection:
        for name, value in asyncio.run(begun()).items():
            connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        yield connection


@pytest.fixture
def reader(served_lab):
    """A connection as the mirror makes it, on a server that the settings name."""
    door = reading_door(resolve(served_lab.all_flags(), {}, None), served_lab.database)
    with _session(door) as connection:
        yield connection


def test_it_reads_everything_of_ours(reader):
    """Every table and view is there for it."""
    assert reader.execute("SELECT current_user").fetchone() == ("apod_reader",)
    names = reader.execute(
        "SELECT relname FROM pg_class WHERE relname LIKE 'apod%' AND relkind IN ('r', 'v')"
    ).fetchall()
    assert len(names) >= 10
    for (name,) in names:
        reader.execute(f"SELECT count(*) FROM {name}")
    assert reader.execute("SELECT count(*) FROM apod_as_of(now())").fetchone() == (29,)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM apod",
        "UPDATE apod SET title = ''",
        "INSERT INTO apod (date, title) VALUES ('2030-01-01', 'x')",
        "TRUNCATE apod_run",
        "DROP TABLE apod",
        "CREATE TABLE mine (one int)",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_it_can_do_nothing_else(reader, statement):
    """Not even where somebody lets the session write: the rights are not there."""
    reader.execute("SET default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(statement)


def test_others_tables_are_not_its_business(served_lab, reader):
    """A table of somebody else's in the same database cannot be read."""
    with psycopg.connect(served_lab.database, autocommit=True) as owner:
        owner.execute("CREATE TABLE secret AS SELECT 1 AS one")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("SELECT * FROM secret")


def test_whoever_may_not_make_roles_loads_all_the_same(postgres_server, database_url, lab):
    """On a server where the loader has few rights the tables are loaded, and the mirror's sessions are read-only."""
    name = make_conninfo(database_url)
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute("CREATE ROLE few LOGIN")
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("GRANT ALL ON SCHEMA public TO few")
    try:
        lab.database = make_conninfo(name, user="few")
        lab.run()
        door = reading_door(resolve(lab.all_flags(), {}, None), lab.database)
        with _session(door) as connection:
            assert connection.execute("SELECT count(*) FROM apod").fetchone() == (11,)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                connection.execute("DELETE FROM apod")
    finally:
        with psycopg.connect(database_url, autocommit=True) as owner:
            owner.execute("DROP OWNED BY few CASCADE; DROP ROLE few")


def _run_of_an_archive_that_is_served(lab):
    with psycopg.connect(lab.database) as owner:
        migrate(owner, Tables(DATA_SET))
        make_searchable(owner, Tables(DATA_SET))
    lab.run()


def test_an_archive_that_is_served_before_its_first_run(lab):
    """The words are kept from the first entry on, though there was none when the mirror was started."""
    _run_of_an_archive_that_is_served(lab)
    assert lab.rows("SELECT count(*) FROM apod_search") == [(11,)]


def test_new_words_are_sorted_into_the_index_at_once(lab):
    """No page of the index waits for a vacuum after a load: every search would read them all."""
    _run_of_an_archive_that_is_served(lab)
    assert lab.rows("SELECT gin_clean_pending_list('apod_search_words')") == [(0,)]


def test_words_are_learnt_by_whoever_does_not_own_the_tables(lab):
    """Sorting them in is the owner's business: another writer leaves that to a vacuum, and fails at nothing."""
    _run_of_an_archive_that_is_served(lab)
    with psycopg.connect(lab.database, autocommit=True) as owner:
        owner.execute("CREATE ROLE writer; GRANT ALL ON ALL TABLES IN SCHEMA public TO writer; SET ROLE writer")
        try:
            with owner.transaction():
                make_searchable(owner, Tables(DATA_SET), anew=True)
        finally:
            owner.execute("RESET ROLE; DROP OWNED BY writer; DROP ROLE writer")
    assert lab.rows("SELECT count(*) FROM apod_search") == [(11,)]


def test_an_archive_that_nobody_serves_pays_nothing(lab):
    """No words are taken apart while nobody asked for a search."""
    lab.run()
    assert lab.rows("SELECT count(*) FROM apod_search") == [(0,)]
