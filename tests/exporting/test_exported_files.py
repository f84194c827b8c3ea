"""CSV, JSON lines, Parquet and SQLite: every field of every entry, the same bytes again, and SQLite in Datasette."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import json
import sqlite3
from contextlib import closing

import pandas
import polars
import pytest

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.fields import ENTRY, ENTRY_FIELDS
from apod_pipeline.exporting.choice import choose
from apod_pipeline.exporting.export import export
from apod_pipeline.exporting.snapshot import snapshot

LISTS = [field.name for field in ENTRY if field.kind == "names"]


def _from_text(row):
    """A row in which absent values are empty and lists are JSON, as the entry that it was."""
    read = {name: value or None for name, value in row.items()}
    return read | {name: json.loads(row[name]) for name in LISTS}


def test_csv_holds_every_field(taken, tmp_path):
    """Read back by the csv module, the file is the entries; lists are JSON text."""
    taken.write("csv", tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert [_from_text(row) for row in reader] == taken.entries
    assert tuple(reader.fieldnames) == ENTRY_FIELDS


def test_json_lines_hold_every_field(taken, tmp_path):
    """Each line is an entry, its fields in the order of the model."""
    taken.write("jsonl", tmp_path / "a.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines == taken.entries
    assert {tuple(line) for line in lines} == {ENTRY_FIELDS}


@pytest.mark.parametrize("late", [0, 99, 100, 1500, 1999])
def test_json_lines_are_read_without_a_word(taken, tmp_path, late):
    """Readers that guess types by the first lines find all that is there, however late a field is first filled."""
    full = taken.entries[0] | {name: "something" for name, value in taken.entries[0].items() if value is None}
    full |= {name: ["one"] for name in LISTS}
    empty = full | {field.name: None for field in ENTRY if field.nullable} | {name: [] for name in LISTS}
    first = dt.date(2001, 1, 1)
    entries = [
        (full if number >= late else empty) | {"date": str(first + dt.timedelta(days=number))} for number in range(2000)
    ]
    frame = polars.LazyFrame(
        entries, schema=dict.fromkeys(ENTRY_FIELDS, polars.String) | dict.fromkeys(LISTS, polars.List(polars.String))
    )
    with snapshot(taken.lab.archive) as (_, provenance):
        export(choose(DATA_SET, frame, provenance), "jsonl", tmp_path / "a.jsonl")
    for read in (polars.read_ndjson, lambda path: polars.scan_ndjson(path).collect()):
        assert read(tmp_path / "a.jsonl").sort("date").to_dicts() == entries
    told = pandas.read_json(tmp_path / "a.jsonl", lines=True)
    assert list(told["date"].dt.strftime("%Y-%m-%d").sort_values()) == [entry["date"] for entry in entries]
    assert told["alt"].notna().sum() == 2000 - late


def test_parquet_holds_every_field_and_where_it_came_from(taken, tmp_path):
    """The frame is the entries; the file's own metadata name commit, instant, rules and code."""
    taken.write("parquet", tmp_path / "a.parquet")
    frame = polars.read_parquet(tmp_path / "a.parquet")
    assert frame.schema["date"] == polars.Date
    assert frame.with_columns(polars.col("date").cast(polars.String)).to_dicts() == taken.entries
    told = json.loads(polars.read_parquet_metadata(tmp_path / "a.parquet")["apod"])
    assert told["version"] == taken.lab.git("rev-parse", "HEAD")
    assert told["version_at"] == timestamp(Ledger(taken.lab.archive).versions()[-1].at)
    assert (told["entries"], told["left_out"], told["rights"]) == (30, 0, "all")


def test_sqlite_explains_itself(taken, tmp_path):
    """Entries with a key, what each field means (also in the schema's comments), provenance and a note on rights."""
    taken.write("sqlite", tmp_path / "a.db")
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.row_factory = sqlite3.Row
        assert [_from_text(dict(row)) for row in connection.execute("SELECT * FROM entries")] == taken.entries
        assert [tuple(row) for row in connection.execute("SELECT name, meaning FROM fields")] == [
            (field.name, field.meaning) for field in ENTRY
        ]
        told = dict(map(tuple, connection.execute("SELECT name, value FROM metadata")))
        schema = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'entries'").fetchone()[0]
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert told["version"] == taken.lab.git("rev-parse", "HEAD")
    assert "no right to them is given" in told["rights_note"]
    assert all(field.comment in schema for field in ENTRY)


def test_datasette_finds_the_index_and_searches(taken, tmp_path):
    """Datasette itself opens the file, offers a search, and finds an entry by a word of its title in another form."""
    from datasette.app import Datasette  # takes half a second, of every process that collects the tests

    taken.write("sqlite", tmp_path / "apod.db")
    wanted = next(entry for entry in taken.entries if "Galaxy" in entry["title"])
    word = wanted["title"].split()[wanted["title"].split().index("Galaxy") - 1]

    async def ask(address):
        return await datasette.client.get(address)

    datasette = Datasette(files=[str(tmp_path / "apod.db")])
    page = asyncio.run(ask("/apod/entries"))
    assert page.status_code == 200
    assert 'name="_search"' in page.text
    found = asyncio.run(ask(f"/apod/entries.json?_shape=objects&_search={word}+galaxies")).json()["rows"]
    assert wanted["date"] in {row["date"] for row in found}
    assert asyncio.run(ask("/apod/entries.json?_search=xyzzy")).json()["rows"] == []
    one = asyncio.run(ask(f"/apod/entries/{wanted['date']}.json?_shape=objects")).json()["rows"][0]
    assert one["title"] == wanted["title"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "sqlite"])
def test_the_same_again_is_the_same_bytes(taken, tmp_path, form):
    """Two exports of one version are the same file, told with its size and digest."""
    first, second = (taken.write(form, tmp_path / name) for name in ("a", "b"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert first.sha256 == second.sha256
    assert first.bytes == (tmp_path / "a").stat().st_size
