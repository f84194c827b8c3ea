"""Entries of a data set that is not APOD: its own names, a field of every kind, no rights, nothing that is searched."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sqlite3
from contextlib import closing

import frictionless
import mlcroissant
import polars
import pytest

from apod_pipeline.dataset.about import Rights, Search
from apod_pipeline.dataset.fields import Columns
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import SettingsError
from apod_pipeline.exporting.choice import Provenance, choose
from apod_pipeline.exporting.export import export
from birds import BIRDS, FIELDS, frame, rows

AT = dt.datetime(2020, 12, 31, tzinfo=dt.UTC)
PROVENANCE = Provenance(AT, None, None, 1, "1.2.3", AT.date())
COUNT = 300


@pytest.fixture
def birds():
    """All entries."""
    return choose(BIRDS, frame(COUNT), PROVENANCE)


@pytest.fixture
def package(birds, tmp_path):
    """All entries as a package."""
    export(birds, "package", tmp_path / "package")
    return tmp_path / "package"


# ---- which entries -------------------------------------------------------------------------
def test_days_are_picked_by_the_sets_own_key():
    """A span is of the field that is the key, whatever it is called; without a source or rights none is counted."""
    choice = choose(BIRDS, frame(9), PROVENANCE, Span(dt.date(2020, 5, 2), dt.date(2020, 5, 3)))
    assert [row["seen_on"] for row in choice.rows()] == ["2020-05-02", "2020-05-03"]
    assert (choice.entries, choice.sources, choice.left_out) == (2, {}, {})


def test_what_says_nothing_of_rights_cannot_be_chosen_by_them():
    """`--rights redistributable` is refused, with what to type in its place."""
    words = r"an entry of garden_birds does not say .*Nothing was written; --rights all takes all entries\.$"
    with pytest.raises(SettingsError, match=words):
        choose(BIRDS, frame(9), PROVENANCE, rights="redistributable")


def test_rights_are_read_in_the_field_that_says_them(tmp_path):
    """With rights of other names those that may be passed on are taken, the others counted, and both are told."""
    rights = Rights("order", "weather", ("Passeriformes",), "A bird may be told of.")
    choice = choose(
        BIRDS._replace(about=BIRDS.about._replace(rights=rights)),
        frame(9).with_columns(polars.col("order").fill_null("Strigiformes")),
        PROVENANCE,
        rights="redistributable",
    )
    assert (choice.entries, choice.left_out) == (3, {"Strigiformes": 6})
    export(choice, "package", tmp_path / "package")
    told = (tmp_path / "package" / "LICENSES.md").read_text(encoding="utf-8")
    assert "Only entries that may be redistributed, as far as is known, are in here. A bird may be told of." in told
    assert "are entries whose `order` is one of `Passeriformes`; `weather` holds the words" in told
    assert told.endswith("\nLeft out because of their rights: 6 `Strigiformes`.\n")


# ---- values by their kind ------------------------------------------------------------------
def test_csv_holds_numbers_truths_and_objects_as_text(birds, tmp_path):
    """What is no text is its JSON; an absent number is an empty cell, and zero and false are not."""
    export(birds, "csv", tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        first, second = list(csv.reader(file))[1:3]
    spot, at = '{"tree":0,"wood":"old"}', "2020-05-01T06:30:00Z"
    kinds = ["0", "0.5", "true", at, spot, '["far","dark"]', "Passeriformes", ""]
    assert first == ["2020-05-01", 'Tit, "great" 0', *kinds]
    assert second == ["2020-05-02", 'Tit, "great" 1', "1", "", "false", "", "", "[]", "", ""]


def test_json_lines_hold_numbers_as_numbers(birds, tmp_path):
    """Each line is an entry, and polars reads them all without being told a type."""
    export(birds, "jsonl", tmp_path / "a.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines == rows(COUNT)
    assert polars.read_ndjson(tmp_path / "a.jsonl").schema["weight"] == polars.Float64


def test_json_lines_are_read_where_a_number_comes_late(tmp_path):
    """A number that first comes behind what a reader looks at stands before them all, under whatever key."""
    late = frame(COUNT).with_columns(polars.when(polars.col("number") > 250).then("weight"))
    export(choose(BIRDS, late, PROVENANCE), "jsonl", tmp_path / "a.jsonl")
    read = polars.read_ndjson(tmp_path / "a.jsonl")
    assert (read["seen_on"][0], read["weight"].count()) == ("2021-01-08", 16)
    assert sorted(read["number"]) == [*range(COUNT)]


def test_parquet_has_a_type_for_every_kind(birds, tmp_path):
    """Days are dates, instants are instants in UTC, numbers and truths are such; the metadata's key is the set's."""
    export(birds, "parquet", tmp_path / "a.parquet")
    read = polars.read_parquet(tmp_path / "a.parquet")
    utc = polars.Datetime("us", "UTC")
    kinds = [polars.Date, polars.String, polars.Int64, polars.Float64, polars.Boolean, utc, polars.String]
    assert read.dtypes == [*kinds, polars.List(polars.String), polars.String, polars.String]
    assert read["at"][3] == dt.datetime(2020, 5, 4, 6, 30, tzinfo=dt.UTC)
    assert json.loads(polars.read_parquet_metadata(tmp_path / "a.parquet")["garden_birds"])["entries"] == COUNT


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "sqlite"])
def test_however_a_frame_has_a_value_the_file_is_the_same(birds, tmp_path, form):
    """Numbers and truths that come as text, and days, instants and objects that come as such, are written alike."""
    spot = polars.col("spot").str.json_decode(polars.Struct({"tree": polars.Int64, "wood": polars.String}))
    text = frame(COUNT).with_columns(polars.col("number", "weight", "sure").cast(polars.String))
    typed = frame(COUNT).with_columns(
        polars.col("seen_on").str.to_date(),
        polars.col("at").str.to_datetime("%+", time_zone="UTC"),
        polars.when(polars.col("spot").is_not_null()).then(spot),
    )
    export(birds, form, tmp_path / "a")
    for name, other in (("text", text), ("typed", typed)):
        export(choose(BIRDS, other, PROVENANCE), form, tmp_path / name)
        assert (tmp_path / name).read_bytes() == (tmp_path / "a").read_bytes(), name


def test_an_instant_without_a_zone_stays_without_one(tmp_path):
    """It is an instant in Parquet, and as text it claims no zone; what is no number in JSON is absent."""
    columns = Columns((*FIELDS[:4], FIELDS[5]._replace(kind="instant without zone")), ())
    at = polars.lit("2020-05-01 06:30:00.000001").str.to_datetime()
    choice = choose(BIRDS._replace(columns=columns), frame(1).with_columns(at=at, weight=float("inf")), PROVENANCE)
    (row,) = choice.rows()
    assert (row["at"], row["weight"]) == ("2020-05-01T06:30:00.000001", None)
    export(choice, "parquet", tmp_path / "a.parquet")
    assert polars.read_parquet(tmp_path / "a.parquet").schema["at"] == polars.Datetime("us")


# ---- SQLite --------------------------------------------------------------------------------
def test_sqlite_keeps_numbers_and_has_no_index_where_nothing_is_searched(birds, tmp_path):
    """Columns have types, a name that is a word of SQL's works, and there is no table for a search."""
    export(birds, "sqlite", tmp_path / "a.db")
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        first = connection.execute('SELECT number, weight, sure, spot, doubts, "order" FROM entries').fetchone()
        types = [kind for _, _, kind, *_ in connection.execute("PRAGMA table_info(entries)")]
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert first == (0, 0.5, 1, '{"tree":0,"wood":"old"}', '["far","dark"]', "Passeriformes")
    assert types == ["TEXT", "TEXT", "INTEGER", "REAL", "INTEGER", *["TEXT"] * 5]
    assert tables == {"entries", "fields", "metadata"}


def test_sqlite_searches_what_the_set_says_is_searched(tmp_path):
    """The index has all fields that have a weight, in their order, also one whose name is a word of SQL's."""
    search = Search({"A": (("species",), 100), "B": (("order", "weather"), 100)})
    export(choose(BIRDS._replace(search=search), frame(9), PROVENANCE), "sqlite", tmp_path / "a.db")
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        assert [row[1] for row in connection.execute("PRAGMA table_info(entries_fts)")][:3] == [
            *("species", "order", "weather"),
        ]
        found = connection.execute("SELECT count(*) FROM entries_fts WHERE entries_fts MATCH 'passeriformes'")
        assert found.fetchone() == (3,)


# ---- the package ---------------------------------------------------------------------------
def test_frictionless_finds_every_kind_valid(package):
    """The schema's types are the kinds, every row of the CSV is of them, and the package has the set's name."""
    report = frictionless.validate(package / "datapackage.json")
    assert report.flatten(["message"]) == []
    told = json.loads((package / "datapackage.json").read_bytes())
    assert (told["name"], told["title"], told["keywords"]) == ("garden-birds-entries", "Birds of a garden", ["birds"])
    assert told["resources"][0]["schema"]["primaryKey"] == ["seen_on"]
    row = frictionless.Package(package / "datapackage.json").get_resource("entries").read_rows()[0]
    assert (row["number"], float(row["weight"]), row["sure"], row["spot"]["wood"]) == (0, 0.5, True, "old")


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_mlcroissant_reads_every_kind(package):
    """The descriptor has neither errors nor warnings, and its records have numbers and truths."""
    dataset = mlcroissant.Dataset(package / "croissant.json")
    issues = dataset.metadata.ctx.issues
    assert (list(issues.errors), list(issues.warnings)) == ([], [])
    records = list(dataset.records(record_set="entries"))
    first = {name.removeprefix("entries/"): value for name, value in records[0].items()}
    assert (len(records), first["number"], first["weight"], first["sure"]) == (COUNT, 0, 0.5, True)


def test_the_packages_pages_are_the_sets_own(package):
    """Sources, rights and kinds are told as the set has them, and nothing of APOD's."""
    pages = {path.name: path.read_text(encoding="utf-8") for path in package.glob("*.md")}
    assert "Sources:\n\n- Whoever watches (`watch`)\n- The club (`club`)\n" in pages["PROVENANCE.md"]
    assert "from an archive of its sources' replies." in pages["PROVENANCE.md"]
    assert "- **Entries**: Nothing is known of what may be done with the entries.\n" in pages["LICENSES.md"]
    assert "by seen_on." in pages["data-dictionary.md"]
    assert "`seen_on` is a date, `number` is a number" in pages["data-dictionary.md"]
    everything = " ".join(pages.values()) + (package / "croissant.json").read_text(encoding="utf-8")
    assert not any(word in everything for word in ("NASA", "picture", "explanation", "rights_evidence"))


def test_a_licence_of_the_whole_is_told(tmp_path):
    """Where a set has one licence, the pages and the descriptors name it."""
    licensed = BIRDS._replace(about=BIRDS.about._replace(licence="CC BY 4.0"))
    export(choose(licensed, frame(3), PROVENANCE), "package", tmp_path / "package")
    assert "- **Entries**: CC BY 4.0.\n" in (tmp_path / "package" / "LICENSES.md").read_text(encoding="utf-8")
    told = json.loads((tmp_path / "package" / "datapackage.json").read_bytes())
    assert (told["licenses"][0]["title"], told["description"]) == ("CC BY 4.0", "Licence of the whole: CC BY 4.0.")
