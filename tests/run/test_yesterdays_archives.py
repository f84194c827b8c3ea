"""Archives that the program made before its rooms were moved: today's opens them, and has nothing to do."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from apod_pipeline.dataset.installed import simulation
from apod_pipeline.dataset.spans import Span
from former_code import unpacked
from lab import TODAY, bare_repository
from set_lab import SITE, SetLab

BEFORE = "9177304"  # the last commit before the house was rebuilt
SPAN = Span(dt.date(2018, 11, 20), TODAY)


@pytest.fixture(scope="module")
def old_code(tmp_path_factory):
    """The package as it was, from this checkout's own history."""
    return unpacked(BEFORE, tmp_path_factory.mktemp("before"))


@pytest.fixture
def made_yesterday(lab, nasa, old_code, tmp_path):
    """An archive with both remotes, a correction and a day that came late."""
    lab.flags |= {"git_remote": bare_repository(tmp_path / "remote.git"), "dvc_remote": str(tmp_path / "objects")}
    nasa.hide(dt.date(2018, 12, 14))
    words = ("run", "--from", str(SPAN.first), "--to", str(SPAN.last))
    assert lab.command(*words, PYTHONPATH=old_code).returncode == 0  # a day this old that is missing is only told
    nasa.show(dt.date(2018, 12, 14))
    nasa.edit(dt.date(2018, 12, 28), title="Corrected")
    assert lab.command("run", PYTHONPATH=old_code).returncode == 0
    return lab


def test_it_is_opened_and_nothing_is_to_do(made_yesterday):
    """No version, no other byte, no other row; verified, all of it is well; and what is new comes on top."""
    lab, tip = made_yesterday, made_yesterday.git("rev-parse", "HEAD")
    before, tables = lab.files(), lab.tables()
    assert lab.command("run").returncode == 0
    assert (lab.files(), lab.tables(), lab.git("rev-parse", "HEAD")) == (before, tables, tip)
    told = lab.command("verify", "--json")
    assert (told.returncode, json.loads(told.stdout)["well"]) == (0, True), told.stdout
    lab.nasa.edit(dt.date(2018, 12, 29), title="Corrected today")
    assert lab.command("run").returncode == 0
    assert lab.git("rev-parse", "HEAD~1") == tip


def test_nothing_is_asked_that_the_old_code_would_not_ask(made_yesterday, nasa, old_code):
    """The same questions, in the same words, as one more run of the code that made it."""

    def questions(**environment):
        seen = len(nasa.requests)
        assert made_yesterday.command("run", **environment).returncode == 0
        return [(method, path) for method, path, _ in nasa.requests[seen:]]

    assert questions(PYTHONPATH=old_code) == questions()


def test_the_old_code_goes_on_with_what_todays_made(lab, old_code):
    """Nobody is shut out by the move: the same files, ledger and tables."""
    lab.run(SPAN)
    before, tables = lab.files(), lab.tables()
    told = lab.command("run", PYTHONPATH=old_code)
    assert told.returncode == 0, told.stderr
    assert (lab.files(), lab.tables()) == (before, tables)


def test_an_archive_of_another_data_set_is_left_alone(tmp_path, database_url, old_code, monkeypatch):
    """The program of before knows no other data set: one sentence, exit 2, and not a byte is another one."""
    monkeypatch.setenv("PYTHONPATH", str(SITE))
    with simulation("sightings") as watch:
        toy = SetLab(watch, tmp_path / "archive", database_url, name="sightings")
        toy.run(watch.span)
        held = {path: path.read_bytes() for path in sorted(toy.root.rglob("*")) if path.is_file()}
        words = ("run", "--archive", str(toy.root))
        older = toy.command(*words, PYTHONPATH=old_code)
    assert older.returncode == 2
    assert "dataset is 'sightings'" in older.stderr
    assert {path: path.read_bytes() for path in sorted(toy.root.rglob("*")) if path.is_file()} == held
