"""What a run does when nothing is in its way, and what it does the second time."""

from __future__ import annotations

import csv
import datetime as dt
import json

import pytest

from apod_pipeline.archive.processed import Table
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import ArchiveDamaged
from apod_pipeline.simulator import record_of


def test_files_and_tables_agree(lab, span):
    """Rows of the table, lines of the CSV, elements of the JSON and rows of the Parquet file are the same days."""
    outcome = lab.run(span)
    with lab.archive.csv.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    whole = json.loads(lab.archive.json.read_bytes())
    table = lab.rows("SELECT date, title, url, explanation, media_type FROM apod ORDER BY date")
    assert outcome.exit_code == 0
    assert outcome.inserted == len(span) == len(lines) == len(whole) == len(table) == len(lab.entries())
    assert [tuple(element.values()) for element in whole] == table
    assert [{k: v or "" for k, v in element.items()} for element in whole] == lines


def test_second_run_changes_nothing(lab, span):
    """The same days again: no new tracked file, row, hash or commit; one row more in apod_run."""
    first = lab.run(span)
    before, hashes, status = lab.tables(), lab.files(), lab.git("status", "--porcelain")
    raw = sorted(path.name for path in lab.archive.raw.iterdir())
    second = lab.run(span)
    assert (second.inserted, second.changed, second.unchanged, second.version) == (0, 0, len(span), None)
    assert (lab.tables(), lab.files(), lab.git("status", "--porcelain")) == (before, hashes, status)
    assert sorted(path.name for path in lab.archive.raw.iterdir()) == raw
    assert lab.git("rev-parse", "HEAD") == first.version
    assert lab.rows("SELECT count(*) FROM apod_run") == [(2,)]


def test_commit_is_the_documents(lab, span):
    """Subject, author, trailer and instant of the commit are the document's, and only metadata is in it."""
    outcome = lab.run(span)
    assert lab.git("log", "-1", "--format=%s|%an <%ae>|%cn") == (
        "Update DVC metadata: data/processed/apod_data.csv.dvc|Airflow Pipeline <airflow@mlops.local>|Airflow Pipeline"
    )
    assert f"+{len(span)} entries" in lab.git("log", "-1", "--format=%b")
    assert "Code-Version: " in lab.git("log", "-1", "--format=%b")
    (observed,) = {row[0] for row in lab.rows("SELECT observed_from FROM apod_revision")}
    assert observed == dt.datetime.fromtimestamp(int(lab.git("log", "-1", "--format=%ct")), dt.UTC)
    tracked = lab.git("ls-files").splitlines()
    assert not [name for name in tracked if name.endswith((".csv", ".parquet")) or "/raw/" in name]
    assert "data/processed/apod_data.csv.dvc" in tracked
    assert outcome.version == lab.git("rev-parse", "HEAD")


def test_documents_table_is_exact(lab, span):
    """The table has the document's columns, types, defaults, key and index, and no other."""
    lab.filled(span)
    columns = lab.rows(
        "SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns "
        "WHERE table_name = 'apod' ORDER BY ordinal_position"
    )
    assert columns == [
        ("date", "text", "NO", None),
        ("title", "text", "NO", None),
        ("url", "text", "YES", None),
        ("explanation", "text", "YES", None),
        ("media_type", "text", "YES", "'image'::text"),
        ("created_at", "timestamp without time zone", "YES", "CURRENT_TIMESTAMP"),
        ("updated_at", "timestamp without time zone", "YES", "CURRENT_TIMESTAMP"),
    ]
    assert lab.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'apod' ORDER BY 1") == [
        ("apod_pkey",),
        ("idx_apod_date",),
    ]


def test_database_made_by_the_document_is_taken_over(lab, span):
    """A database that the document's own DDL made, with a row of its own, is loaded and keeps that row."""
    import psycopg

    lab.rows_deleted()
    with psycopg.connect(lab.database) as connection:
        connection.execute(
            "CREATE TABLE apod (date TEXT PRIMARY KEY, title TEXT NOT NULL, url TEXT, explanation TEXT, "
            "media_type TEXT DEFAULT 'image', created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, "
            "updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
        )
        connection.execute("CREATE INDEX idx_apod_date ON apod (date)")
        connection.execute("INSERT INTO apod (date, title) VALUES ('2001-01-01', 'kept'), ('2018-12-30', 'old')")
    lab.run(span)
    assert lab.rows("SELECT count(*) FROM apod") == [(len(span) + 1,)]
    assert lab.rows("SELECT title FROM apod WHERE date = '2001-01-01'") == [("kept",)]
    assert lab.rows("SELECT title FROM apod WHERE date = '2018-12-30'") != [("old",)]


def test_days_come_by_themselves(lab, nasa, span):
    """Hidden days are told missing (exit 4), asked again by a run without dates, and are there when they appear."""
    hidden = [dt.date(2018, 12, 29), dt.date(2018, 12, 30), dt.date(2018, 12, 31)]
    nasa.hide(*hidden)
    outcome = lab.run(span)
    assert (outcome.exit_code, sorted(outcome.missing)) == (4, hidden)
    assert outcome.inserted == len(span) - 3
    assert lab.rows("SELECT date FROM apod_day WHERE status = 'pending' ORDER BY 1") == [(str(d),) for d in hidden]
    nasa.show(*hidden)
    healed = lab.run()
    assert (healed.exit_code, healed.inserted, healed.missing) == (0, 3, {})
    assert lab.rows("SELECT count(*) FROM apod_day WHERE status = 'pending'") == [(0,)]


def test_edit_makes_one_revision_and_one_commit(lab, nasa, span):
    """A title that NASA edits: one revision more, one commit more, updated_at of that row alone moves."""
    lab.filled(span)
    day = dt.date(2018, 12, 28)
    title = record_of(day)["title"]
    nasa.edit(day, title="Quite Another Title")
    outcome = lab.run()
    assert (outcome.inserted, outcome.changed, lab.commits()) == (0, 1, 2)
    revisions = lab.rows(
        "SELECT title, cause, changed, observed_to IS NULL FROM apod_revision "
        f"WHERE date = '{day}' ORDER BY observed_from"
    )
    assert [(r[1], r[3]) for r in revisions] == [("source", False), ("source", True)]
    assert (revisions[0][0].split()[0], revisions[1][0]) == (title.split()[0], "Quite Another Title")
    assert "title" in revisions[1][2]
    assert lab.rows("SELECT date FROM apod WHERE updated_at <> created_at") == [(str(day),)]
    assert "1 edited (title" in lab.git("log", "-1", "--format=%b")


def test_as_of_answers_what_was_known(lab, nasa, span):
    """apod_as_of gives the old title before the edit, the new one from it on, and nothing before the first."""
    lab.filled(span)
    nasa.edit(dt.date(2018, 12, 28), title="Quite Another Title")
    lab.run()
    (first,), (second,) = lab.rows("SELECT DISTINCT observed_from FROM apod_revision ORDER BY 1")
    ask = "SELECT title FROM apod_as_of('{}') WHERE date = '2018-12-28'"
    assert lab.rows(ask.format(second)) == [("Quite Another Title",)]
    assert lab.rows(ask.format(second - dt.timedelta(microseconds=1))) == lab.rows(ask.format(first))
    assert lab.rows(ask.format(first)) != [("Quite Another Title",)]
    assert lab.rows(ask.format(first - dt.timedelta(seconds=1))) == []


def test_sources_do_not_flap(lab, span):
    """After science, the same days through planetary and again through science: no revision, row change or commit."""
    lab.filled(span)
    before, files = lab.tables(), lab.files()
    through_old = lab.run(span, sources=("planetary",))
    through_new = lab.run(span, sources=("science",))
    after = lab.tables()
    assert (through_old.version, through_new.version, lab.commits()) == (None, None, 1)
    assert (after["apod"], after["revision"], lab.files()) == (before["apod"], before["revision"], files)
    assert len(after["reading"]) == 2 * len(before["reading"])


def test_preferred_source_replaces_with_its_cause(lab):
    """Days had from the old service first are taken over by the preferred new one, as revisions of cause preference."""
    span = Span(dt.date(2018, 12, 20), dt.date(2018, 12, 31))
    lab.run(span, sources=("planetary",))
    lab.run(span, sources=("science",))
    causes = lab.rows("SELECT DISTINCT cause FROM apod_revision WHERE observed_to IS NULL")
    assert causes == [("preference",)]
    assert {row["source"] for row in lab.entries().values()} == {"science"}


def test_rebuild_gives_the_same_bytes_and_rows(lab, nasa, span):
    """Everything made again from raw replies and ledger, offline, is what it was: bytes, rows and revisions."""
    lab.filled(span)
    nasa.edit(dt.date(2018, 12, 28), title="Quite Another Title")
    lab.run()
    lab.run(Span(dt.date(2018, 12, 1), dt.date(2018, 12, 5)), sources=("planetary",))
    files, tables = lab.files(), lab.tables()
    for path in (lab.archive.csv, lab.archive.json, lab.archive.parquet):
        path.unlink()
    lab.rows_deleted()
    asked = len(nasa.requests)
    outcome = lab.wired(lambda pipeline: pipeline.rebuild())
    assert len(nasa.requests) == asked
    assert outcome.version is None
    assert (lab.files(), lab.tables()) == (files, tables)


def test_lost_database_is_filled_again(lab, span):
    """A database that was lost is projected anew by the next run, without a new version."""
    lab.filled(span)
    before = lab.tables()
    lab.rows_deleted()
    outcome = lab.run(span)
    assert outcome.version is None
    assert lab.tables() == before


def test_every_address_of_a_picture_has_its_rights(lab, span):
    """Each picture, film and still is told once with its part in the entry and what may be done with it."""
    lab.filled(span)
    parts = {"shown": "url", "largest": "hdurl", "still": "thumbnail_url"}
    expected = {
        (day, part, entry[name], entry["rights"])
        for day, entry in lab.entries().items()
        for part, name in parts.items()
        if entry[name]
    }
    assert set(lab.rows("SELECT date, role, address, rights FROM apod_media")) == expected
    assert {part for _, part, _, _ in expected} == {*parts}


def test_file_that_lost_entries_is_not_loaded(lab, span):
    """A Parquet file with fewer entries than the ledger tells of: refused in words, and a rebuild heals it."""
    lab.filled(span)
    before = lab.tables()
    rows = list(lab.entries().values())
    Table.of(lab.archive).merge(rows[:-3], keep=False)
    lab.archive.witness()
    lab.rows_deleted()
    with pytest.raises(ArchiveDamaged, match=f"{len(span) - 3} of the {len(span)} entries"):
        lab.run(span)
    lab.wired(lambda pipeline: pipeline.rebuild())
    assert lab.tables() == before
