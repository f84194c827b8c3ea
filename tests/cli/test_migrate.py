"""`apod migrate`: the tables alone, for those who read them before the next run."""

from __future__ import annotations

import json

import psycopg
from click.testing import CliRunner

from apod_pipeline.cli import apod
from apod_pipeline.database.schema import available
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.errors import DatabaseUnavailable, SettingsError

NEWEST = available(DATA_SET)[-1][0]


def _typed(*words, **environment):
    environment = {"APOD_ARCHIVE": "no-such-archive", "APOD_DATABASE_URL": "", "POSTGRES_HOST": ""} | environment
    return CliRunner(env=environment).invoke(apod, ["migrate", *words])


def test_an_empty_database_gets_every_table_without_an_archive(database_url):
    """A server is brought to the newest migration where there is no archive at all; the second time changes nothing."""
    first, second = (_typed("--json", APOD_DATABASE_URL=database_url) for _ in range(2))
    assert json.loads(first.stdout) == {"from": 0, "to": NEWEST}
    assert json.loads(second.stdout) == {"from": NEWEST, "to": NEWEST}
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM apod_entry").fetchone() == (0,)


def test_what_was_loaded_can_be_searched_afterwards(lab):
    """Entries that were loaded before anybody searched have their words when it is done."""
    lab.run()
    with psycopg.connect(lab.database) as connection:
        entries = connection.execute("SELECT count(*) FROM apod_revision").fetchone()
        assert connection.execute("SELECT count(*) FROM apod_search").fetchone() == (0,)
        connection.commit()
        result = _typed(APOD_DATABASE_URL=lab.database)
        assert result.exit_code == 0
        assert f"migration {NEWEST}" in result.output
        assert connection.execute("SELECT count(*) FROM apod_search").fetchone() == entries != (0,)


def test_what_is_loaded_afterwards_can_be_searched(lab):
    """A database that was empty then, as before a first install, has the words of whatever is loaded from then on."""
    assert _typed(APOD_DATABASE_URL=lab.database).exit_code == 0
    lab.run()
    with psycopg.connect(lab.database) as connection:
        entries = connection.execute("SELECT count(*) FROM apod_revision").fetchone()
        assert connection.execute("SELECT count(*) FROM apod_search").fetchone() == entries != (0,)


def test_a_server_that_is_away_is_told(tmp_path):
    """Without the server nothing is changed, and the message names the setting to look at."""
    result = _typed(APOD_DATABASE_URL=f"host={tmp_path} dbname=apod user=apod")
    assert isinstance(result.exception, DatabaseUnavailable)
    assert "APOD_DATABASE_URL" in str(result.exception)


def test_neither_a_server_nor_an_archive_is_wrong_use():
    """Where there is no database to be found, it is said; no folder is made."""
    assert isinstance(_typed().exception, SettingsError)
