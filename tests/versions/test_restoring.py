"""A version given back: into another folder, and in place; and nothing that was there is lost by it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil

import pytest

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.dataset.spans import Span
from apod_pipeline.settings import resolve
from apod_pipeline.wiring import states

WHOLE = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 26))


def _entries_at(lab, name):
    known = states(resolve(lab.all_flags(), {}, None))
    return {row["date"]: row for row in known.table(known.version(name)).rows()}


@pytest.mark.parametrize("name", ["HEAD~2", "HEAD~1", "HEAD"])
def test_into_another_folder(past, tmp_path, name):
    """The folder is an archive that stands at the version: files, history and a database of its own."""
    shutil.rmtree(past.root / ".dvc" / "cache")  # so that everything comes from the remote
    wanted = _entries_at(past, name)
    done = past.command("restore", "--as-of", name, "--to", str(tmp_path / "then"), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    then = dataclasses.replace(past, root=tmp_path / "then", flags={"database_url": ""})
    assert then.entries() == wanted
    assert told["version"] == past.git("rev-parse", name) == then.git("rev-parse", "HEAD")
    assert (told["entries"], told["inserted"]) == (len(wanted), len(wanted))
    assert then.git("status", "--porcelain") == ""
    assert json.loads(then.command("status", "--json").stdout)["entries"] == len(wanted)
    assert json.loads(then.archive.json.read_bytes())[0]["date"] == "2018-12-01"


def test_a_restored_folder_goes_on_as_an_archive(past, tmp_path, second_database):
    """What the past lacked is asked for again there, and the archive that it came from is not touched."""
    head = past.git("rev-parse", "HEAD")
    assert past.command("restore", "--as-of", "HEAD~2", "--to", str(tmp_path / "then")).returncode == 0
    then = dataclasses.replace(past, root=tmp_path / "then", database=second_database, flags={})
    assert then.run(WHOLE).exit_code == 0
    assert then.entries() == past.entries()
    assert past.git("rev-parse", "HEAD") == head
    assert past.git("ls-remote", past.flags["git_remote"], "main").split()[0] == head


def test_a_restored_folder_is_whole_by_itself(lab, tmp_path):
    """Where no DVC remote is set it has one of its own beside it, with every version's objects: all is well there."""
    for day in (1, 2):
        lab.run(Span(dt.date(2018, 12, day), dt.date(2018, 12, day)))
    assert lab.command("restore", "--as-of", "HEAD", "--to", str(tmp_path / "then")).returncode == 0
    shutil.rmtree(lab.root.with_name("archive-remote"))
    then = dataclasses.replace(lab, root=tmp_path / "then", flags={"database_url": ""})
    told = json.loads(then.command("verify", "--json").stdout)
    assert {check["what"]: check["says"] for check in told["checks"] if not check["well"]} == {}


def test_a_folder_that_holds_something_is_left_alone(past, tmp_path):
    """Nothing is ever overwritten, and without saying where nothing is restored."""
    (tmp_path / "mine").write_text("mine")
    done = past.command("restore", "--as-of", "HEAD~1", "--to", str(tmp_path))
    assert (done.returncode, "not empty" in done.stderr) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert past.command("restore", "--as-of", "HEAD~1").returncode == 2


def test_in_place_and_back(past):
    """The archive stands at the old version, what it held is kept, and is restored by its commit."""
    files, tables, head = past.files(), past.tables(), past.git("rev-parse", "HEAD")
    wanted = _entries_at(past, "HEAD~2")
    done = past.command("restore", "--as-of", "HEAD~2", "--in-place", "--yes")
    assert done.returncode == 0, done.stderr
    assert past.entries() == wanted
    assert past.rows("SELECT count(*), count(*) FILTER (WHERE observed_to IS NULL) FROM apod_revision") == [(20, 20)]
    assert past.rows("SELECT count(*) FROM apod") == [(20,)]
    assert past.git("rev-parse", f"refs/apod/superseded/{head}") == head
    back = past.command("restore", "--as-of", head[:10], "--in-place", "--yes")
    assert back.returncode == 0, back.stderr
    assert (past.files(), past.tables(), past.git("rev-parse", "HEAD")) == (files, tables, head)


def test_in_place_keeps_what_was_not_committed(past):
    """Readings that changed no entry, and so wait for the next version, are not lost by going back."""
    past.nasa.fault("placeholder")
    refused = Span(dt.date(2018, 12, 27), dt.date(2018, 12, 27))
    assert past.run(refused, http_retries=0).refused
    assert past.git("status", "--porcelain")
    lines = Ledger(past.archive).count()
    assert past.command("restore", "--as-of", "HEAD~1", "--in-place", "--yes").returncode == 0
    kept = past.git("for-each-ref", "--format=%(objectname)", "refs/apod/superseded").split()
    assert past.command("restore", "--as-of", kept[-1], "--in-place", "--yes").returncode == 0
    assert Ledger(past.archive).count() == lines


def test_in_place_asks_first(past):
    """Without --yes it asks, and without an answer nothing is changed."""
    head = past.git("rev-parse", "HEAD")
    done = past.command("restore", "--as-of", "HEAD~1", "--in-place")
    assert done.returncode != 0
    assert "kept under a ref" in done.stderr
    assert past.git("rev-parse", "HEAD") == head


def test_after_going_back_the_next_run_takes_the_later_versions_over(past):
    """The remote still has what came later: the run after a restore in place ends with all of it, by no force."""
    entries, tip = past.entries(), past.git("rev-parse", "HEAD")
    assert past.command("restore", "--as-of", "HEAD~2", "--in-place", "--yes").returncode == 0
    assert past.run(WHOLE).exit_code == 0
    assert past.entries() == entries
    assert past.git("merge-base", "--is-ancestor", tip, "HEAD") == ""


def test_a_version_whose_objects_are_nowhere(past, tmp_path):
    """A restore that cannot be had whole changes nothing and names what is missing."""
    shutil.rmtree(past.root / ".dvc" / "cache")
    shutil.rmtree(past.flags["dvc_remote"])
    before = past.git("rev-parse", "HEAD"), timestamp(Ledger(past.archive).versions()[-1].at)
    done = past.command("restore", "--as-of", "HEAD~1", "--in-place", "--yes")
    assert (done.returncode, "neither here nor" in done.stderr) == (1, True)
    assert (past.git("rev-parse", "HEAD"), timestamp(Ledger(past.archive).versions()[-1].at)) == before


def test_in_place_leaves_what_is_the_users(past):
    """Files that the user committed, edited or just put there stay when one goes back, and so does apod.toml."""
    texts = {"notes.md": "committed\n", "plan.md": "edited\n", "loose.txt": "loose\n"}
    for name in ("notes.md", "plan.md"):
        (past.root / name).write_text("committed\n")
        past.git("add", "--", name)
    past.git("-c", "user.name=Me", "-c", "user.email=me@example.org", "commit", "-q", "-m", "By hand")
    for name, text in texts.items():
        (past.root / name).write_text(text)
    toml = (past.root / "apod.toml").read_text() + "lookback = 12\n"
    (past.root / "apod.toml").write_text(toml)
    wanted = _entries_at(past, "HEAD~2")
    done = past.command("restore", "--as-of", "HEAD~2", "--in-place", "--yes")
    assert done.returncode == 0, done.stderr
    assert past.entries() == wanted
    assert {name: (past.root / name).read_text() for name in texts} == texts
    assert (past.root / "apod.toml").read_text() == toml
    assert past.git("show", "HEAD:plan.md") == "committed"
