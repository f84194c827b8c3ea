"""`apod export` as it is typed, and what it does with what is there already."""

from __future__ import annotations

import json

import polars
import pytest

from apod_pipeline.cli.export import FORMATS
from apod_pipeline.cli.export import RIGHTS as RIGHTS_TO_TYPE
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.errors import SettingsError
from apod_pipeline.exporting.choice import RIGHTS, choose
from apod_pipeline.exporting.export import WRITERS, export
from apod_pipeline.exporting.snapshot import snapshot


def _typed(taken, *words):
    return taken.lab.command("export", *words)


def test_the_words_of_the_command_are_those_of_the_library():
    """Formats and rights that can be typed are those that can be written."""
    assert tuple(WRITERS) == FORMATS
    assert RIGHTS == RIGHTS_TO_TYPE


def test_json_tells_what_was_written(taken, tmp_path):
    """One object on standard output: path, format, counts, size, digest; also of a span and of rights."""
    path = tmp_path / "new" / "apod.jsonl"
    words = ("--rights", "redistributable", "--from", "2018-12-05", "--to", "2018-12-24", "--json")
    done = _typed(taken, "--format", "jsonl", "--output", str(path), *words)
    assert done.returncode == 0, done.stderr
    told, written = json.loads(done.stdout), path.read_bytes()
    kept = [json.loads(line) for line in written.splitlines()]
    assert (told["path"], told["format"], told["bytes"]) == (str(path), "jsonl", len(written))
    assert (told["entries"], told["entries"] + told["left_out"]) == (len(kept), 20)
    assert sum(told["left_out_by_rights"].values()) == told["left_out"]
    assert {row["rights"] for row in kept} <= {"public-domain", "cc-by-sa"}
    assert "the texts belong to their authors" in done.stderr


def test_plain_output_says_how_many_and_why(taken, tmp_path):
    """Two lines: how many entries, and how many were left out for which rights."""
    done = _typed(taken, "--format", "csv", "-o", str(tmp_path / "a.csv"), "--rights", "redistributable")
    first, second = done.stdout.splitlines()
    count = (tmp_path / "a.csv").read_text(encoding="utf-8").count("\n") - 1
    assert first.startswith(f"{tmp_path / 'a.csv'}: {count} entries, ")
    assert second.startswith(f"left out: {30 - count} entries that may not be redistributed")
    assert "unknown " in second


def test_wrong_words_and_places_are_told(taken, tmp_path):
    """An unknown format, a folder or a file in the way: exit 2, one message, nothing changed."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_text("mine")
    for form, path, words in (
        ("xlsx", "a", "is not one of"),
        ("csv", "file", "already exists"),
        ("csv", "folder", "is a folder"),
        ("csv", "file/below", "file: File exists)"),
        ("package", "folder", "not a package of ours"),
        ("package", "file", "is a file"),
    ):
        done = _typed(taken, "--format", form, "--output", str(tmp_path / path))
        assert (done.returncode, done.stdout) == (2, ""), path
        assert words in done.stderr
    assert (tmp_path / "file").read_text() == "mine"
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["mine"]


def test_the_day_on_which_it_is_typed_does_not_show(taken, tmp_path):
    """An export from a day on is the same a month later: its last day is that of the version."""
    words = ("--format", "package", "--from", "2018-12-20", "-o")
    for name, today in (("now", "2018-12-30"), ("later", "2019-01-30")):
        assert taken.lab.command("export", *words, str(tmp_path / name), APOD_TODAY=today).returncode == 0
    now, later = ((tmp_path / name / "SHA256SUMS").read_bytes() for name in ("now", "later"))
    assert now == later
    assert "| to | 2018-12-30 |" in (tmp_path / "later" / "PROVENANCE.md").read_text(encoding="utf-8")


def test_days_without_entries_are_told(taken, tmp_path):
    """Days that the archive does not have: exit 2, and no file."""
    done = _typed(taken, "--format", "csv", "-o", str(tmp_path / "a.csv"), "--to", "2018-11-30")
    assert done.returncode == 2
    assert "has no entry from 1995-06-16 to 2018-11-30" in done.stderr
    assert not (tmp_path / "a.csv").exists()


def test_no_archive_is_told(tmp_path, taken):
    """Where there is no archive the command says how to make one."""
    done = _typed(taken, "--format", "csv", "-o", str(tmp_path / "a.csv"), "--archive", str(tmp_path / "none"))
    assert done.returncode == 2
    assert "is not an archive" in done.stderr


@pytest.mark.parametrize("form", ["csv", "sqlite", "package"])
def test_force_replaces_an_older_export(taken, tmp_path, form):
    """With --force the new export takes the place of the old one, and nothing else stays beside it."""
    path = tmp_path / "out"
    taken.write(form, path, rights="redistributable")
    with pytest.raises(SettingsError, match="already exists"):
        taken.write(form, path)
    done = taken.write(form, path, force=True)
    assert done.entries == 30
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_force_does_not_remove_a_stranger(taken, tmp_path):
    """A folder that is not a package of ours is not replaced by one, whatever was typed."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").write_text("mine")
    with pytest.raises(SettingsError, match="not a package of ours"):
        taken.write("package", tmp_path / "home", force=True)
    assert (tmp_path / "home" / "letter").read_text() == "mine"


@pytest.mark.parametrize("form", ["jsonl", "parquet", "package"])
def test_an_export_that_fails_leaves_what_was_there(taken, tmp_path, form):
    """Where the entries cannot be read to their end, the old export stays whole, and no torn one stays beside it."""
    path, source = tmp_path / "out", tmp_path / "entries.parquet"
    taken.write(form, path)
    before = {p: p.read_bytes() for p in [path, *path.rglob("*")] if p.is_file()}
    with snapshot(taken.lab.archive) as (frame, provenance):
        frame.sink_parquet(source)
        choice = choose(DATA_SET, polars.scan_parquet(source), provenance)
    source.unlink()
    with pytest.raises(SettingsError, match="cannot be written"):
        export(choice, form, path, force=True)
    assert {p: p.read_bytes() for p in [path, *path.rglob("*")] if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
