"""Tables in a schema of one's own: whatever does anything with them looks in the same one."""

from __future__ import annotations

import json

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from apod_pipeline.dataset.spans import Span
from mirror.conftest import ended, started

TABLES = "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'apod%'"
ODD = 'My "own" schema'
IN_ODD = 'search_path="My ""own"" schema"'


@pytest.fixture
def days(span):
    """A dozen days."""
    return Span(span.last.replace(day=20), span.last)


@pytest.fixture
def empty(lab, database_url):
    """An archive whose database has no tables yet."""
    lab.database = database_url
    return lab


def _do(lab, statement):
    with psycopg.connect(lab.database, autocommit=True, options="") as owner:
        return owner.execute(statement.encode())


@pytest.fixture(params=["address", "environment", "role", "own", "before public"])
def elsewhere(request, empty, days, monkeypatch):
    """An archive whose tables are meant for a schema: by whom that is said; gives the archive and the schema."""
    if request.param == "before public":  # where somebody else's archive is
        empty.run(days)
        _do(empty, "UPDATE apod SET title = 'another archive''s'")
        empty.archive.log.unlink()
    _do(empty, 'CREATE SCHEMA "My ""own"" schema"')
    if request.param == "address":
        empty.database = make_conninfo(empty.database, options="-c " + IN_ODD.replace(" ", "\\ "))
    elif request.param == "environment":
        monkeypatch.setenv("PGOPTIONS", "-c " + IN_ODD.replace(" ", "\\ "))
    elif request.param == "before public":
        path = IN_ODD.replace(" ", "\\ ")
        empty.database = make_conninfo(empty.database, options=f"-c {path},public")
    else:
        _do(empty, "CREATE ROLE few LOGIN")
        _do(empty, f"ALTER ROLE few SET {IN_ODD}" if request.param == "role" else "CREATE SCHEMA few")
        _do(empty, 'GRANT ALL ON SCHEMA "My ""own"" schema" TO few')
        if request.param == "own":
            _do(empty, "GRANT ALL ON SCHEMA few TO few")
        empty.database = make_conninfo(empty.database, user="few")
    yield empty, "few" if request.param == "own" else ODD
    if request.param in {"role", "own"}:
        empty.database = make_conninfo(empty.database, user="apod")
        _do(empty, "DROP OWNED BY few CASCADE; DROP ROLE few")


def test_all_is_done_in_it(elsewhere, days, tmp_path):
    """Load, audit, backup and restore look into the one schema, and nothing comes into another."""
    lab, schema = elsewhere
    lab.run(days)
    rows = lab.rows("SELECT count(*) FROM apod")
    assert rows == [(len(days),)]
    with psycopg.connect(lab.database) as connection:
        assert connection.execute("SELECT current_schema()").fetchone() == (schema,)
    others = {name for (name,) in lab.rows(TABLES)} - {schema}
    assert others <= {"public"}
    assert not others or lab.rows("SELECT DISTINCT title FROM public.apod") == [("another archive's",)]
    done = lab.command("verify", "--json")
    assert done.returncode == 0, done.stdout
    saved = lab.command("backup", str(tmp_path / "a.dump"), "--json")
    assert (saved.returncode, json.loads(saved.stdout)["apod"]) == (0, len(days)), saved.stderr
    before = lab.tables()
    with psycopg.connect(lab.database) as connection:
        connection.execute("DELETE FROM apod; DELETE FROM apod_run")
    restored = lab.command("recover", "database", "--from-backup", str(tmp_path / "a.dump"))
    assert restored.returncode == 0, restored.stderr
    assert (lab.tables(), lab.rows("SELECT count(*) FROM apod_run")) == (before, [(1,)])


def test_the_mirror_reads_it(elsewhere, days):
    """The mirror finds the tables, also as the role that only reads, whose own path leads elsewhere."""
    lab, _ = elsewhere
    lab.run(days)
    process, address = started(lab, "--no-access-log")
    try:
        told = httpx.get(f"{address}/planetary/apod?date=2018-12-24").json()
    finally:
        ended(process)
    assert told["title"] == lab.entries()["2018-12-24"]["title"]


def test_a_backup_goes_into_another_schema(empty, days, tmp_path):
    """What was saved from one schema is put back into whichever one the tables are in."""
    empty.run(days)
    assert empty.command("backup", str(tmp_path / "a.dump")).returncode == 0
    before = empty.tables()
    _do(empty, 'CREATE SCHEMA "My ""own"" schema"')
    empty.database = make_conninfo(empty.database, options="-c " + IN_ODD.replace(" ", "\\ "))
    restored = empty.command("recover", "database", "--from-backup", str(tmp_path / "a.dump"))
    assert restored.returncode == 0, restored.stderr
    assert empty.tables() == before


def test_a_reader_without_a_loader_finds_it(empty, days, tmp_path):
    """A mirror that has the reader's address only finds the tables in a schema that is not on its path."""
    _do(empty, "CREATE SCHEMA mine")
    reader = make_conninfo(empty.database, user="apod_reader")
    empty.database = make_conninfo(empty.database, options="-csearch_path=mine")
    empty.run(days)
    nothing = {"APOD_ARCHIVE": str(tmp_path / "none"), "APOD_DATABASE_URL": "", "APOD_READ_DATABASE_URL": reader}
    process, address = started(empty, "--no-access-log", **nothing)
    try:
        told = httpx.get(f"{address}/planetary/apod?date=2018-12-24").json()
    finally:
        ended(process)
    assert told["title"] == empty.entries()["2018-12-24"]["title"]


def test_no_schema_is_told(empty, days):
    """A path that leads nowhere is named, and nothing is loaded into another schema."""
    empty.database = make_conninfo(empty.database, options="-csearch_path=nowhere")
    done = empty.command("run")
    assert (done.returncode, "nowhere" in done.stderr, "CREATE SCHEMA" in done.stderr) == (1, True, True)
    assert empty.rows(TABLES) == []


def test_the_users_own_words_stay(empty):
    """Name and patience of a connection are the user's, where the address says them."""
    from apod_pipeline.database.connection import connected

    address = make_conninfo(empty.database, application_name="mine", options="-c work_mem=8MB -c TimeZone=Asia/Tokyo")
    with connected(address) as connection:
        told = [
            connection.execute(f"SHOW {name}".encode()).fetchone()
            for name in ("application_name", "work_mem", "TimeZone")
        ]
    assert told == [("mine",), ("8MB",), ("UTC",)]
