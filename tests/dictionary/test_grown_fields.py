"""Fields that the tables have not: they get columns, whoever made the tables; and what cannot be is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from apod_pipeline.database.connection import connected
from apod_pipeline.database.schema import available, migrate
from apod_pipeline.database.tables import Tables
from apod_pipeline.dataset.fields import Columns, Field
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.errors import DatabaseError

SUBTITLE = Field("subtitle", "text", "what stands below the title")
FROM_FIELDS = DATA_SET._replace(name="pictures", migrations=None, relations=())
MADE_BOTH_WAYS = pytest.mark.parametrize("dataset", [DATA_SET, FROM_FIELDS], ids=["numbered", "from-fields"])

COLUMNS = """
    SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, col_description(c.oid, attnum)
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 ORDER BY relname, attnum
"""


def grown(dataset, *fields, output=(), without=()):
    """The same data set with other fields."""
    columns = dataset.columns
    kept = [field for field in columns.fields if field.name not in without]
    made = Columns((*kept, *fields), (*columns.output, *output), loose=columns.loose, source=columns.source)
    return dataset._replace(columns=made)


def _migrated(address, dataset):
    with connected(address) as connection:
        number = migrate(connection, Tables(dataset))
    with psycopg.connect(address) as connection:
        return number, connection.execute(COLUMNS).fetchall()


@MADE_BOTH_WAYS
def test_a_new_field_gets_a_column(database_url, dataset):
    """It may be empty, is the last one, is shown in the view and commented on; no number is taken for it."""
    before = _migrated(database_url, dataset)[1]
    number, after = _migrated(database_url, grown(dataset, SUBTITLE))
    added = [row for row in after if row not in before]
    column = ("subtitle", "text", False, "what stands below the title (plain text)")
    assert added == [(f"{dataset.name}_entry", *column), (f"{dataset.name}_revision", *column)]
    assert [row for row in after if row not in added] == before
    assert number == available(dataset)[-1][0]
    assert _migrated(database_url, grown(dataset, SUBTITLE))[1] == after


@MADE_BOTH_WAYS
def test_a_new_output_field_is_in_the_plain_table_too(database_url, dataset):
    """There it stands behind the times of the rows that were there."""
    _migrated(database_url, dataset)
    after = _migrated(database_url, grown(dataset, SUBTITLE, output=("subtitle",)))[1]
    assert [row[1] for row in after if row[0] == dataset.name][-3:] == ["created_at", "updated_at", "subtitle"]


@MADE_BOTH_WAYS
def test_whoever_reads_may_read_it(database_url, dataset):
    """Through the function of a past instant, and as the role that only reads."""
    _migrated(database_url, dataset)
    _migrated(database_url, grown(dataset, SUBTITLE))
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE apod_reader")
        for relation in (f"{dataset.name}_entry", f"{dataset.name}_as_of(now())", f"{dataset.name}_revision"):
            assert connection.execute(f"SELECT subtitle FROM {relation}").fetchall() == []


@MADE_BOTH_WAYS
def test_a_field_of_another_kind_is_refused(database_url, dataset):
    """Table, column and both types are told, and what to do; nothing is changed, also where another field is new."""
    before = _migrated(database_url, dataset)[1]
    other = grown(dataset, Field("alt", "count", "how many"), SUBTITLE, without=("alt",))
    with pytest.raises(DatabaseError) as refused:
        _migrated(database_url, other)
    assert f"the column alt of {dataset.name}_revision is text, but the field alt is now integer" in str(refused.value)
    assert "Nothing was changed; give the field another name" in str(refused.value)
    assert "APOD_DATABASE_URL" in str(refused.value)
    assert _migrated(database_url, dataset)[1] == before


def test_nothing_new_is_found_out_in_one_query(migrated_database):
    """Beside the one that asks for the newest number; and nothing is locked."""
    with connected(migrated_database) as connection:
        asked = []

        class Watched:
            def execute(self, *words):
                asked.append(words)
                return connection.execute(*words)

        migrate(Watched(), Tables(DATA_SET))
    assert len(asked) == 2


def test_two_at_once_add_it_once(database_url):
    """Who comes second waits, looks again, and finds nothing to add."""
    _migrated(database_url, DATA_SET)
    dataset = grown(DATA_SET, SUBTITLE)
    with ThreadPoolExecutor(1) as beside, psycopg.connect(database_url, autocommit=True) as watch:
        with connected(database_url) as first:
            migrate(first, Tables(dataset))
            second = beside.submit(_migrated, database_url, dataset)
            while not watch.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchall():
                assert not second.done()
        assert [row[1] for row in second.result(30)[1]].count("subtitle") == 2
