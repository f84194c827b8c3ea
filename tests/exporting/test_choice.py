"""Which entries go into a file, and where they came from."""

from __future__ import annotations

import datetime as dt
import shutil

import polars
import pytest

from apod_pipeline.archive.folder import Archive
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.fields import Entry
from apod_pipeline.errors import ArchiveDamaged, SettingsError
from apod_pipeline.exporting.choice import Provenance, choose
from apod_pipeline.exporting.export import export
from apod_pipeline.exporting.snapshot import snapshot

NOWHERE = Provenance(dt.datetime(2018, 12, 31, tzinfo=dt.UTC), None, None, 1, "0", dt.date(2018, 12, 31))
FREE = ["public-domain", "cc0", "cc-by", "cc-by-sa", "cc-by-nd", "cc-by-nc", "cc-by-nc-sa", "cc-by-nc-nd"]
NOT_FREE = ["copyrighted", "unknown", "cc-sampling", ""]


def _frame(rights):
    """A frame of entries, a day each, with these rights."""
    day = dt.date(2018, 1, 1)
    entries = [
        Entry(day + dt.timedelta(number), f"Title {number}", None, None, "image", rights=name, source="science")
        for number, name in enumerate(rights)
    ]
    lists = {name: polars.List(polars.String) for name in DATA_SET.columns.lists}
    schema = {name: lists.get(name, polars.String) for name in DATA_SET.columns.every}
    return polars.LazyFrame([entry.as_row() for entry in entries], schema=schema)


def test_only_what_may_be_passed_on_is_redistributable():
    """Public domain and Creative Commons stay; what is claimed, unknown or never heard of is left out and counted."""
    choice = choose(DATA_SET, _frame([*FREE, *NOT_FREE]), NOWHERE, rights="redistributable")
    assert [row["rights"] for row in choice.rows()] == FREE
    assert choice.left_out == dict.fromkeys(sorted(NOT_FREE), 1)
    assert choice.entries == len(FREE)


def test_days_are_picked_with_both_ends():
    """A span takes its first and its last day; days outside are not counted as left out."""
    span = Span(dt.date(2018, 1, 2), dt.date(2018, 1, 4))
    choice = choose(DATA_SET, _frame(["unknown"] * 6), NOWHERE, span)
    assert [row["date"] for row in choice.rows()] == ["2018-01-02", "2018-01-03", "2018-01-04"]
    assert choice.left_out == {}


@pytest.mark.parametrize("rights", ["redistributable", "some"])
def test_nothing_to_export_is_an_error(rights):
    """Where no entry is left, or the choice is unknown, nothing is written and the message says why."""
    with pytest.raises(SettingsError, match=r"1 may not be redistributed|there is no rights choice 'some'"):
        choose(DATA_SET, _frame(["unknown"]), NOWHERE, rights=rights)


def test_unknown_format_is_an_error(tmp_path):
    """A format that there is not is named, with those that there are."""
    with pytest.raises(SettingsError, match=r"no format 'xlsx'.*csv, jsonl, parquet, sqlite, package"):
        export(choose(DATA_SET, _frame(["unknown"]), NOWHERE), "xlsx", tmp_path / "a.xlsx")


def test_entries_that_are_not_committed_are_told_without_a_commit(tmp_path):
    """A frame that comes from elsewhere, or before its commit, can be a package too: the version is its instant."""
    export(choose(DATA_SET, _frame(["cc0"]), NOWHERE), "package", tmp_path / "package")
    assert '"version": "0+20181231T000000Z"' in (tmp_path / "package" / "datapackage.json").read_text(encoding="utf-8")
    assert "| version | unknown |" in (tmp_path / "package" / "PROVENANCE.md").read_text(encoding="utf-8")


def test_more_than_one_piece_is_written_in_order(tmp_path):
    """A frame longer than a piece goes into the file whole and in order."""
    count = 20_000
    days = polars.LazyFrame({"number": range(count)}).select(date=polars.format("{}", polars.col("number") + 100_000))
    rest = _frame(["unknown"]).drop("date").collect()
    export(choose(DATA_SET, days.join(rest.lazy(), how="cross"), NOWHERE), "csv", tmp_path / "a.csv")
    dates = polars.read_csv(tmp_path / "a.csv", infer_schema=False)["date"].to_list()
    assert dates == [str(100_000 + number) for number in range(count)]


@pytest.fixture
def copied(taken, tmp_path):
    """A copy of the archive that a test may damage."""
    shutil.copytree(taken.lab.root, tmp_path / "copy", ignore=shutil.ignore_patterns(".git", ".dvc"), symlinks=True)
    return Archive(tmp_path / "copy", DATA_SET)


def test_the_snapshot_knows_commit_and_hash(taken, copied):
    """Commit and MD5 are those of the version; where the commit is not made yet, none is named."""
    with snapshot(copied) as (frame, provenance):
        assert provenance.commit == taken.lab.git("rev-parse", "HEAD")
        assert provenance.csv_md5 in copied.csv.with_name(f"{copied.csv.name}.dvc").read_text(encoding="utf-8")
        assert frame.collect().to_dicts() == taken.entries
    copied.advance(published=None)
    with snapshot(copied) as (_, provenance):
        assert provenance.commit is None


def test_files_behind_the_version_are_not_exported(copied):
    """After a kill between seal and files nothing is exported under a version's name that it does not have."""
    copied.advance(derived=None)
    with pytest.raises(ArchiveDamaged, match="`apod run` fixes that"), snapshot(copied):
        pytest.fail("there is nothing to export")


def test_a_damaged_file_is_told_by_its_own_name(copied):
    """A Parquet file that cannot be read is named as the archive's, not as a copy of it."""
    copied.parquet.write_bytes(b"PAR1")
    with pytest.raises(ArchiveDamaged, match=str(copied.parquet)), snapshot(copied):
        pytest.fail("there is nothing to export")


def test_an_archive_without_versions_has_nothing_to_export(tmp_path):
    """An archive that was made and never filled says so."""
    archive = Archive(tmp_path / "empty", DATA_SET)
    archive.create_folders()
    with pytest.raises(SettingsError, match=r"no version yet.*`apod backfill`"), snapshot(archive):
        pytest.fail("there is nothing to export")
