"""The data dictionary against what it describes: the code, a real archive's files, a real PostgreSQL."""

from __future__ import annotations

import datetime as dt
import json
from typing import get_args, get_origin, get_type_hints

import polars
import psycopg
import pytest
from places import with_late_ones_last

from apod_pipeline.archive.lines import read_lines
from apod_pipeline.database.schema import available, migrate
from apod_pipeline.database.tables import Tables
from apod_pipeline.dataset.about import Search
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.fields import ENTRY, ENTRY_FIELDS, Entry
from apod_pipeline.datasets.apod.rules.notes import FLAGS, REPAIRS
from apod_pipeline.dictionary.files import files
from apod_pipeline.dictionary.page import page
from apod_pipeline.dictionary.tables import functions, relations
from birds import BIRDS

RELATIONS, FILES = relations(DATA_SET), files(DATA_SET)

COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
           col_description(c.oid, a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
    ORDER BY c.relname, a.attnum
"""
RELATIONS_QUERY = """
    SELECT c.relname, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' ELSE c.relkind::text END,
           obj_description(c.oid, 'pg_class'),
           coalesce((SELECT array_agg(a.attname::text ORDER BY k.place) FROM pg_constraint p,
                     unnest(p.conkey) WITH ORDINALITY AS k (number, place) JOIN pg_attribute a ON a.attnum = k.number
                     WHERE p.conrelid = c.oid AND p.contype = 'p' AND a.attrelid = c.oid), '{}')
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
"""
FUNCTIONS_QUERY = """
    SELECT proname, pg_get_function_arguments(oid), pg_get_function_result(oid), obj_description(oid, 'pg_proc')
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


@pytest.fixture
def migrated(database_url):
    """An empty database with every migration applied."""
    with psycopg.connect(database_url) as connection:
        migrate(connection, Tables(DATA_SET))
        connection.commit()
        yield connection


def test_the_entry_is_described_field_by_field():
    """Every field of the model is described once, in its order, and nothing else is."""
    assert tuple(field.name for field in ENTRY) == ENTRY_FIELDS


def test_nullability_and_lists_are_those_of_the_type():
    """What may be absent, and what is a list, is what the class of an entry says."""
    types = get_type_hints(Entry)
    assert [f.name for f in ENTRY if f.nullable] == [n for n in ENTRY_FIELDS if type(None) in get_args(types[n])]
    assert [f.name for f in ENTRY if f.kind == "names"] == [n for n in ENTRY_FIELDS if get_origin(types[n]) is tuple]


def test_examples_are_values_of_their_fields():
    """The examples together are an entry; what may hold only some values holds one of them."""
    entry = Entry.from_row({field.name: field.example for field in ENTRY})
    assert entry.as_row() == {field.name: field.example for field in ENTRY}
    assert all(field.example in field.allowed for field in ENTRY if field.allowed)
    assert {*entry.repairs} <= REPAIRS.keys()
    assert {*entry.flags} <= FLAGS.keys()


def test_every_column_of_the_database_is_described(migrated):
    """Columns, types, order and nullability are the dictionary's, and each comment is its words: no more, no less.

    PostgreSQL keeps no nullability for a view's columns; another test looks at their values.
    """
    told = [
        (relation.name, f.name, f.postgres, relation.kind == "view" or f.nullable, f.comment)
        for relation in sorted(RELATIONS)
        for f in relation.columns
    ]
    found = migrated.execute(COLUMNS).fetchall()
    assert sorted(found) == sorted(told)
    for relation in RELATIONS:
        order = [row[1] for row in found if row[0] == relation.name]
        assert order == with_late_ones_last(order, [field.name for field in relation.columns])


def test_every_table_view_and_function_is_described(migrated):
    """Names, kinds, keys and comments of tables, views and functions are the dictionary's."""
    found = {(name, kind, words, tuple(key)) for name, kind, words, key in migrated.execute(RELATIONS_QUERY)}
    assert found == {(r.name, r.kind, r.meaning, r.key) for r in RELATIONS}
    assert migrated.execute(FUNCTIONS_QUERY).fetchall() == [
        (f.name, " ".join(f.argument), f"SETOF {f.gives}", f.meaning) for f in functions(DATA_SET)
    ]


def test_values_a_check_allows_are_those_of_the_dictionary(migrated):
    """Where a table lets only some values in, the dictionary names the same ones."""
    checks = dict(
        migrated.execute(
            "SELECT conrelid::regclass || '.' || a.attname, pg_get_constraintdef(p.oid) FROM pg_constraint p"
            " JOIN pg_attribute a ON a.attrelid = p.conrelid AND a.attnum = p.conkey[1]"
            " WHERE p.contype = 'c' AND p.conrelid::regclass::text LIKE 'apod%' AND a.atttypid = 'text'::regtype"
        ).fetchall()
    )
    allowed = {f"{r.name}.{f.name}": f.allowed for r in RELATIONS for f in r.columns}
    assert len(checks) == 3
    for column, check in checks.items():
        assert all(f"'{value}'" in check for value in allowed[column])
        assert check.count("::text") == len(allowed[column])


def test_a_database_of_an_earlier_day_gets_the_comments(migrated):
    """A database that stood before the comments were made from the dictionary has them after the next migration."""
    migrated.execute("COMMENT ON COLUMN apod.title IS NULL; COMMENT ON VIEW apod_entry IS 'something else'")
    migrated.execute("DELETE FROM apod_migration WHERE number > 3; DROP VIEW apod_media")
    migrated.execute("DROP TABLE apod_search, apod_searched, apod_picture, apod_alike")
    assert migrate(migrated, Tables(DATA_SET)) == available(DATA_SET)[-1][0]
    comments = {(relation, column): words for relation, column, _, _, words in migrated.execute(COLUMNS)}
    assert comments["apod", "title"] == ENTRY[1].comment
    views = {name: words for name, _, words, _ in migrated.execute(RELATIONS_QUERY)}
    assert views["apod_entry"] == next(r.meaning for r in RELATIONS if r.name == "apod_entry")


def test_nothing_to_apply_says_nothing_anew(migrated):
    """A database that stands at the newest migration is left alone: its comments too."""
    migrated.execute("COMMENT ON TABLE apod IS 'mine'")
    migrate(migrated, Tables(DATA_SET))
    assert migrated.execute("SELECT obj_description('apod'::regclass)").fetchall() == [("mine",)]


@pytest.fixture
def filled(lab):
    """An archive of one month with an edit: every kind of file, and of table, holds something."""
    day = dt.date(2018, 12, 10)
    lab.run(Span(dt.date(2018, 12, 1), dt.date(2018, 12, 31)))
    lab.nasa.edit(day, title="Quite Another Title")
    lab.run(Span(day, day))
    return lab


def test_the_files_of_an_archive_are_as_described(filled):
    """CSV, JSON and Parquet hold the described fields; what is not said to be absent is never absent."""
    described = {file.path: [field.name for field in file.fields] for file in FILES}
    archive, frame = filled.archive, polars.read_parquet(filled.archive.parquet)
    lists = [polars.List(polars.String) if field.kind == "names" else polars.String for field in ENTRY]
    assert [*frame.schema.items()] == [*zip(described[archive.relative(archive.parquet)], lists, strict=True)]
    assert {field.name for field in ENTRY if not field.nullable and frame[field.name].null_count()} == set()
    header = archive.csv.read_text(encoding="utf-8").splitlines()[0]
    assert header.split(",") == described[archive.relative(archive.csv)]
    told = {tuple(row) for row in json.loads(archive.json.read_bytes())}
    assert told == {tuple(described[archive.relative(archive.json)])}


@pytest.mark.parametrize("kind", ["replies", "versions", "superseded"])
def test_the_ledger_is_as_described(filled, kind):
    """Every line holds only described keys, and all of those that are not said to be left out at times."""
    fields = next(file.fields for file in FILES if file.path.startswith(f"data/ledger/{kind}"))
    lines = [line for path in filled.archive.ledger.glob(f"{kind}*.jsonl") for line in read_lines(path)]
    assert lines
    for line in lines:
        assert line.keys() <= {field.name for field in fields}
        assert line.keys() >= {field.name for field in fields if not field.nullable}


def test_views_hold_no_absent_value_that_is_not_told(filled):
    """What the dictionary does not call absent is never absent in a view, for which PostgreSQL keeps no such rule."""
    for relation in RELATIONS:
        for field in relation.columns:
            if relation.kind == "view" and not field.nullable:
                absent = f"SELECT count(*) FROM {relation.name} WHERE {field.name} IS NULL"
                assert filled.rows(absent) == [(0,)], (relation.name, field.name)


def test_another_data_set_has_tables_and_files_of_its_own_names():
    """Prefix, key, fields and sources are the data set's; where nothing is searched no words are kept."""
    told = {relation.name: relation for relation in relations(BIRDS)}
    usual = ("revision", "reading", "day", "quarantine", "run", "state", "migration", "entry")
    assert [*told] == ["garden_birds", *(f"garden_birds_{name}" for name in usual)]
    assert told["garden_birds"].key == ("seen_on",)
    assert [field.name for field in told["garden_birds"].columns[:3]] == ["seen_on", "species", "number"]
    assert told["garden_birds_revision"].key == ("seen_on", "observed_from")
    assert told["garden_birds_reading"].columns[0].meaning == "who said it: watch or club"
    assert told["garden_birds_reading"].columns[2].meaning.startswith("of the record, its species, with hyphens")
    assert [function.gives for function in functions(BIRDS)] == ["garden_birds_revision"]
    assert files(BIRDS)[0].path == "data/processed/garden_birds_data.csv"


def test_what_is_searched_decides_over_the_table_of_words():
    """The fields to narrow a search by are its columns, and the weighted ones are told."""
    search = Search({"A": (("species",), 10), "C": (("spot", "weather"), 10)}, filters=("sure",))
    words = next(one for one in relations(BIRDS._replace(search=search)) if one.name == "garden_birds_search")
    names = [field.name for field in words.columns]
    assert names == ["seen_on", "observed_from", "observed_to", "sure", "content_hash", "words"]
    assert words.columns[-1].meaning == "of species (weight A), spot and weather (C), in English"


def test_the_page_of_another_data_set_names_nothing_of_apod():
    """Fields and explained names are the data set's; what belongs to APOD's pictures does not come in."""
    text = page(BIRDS, "")
    assert "A name in `doubts`:" in text
    assert "| `far` | it was too far away |" in text
    assert "| `weight` | a number, perhaps with a fraction | yes |" in text
    assert not any(name in text for name in ("apod", "explanation", "media_type", "rights", "planetary"))
