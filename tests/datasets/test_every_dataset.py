"""Every data set that is installed goes through what APOD goes through, on its own services acted out.

Whoever adds a data set, and somebody who acts it out, gets these tests for nothing. `make test` takes each set through
the short walk, and the toy one through everything; `make test-datasets` takes every one of them through everything.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import signal
import subprocess

import psycopg
import pytest

from apod_pipeline.dataset.installed import data_set, names, simulation
from apod_pipeline.dataset.values import misfits
from apod_pipeline.dictionary.tables import relations
from apod_pipeline.errors import ArchiveDamaged
from kill_places import KILL_PLACES
from lab import bare_repository
from set_lab import SITE, SetLab

pytestmark = pytest.mark.process
SHORT = names()
WHOLE = [name if name == "sightings" else pytest.param(name, marks=pytest.mark.whole) for name in names()]
KILLED_AT = ["reply-promoted", "ledger-appended", "version-sealed", "before-database-commit", "dvc-pushed"]
# Every place that a run without a Git remote passes, in the lane; the files are called as the data set.
PLACES = [place for place in dict.fromkeys(place.partition(":")[0] for place in KILL_PLACES) if place != "git-pushed"]
KILLS = [place if place in KILLED_AT else pytest.param(place, marks=pytest.mark.whole) for place in PLACES]


@pytest.fixture
def one(request, tmp_path, database_url, monkeypatch):
    """An empty archive of a data set, and its services."""
    # The process in which DVC runs must find the data set too, and one that somebody brought along.
    monkeypatch.setenv("PYTHONPATH", str(SITE), prepend=os.pathsep)
    with simulation(request.param) as acted:
        yield SetLab(acted, tmp_path / "archive", database_url, name=request.param)


@pytest.fixture
def edited(one):
    """All that its services tell of some days, and an edit of the third one."""
    one.run(one.nasa.span)
    one.nasa.edit(_third(one))
    one.run(one.nasa.span)
    return one


def _third(one):
    return one.nasa.span.first + dt.timedelta(days=2)


@pytest.mark.parametrize("one", SHORT, indirect=True)
def test_a_short_walk(one):
    """All of it, nothing new, an edit, a lie that changes nothing, the truth again; and an audit that finds nothing."""
    first = one.run(one.nasa.span)
    assert (first.exit_code, first.missing) == (0, {})
    assert len(one.entries()) == first.inserted > 0
    assert one.run(one.nasa.span).version is None
    one.nasa.edit(_third(one))
    edit = one.run(one.nasa.span)
    assert (edit.exit_code, edit.inserted, edit.changed) == (0, 0, 1)
    before = one.files()
    one.nasa.lie(on=True)
    lied = one.run(one.nasa.span)
    assert (lied.exit_code, lied.version, one.files()) == (3, None, before)
    one.nasa.lie(on=False)
    assert one.run(one.nasa.span).exit_code == 0
    assert one.files() == before
    assert one.unwell() == {}


@pytest.mark.parametrize("one", SHORT, indirect=True)
def test_its_tables_are_described(one):
    """Every column of its tables and views is in the dictionary, with its type and its words."""
    one.run(one.nasa.span)
    told = {(relation.name, column.name) for relation in relations(one.dataset) for column in relation.columns}
    there = one.rows(
        "SELECT c.relname, a.attname, col_description(c.oid, a.attnum) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')"
    )
    assert {(table, column) for table, column, _ in there} == told
    assert all(words for _, _, words in there)


@pytest.mark.parametrize("name", SHORT)
def test_examples_are_of_their_kind(name):
    """What its description gives as an example of a field could stand in an entry."""
    assert misfits(data_set(name).columns.fields) == []


@pytest.mark.parametrize("place", KILLS)
@pytest.mark.parametrize("one", WHOLE, indirect=True)
def test_a_killed_run_ends_as_if_it_never_was(one, tmp_path, second_database, place):
    """SIGKILL at a named place of a run that brings an edit; the same command again makes it whole."""
    whole = dataclasses.replace(one, root=tmp_path / "whole", database=second_database)
    for lab in (one, whole):
        lab.run(lab.nasa.span)
    one.nasa.edit(_third(one))
    whole.run(one.nasa.span)
    days = ("--from", str(one.nasa.span.first), "--to", str(one.nasa.span.last))
    killed = one.command("run", *days, APOD_KILL_AT=place.replace("apod_", f"{one.name}_"))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert one.run(one.nasa.span).exit_code == 0
    assert (one.files(), one.tables()) == (whole.files(), whole.tables())
    assert (one.commits(), one.versions()) == (2, 2)
    assert one.git("status", "--porcelain") == ""


@pytest.mark.parametrize("one", WHOLE, indirect=True)
def test_rebuilt_it_is_the_same(edited):
    """Every file and table made again from raw replies and ledger says what it said."""
    before = edited.files(), edited.tables()
    for path in (edited.archive.csv, edited.archive.json, edited.archive.parquet):
        path.unlink()
    edited.wired(lambda wired: wired.rebuild())
    assert (edited.files(), edited.tables()) == before
    assert edited.unwell() == {}


@pytest.mark.parametrize("one", WHOLE, indirect=True)
def test_the_database_is_filled_again(edited):
    """Emptied, the tables come back from the files with every state that there was."""
    before = edited.tables()
    with psycopg.connect(edited.database) as connection:
        for table in ("", "_revision", "_reading", "_day", "_state"):
            connection.execute(f"TRUNCATE {edited.name}{table}".encode())
    done = edited.command("recover", "database")
    assert done.returncode == 0, done.stderr
    assert edited.tables() == before


@pytest.mark.parametrize("one", WHOLE, indirect=True)
def test_a_version_is_restored(edited, tmp_path):
    """The first version, brought back into a folder of its own, says what it said."""
    first, now = edited.git("rev-list", "--max-parents=0", "HEAD"), edited.entries()
    done = edited.command("restore", "--as-of", first, "--to", str(tmp_path / "then"))
    assert done.returncode == 0, done.stderr
    then = dataclasses.replace(edited, root=tmp_path / "then").entries()
    assert then.keys() == now.keys()
    assert len([key for key in now if now[key] != then[key]]) == 1


@pytest.mark.parametrize("one", WHOLE, indirect=True)
def test_another_machine_takes_it_over(one, tmp_path, second_database):
    """Two machines with one remote: what one was told while the other was told something else is lost by neither."""
    remotes = {"git_remote": bare_repository(tmp_path / "remote.git"), "dvc_remote": str(tmp_path / "objects")}
    one.flags |= remotes
    one.run(one.nasa.span)
    other = dataclasses.replace(one, root=tmp_path / "other", database=second_database, told=[]).cloned()
    assert other.files() == one.files()
    for lab in (one, other):
        one.nasa.edit(_third(one))
        assert lab.run(one.nasa.span).exit_code == 0
    key = one.dataset.columns.key
    most = f"SELECT count(*) FROM {one.name}_revision GROUP BY {key} ORDER BY 1 DESC LIMIT 1"
    assert other.rows(most) == [(3,)]
    assert other.unwell() == {}
    one.run(one.nasa.span)
    assert (one.files(), one.tables()["current"]) == (other.files(), other.tables()["current"])


@pytest.mark.parametrize("one", WHOLE, indirect=True)
def test_it_is_backed_up(edited, tmp_path):
    """A dump that was restored and compared puts back what the tables held."""
    before, file = edited.tables(), tmp_path / "backup.dump"
    done = edited.command("backup", str(file))
    assert done.returncode == 0, done.stderr
    edited.rows(f"DELETE FROM {edited.name}_revision RETURNING 1")
    done = edited.command("recover", "database", "--from-backup", str(file))
    assert done.returncode == 0, done.stderr
    assert edited.tables() == before


@pytest.mark.parametrize("one", WHOLE, indirect=True)
def test_it_is_exported(edited, tmp_path):
    """A package that describes every field, and one day of it in every other format."""
    done = edited.command("export", "--format", "package", "--output", str(tmp_path / "package"))
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "package" / "datapackage.json").read_text())
    assert [field["name"] for field in told["resources"][0]["schema"]["fields"]] == [*edited.dataset.columns.every]
    sums = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "package", capture_output=True, check=False)
    assert sums.returncode == 0
    day = str(_third(edited))
    for form in ("csv", "jsonl", "parquet", "sqlite"):
        file = str(tmp_path / f"one.{form}")
        done = edited.command("export", "--from", day, "--to", day, "--format", form, "--output", file, "--json")
        assert done.returncode == 0, done.stderr
        day_of = edited.dataset.columns.day
        assert json.loads(done.stdout)["entries"] == sum(row[day_of] == day for row in edited.entries().values())


def _named(lab, name):
    """Whether an audit finds anything, or stops at a line that it cannot read, and says which."""
    try:
        return bool(lab.unwell())
    except ArchiveDamaged as error:
        return name in str(error)


@pytest.mark.whole
@pytest.mark.parametrize("one", SHORT, indirect=True)
def test_one_flipped_byte_is_named(edited):
    """In each file, each shard of the ledger, a raw reply and a kept object; and one changed cell of each table."""
    archive = edited.archive
    raw = next(path for path in sorted(archive.raw.iterdir()) if path.is_file() and path.name[0] != ".")
    kept = next(path for path in sorted((archive.root / ".dvc" / "cache").rglob("*")) if path.is_file())
    for path in (archive.csv, archive.json, archive.parquet, *sorted(archive.ledger.iterdir()), raw, kept):
        whole, mode = path.read_bytes(), path.stat().st_mode
        path.chmod(0o644)
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        assert _named(edited, path.name), path
        path.write_bytes(whole)
        path.chmod(mode)
    assert edited.unwell() == {}
    cells = (("", "updated_at"), ("_revision", "content_hash"), ("_reading", "digest"), ("_day", "status"))
    for table, column in cells:
        name = f"{edited.name}{table}"
        value = "now()" if column == "updated_at" else "'gap'" if column == "status" else "'changed'"
        with psycopg.connect(edited.database) as connection:
            where = f"ctid = (SELECT min(ctid) FROM {name} WHERE {column}::text IS DISTINCT FROM {value}::text)"
            connection.execute(f"UPDATE {name} SET {column} = {value} WHERE {where}".encode())
        assert name in edited.unwell()
        edited.command("recover", "database")
    assert edited.unwell() == {}
