"""APOD's tables twice in one PostgreSQL: by its migrations, and from its fields alone. The catalogue is the same."""

from __future__ import annotations

import re

import psycopg
import pytest
from places import with_late_ones_last

from apod_pipeline.database.connection import connected
from apod_pipeline.database.schema import migrate
from apod_pipeline.database.tables import Tables
from apod_pipeline.datasets.apod import DATA_SET

FROM_FIELDS = DATA_SET._replace(migrations=None, relations=())

RELATIONS = """
    SELECT relname, relkind::text, reloptions::text, obj_description(oid, 'pg_class') FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p', 'f', 'S')
"""
COLUMNS = """
    SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid),
           col_description(c.oid, attnum)
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped
    ORDER BY relname, attnum
"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, contype::text, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype <> 'n' -- which PostgreSQL 18 has beside attnotnull
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
VIEWS = "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'"
FUNCTIONS = """
    SELECT proname, pg_get_function_arguments(oid), pg_get_function_result(oid), provolatile::text, proparallel::text,
           btrim(regexp_replace(prosrc, '\\s+', ' ', 'g')), obj_description(oid, 'pg_proc')
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
PRIVILEGES = """
    SELECT relname, coalesce(bool_or(acl.grantee = 'apod_reader'::regrole), false)
    FROM pg_class LEFT JOIN LATERAL aclexplode(relacl) acl ON true
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') GROUP BY 1
"""
# What only the migrations make, and why fields alone do not.
DOCUMENTS_OWN_DEFAULTS = {"media_type", "created_at", "updated_at"}  # its DDL gives them; every load gives the values
DOCUMENTS_OWN_INDEX = "idx_apod_date"  # its DDL has it beside the primary key, which does the same
APODS_OWN_VIEW = "apod_media"  # a relation of its own: pictures and films are no matter of fields
NUMBERS = "apod_migration"  # made by whoever applies, before either; its rows are the migrations'


@pytest.fixture
def found(migrated_database, database_url):
    """Asks both databases the same: what the migrations made, what the fields did."""
    with connected(database_url) as connection:
        migrate(connection, Tables(FROM_FIELDS))

    def ask(query):
        for address in (migrated_database, database_url):
            with psycopg.connect(address) as connection:
                yield connection.execute(query).fetchall()

    return ask


def test_the_same_tables_and_views(found):
    """Names, kinds, storage and comments; but for the view that is APOD's own."""
    migrated, made = map(set, found(RELATIONS))
    assert {row[0] for row in migrated - made} == {APODS_OWN_VIEW}
    assert made < migrated
    assert NUMBERS in {row[0] for row in made}


def test_the_same_columns(found):
    """Order, types, nullability, defaults and comments; but for defaults that the document's own table has."""
    migrated, made = ([row for row in rows if row[0] != APODS_OWN_VIEW] for rows in found(COLUMNS))
    assert {row[1] for row in migrated if row[0] == "apod" and row[4]} == DOCUMENTS_OWN_DEFAULTS
    without = [(*row[:4], None, row[5]) if row[0] == "apod" else row for row in migrated]
    assert sorted(map(str, made)) == sorted(map(str, without))
    for relation in {row[0] for row in made}:
        there, told = ([row[1] for row in rows if row[0] == relation] for rows in (migrated, made))
        assert there == with_late_ones_last(there, told)


def test_the_same_keys_and_checks(found):
    """Primary keys, and the values that a check lets in."""
    migrated, made = map(sorted, found(CONSTRAINTS))
    assert made == migrated
    assert {kind for _, kind, _ in made} == {"p", "c"}


def test_the_same_indexes(found):
    """That of current states among them; but for the one that the document's own table has."""
    migrated, made = ({row[0] for row in rows} for rows in found(INDEXES))
    assert made < migrated
    assert [index.split()[2] for index in migrated - made] == [DOCUMENTS_OWN_INDEX]
    assert any(index.startswith("CREATE UNIQUE INDEX apod_revision_current ") for index in made)


def test_the_same_view_and_function(found):
    """The current entries, and those of an instant, word for word."""
    migrated, made = map(dict, found(VIEWS))
    del migrated[APODS_OWN_VIEW]
    assert _selected(made) == _selected(migrated)
    migrated, made = found(FUNCTIONS)
    assert migrated == made


def _selected(views):
    """Of every view what it selects, whatever the order (another test looks at that), and from where."""
    parts = {name: words.partition(" FROM ") for name, words in views.items()}
    return {name: (sorted(re.findall(r"\w+", columns)), rest) for name, (columns, _, rest) in parts.items()}


def test_the_same_may_be_read(found):
    """The role that only reads may read all of either."""
    migrated, made = map(dict, found(PRIVILEGES))
    assert all(migrated.values())
    assert made == {name: there for name, there in migrated.items() if name != APODS_OWN_VIEW}
