"""The words of a large load are made while its files are written: the same words, in the same transaction."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

from apod_pipeline.database.connection import connected
from apod_pipeline.database.schema import migrate
from apod_pipeline.database.searchable import make_searchable, not_in_step
from apod_pipeline.database.tables import Tables
from apod_pipeline.database.words_ahead import WORTH_IT, WordsAhead
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from patience import until

YEARS = Span(dt.date(2014, 1, 1), dt.date(2018, 12, 31))
ROWS = [
    {"title": f"Title {number}", "credit": "Ada", "copyright": None, "explanation": f"Word{number} glows."}
    for number in range(WORTH_IT)
]
AHEAD = "SELECT to_regclass('pg_temp.apod_words_ahead') IS NOT NULL"


@pytest.fixture
def searched(lab):
    """The lab's database, in which the words are kept."""
    with connected(lab.database) as connection:
        migrate(connection, Tables(DATA_SET))
        make_searchable(connection, Tables(DATA_SET))
    return lab.database


def test_a_large_load_is_searchable_when_it_ends(lab, searched):
    """Years at once, and then a day: every word stands where it would stand if it had been made afterwards."""
    assert lab.run(YEARS).exit_code == 0
    assert lab.rows("SELECT count(*) FROM apod_search") == lab.rows("SELECT count(*) FROM apod_revision")
    with connected(searched) as connection:
        assert not_in_step(connection, Tables(DATA_SET)) == []
        plan = "EXPLAIN SELECT date FROM apod_search WHERE words @@ 'nebula'::tsquery"
        connection.execute("SET LOCAL enable_seqscan = off")
        assert any("apod_search_words" in row[0] for row in connection.execute(plan).fetchall())
    lab.nasa.edit(YEARS.last, title="Quite Another Title")
    lab.run(Span(YEARS.last, YEARS.last))
    with connected(searched) as connection:
        assert not_in_step(connection, Tables(DATA_SET)) == []


def test_words_lie_ready_in_the_loads_own_transaction(searched):
    """What was told before is there for the load, and gone with it, whether it ends well or not."""
    ahead = WordsAhead(searched, Tables(DATA_SET))
    for end in (None, RuntimeError):
        ahead.take(ROWS)
        ahead.take([{**ROWS[0]}, {**ROWS[0], "title": "One More"}])
        with pytest.raises(end) if end else _nothing(), ahead.session() as connection:
            assert connection.execute("SELECT count(*) FROM apod_words_ahead").fetchone() == (WORTH_IT + 1,)
            if end:
                raise end
    with connected(searched) as connection:
        assert connection.execute(AHEAD).fetchone() == (False,)


def _nothing():
    from contextlib import nullcontext

    return nullcontext()


@pytest.mark.parametrize("rows", [[], ROWS[:-1]])
def test_a_few_rows_are_not_worth_it(searched, rows):
    """A day's load opens no connection beside its own."""
    ahead = WordsAhead(searched, Tables(DATA_SET))
    ahead.take(rows)
    with ahead.session() as connection:
        assert connection.execute(AHEAD).fetchone() == (False,)


def test_nobody_who_does_not_search_pays(database_url):
    """Where no words are kept none are made ready; also where there are no tables yet."""
    for _ in range(2):
        ahead = WordsAhead(database_url, Tables(DATA_SET))
        ahead.take(ROWS)
        with ahead.session() as connection:
            assert connection.execute(AHEAD).fetchone() == (False,)
            migrate(connection, Tables(DATA_SET))


def test_a_database_that_is_away_is_the_loads_business(searched):
    """What cannot be made ready is no error of its own: the load says what is wrong."""
    from apod_pipeline.errors import DatabaseUnavailable

    ahead = WordsAhead("host=127.0.0.1 port=1", Tables(DATA_SET))
    ahead.take(ROWS)
    with pytest.raises(DatabaseUnavailable), ahead.session():
        pass


def test_what_cannot_be_read_ahead_is_made_by_the_load(searched):
    """A text that the help cannot take ends the help, and the load goes on without it."""
    ahead = WordsAhead(searched, Tables(DATA_SET))
    ahead.take([*ROWS, {**ROWS[0], "title": "\0"}])
    with ahead.session() as connection:
        assert connection.execute(AHEAD).fetchone() == (False,)


def test_what_no_load_takes_is_let_go(searched):
    """A run that ends before its load leaves no connection open."""
    ahead = WordsAhead(searched, Tables(DATA_SET))
    ahead.take(ROWS)
    ahead.close()
    with psycopg.connect(searched, autocommit=True) as connection:  # in a transaction it would be told the same again
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        until(lambda: connection.execute(query).fetchone() == (0,))  # the server takes its leave after us
