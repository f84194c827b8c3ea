"""`apod datasets`, `apod init --dataset` and `apod demo --dataset`: archives of whatever set is installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from plain_environment import plain_environment
from set_lab import SITE

pytestmark = pytest.mark.process
MISDESCRIBED = """\
from apod_pipeline.dataset.fields import Columns, Field
from sightings import DATA_SET as SIGHTINGS

FIELDS = (*SIGHTINGS.columns.fields, Field("size", "txt", "how large"))
DATA_SET = SIGHTINGS._replace(name="broken", columns=Columns(FIELDS, ("sighting",), day="night"))
"""
UNDERLINED = """\
from sightings import DATA_SET as SIGHTINGS

DATA_SET = SIGHTINGS._replace(name="far_lights")
"""


@pytest.fixture
def typed(tmp_path):
    """`apod` in a folder, with the toy data set installed, and one more whose name has a `_`."""
    info = tmp_path / "site" / "far_lights-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: far-lights\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[apod_pipeline.datasets]\nfar_lights = far_lights:DATA_SET\n")
    (info.parent / "far_lights.py").write_text(UNDERLINED)
    environment = plain_environment(PYTHONPATH=os.pathsep.join([str(SITE), str(info.parent)]))

    def command(*words, **more):
        return subprocess.run(
            [sys.executable, "-m", "apod_pipeline.cli", *words],
            env=environment | more,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    command.environment = environment
    return command


def _of(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_those_that_are_installed_are_told(typed):
    """Each with what it is, where from, rights, days and size; the same in JSON."""
    told = typed("datasets")
    assert told.returncode == 0, told.stderr
    assert re.search(r"^sightings  Fireballs that people saw$", told.stdout, re.MULTILINE)
    assert re.search(r"^  from +The watch \(watch\), https://example.org/watch$", told.stdout, re.MULTILINE)
    one, *_ = json.loads(typed("datasets", "--json").stdout)["datasets"]
    assert (one["name"], one["first_day"], one["days_ahead"]) == ("apod", "1995-06-16", 0)
    assert "350 MB" in one["size"]
    assert {origin["source"] for origin in one["origins"]} == {"science", "planetary", "file"}
    rights = {one["name"]: one["rights"] for one in json.loads(typed("datasets", "--json").stdout)["datasets"]}
    assert rights["sightings"] == rights["far_lights"] == "CC0-1.0"


@pytest.mark.parametrize(("name", "meant"), [("sightings", "sightings"), ("far-lights", "far_lights")])
def test_an_archive_of_another_set_is_made(typed, tmp_path, name, meant):
    """Its name stands in `apod.toml`, a `-` typed for its `_`, and every other command finds it there."""
    done = typed("init", "--dataset", name, "--archive", "here", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"archive": str(tmp_path / "here"), "dataset": meant}
    assert f'dataset = "{meant}"\n' in (tmp_path / "here" / "apod.toml").read_text()
    again = typed("init", "--archive", "here", APOD_DATASET="apod")
    assert again.stdout == f"{tmp_path / 'here'} is an archive. Next: apod backfill --from 2020-01-01\n"


def test_an_archive_of_another_set_is_left_alone(typed, tmp_path):
    """What holds one set already is not made one of another: exit code 2, a line, and no byte is touched."""
    assert typed("init", "--archive", "here").returncode == 0
    before = _of(tmp_path / "here")
    done = typed("init", "--archive", "here", "--dataset", "sightings")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "here is an archive of 'apod', not of 'sightings'" in done.stderr
    assert _of(tmp_path / "here") == before


@pytest.mark.parametrize(
    ("words", "dataset", "begins"),
    [
        (("run", "--date", "2026-03-01"), "sightings", "sightings"),
        (("backfill", "--from", "1995-06-20"), "", "apod"),
        (("import", "mine.jsonl"), "", "apod"),
    ],
)
def test_a_command_that_begins_an_archive_says_of_what(typed, tmp_path, words, dataset, begins):
    """Which data set, and how to begin one of another; an archive that is there is told nothing of it."""
    (tmp_path / "mine.jsonl").write_text("")
    nobody = dict.fromkeys(("APOD_SCIENCE_URL", "APOD_SIGHTINGS_URL"), "http://127.0.0.1:1")
    nobody |= {"APOD_SOURCES": "science", "APOD_HTTP_RETRIES": "0"} if begins == "apod" else {"APOD_HTTP_RETRIES": "0"}
    nobody |= {"APOD_DATASET": dataset, "APOD_TODAY": "2026-03-10" if dataset else "1995-06-22"}
    done = typed(*words, "--archive", "new", **nobody)
    assert f"new becomes a new archive of '{begins}'; for another data set: apod init --dataset" in done.stderr
    assert "becomes a new archive" not in typed(*words, "--archive", "new", **nobody).stderr


@pytest.mark.parametrize("command", ["init", "demo"])
def test_a_set_that_is_not_installed_is_told(typed, tmp_path, command):
    """The line names those that are; nothing is made."""
    done = typed(command, "--dataset", "hubble", "--archive", "here")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no data set 'hubble' is installed; there are apod, approaches, far_lights, sightings" in done.stderr
    assert not (tmp_path / "here").exists()


def test_a_set_without_a_simulator_cannot_be_shown(typed, tmp_path):
    """The demonstration needs somebody who acts the services out, and says so before it makes anything."""
    done = typed("demo", "--dataset", "far-lights")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "the services of 'far_lights' have no simulator" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_set_is_shown_on_its_own_simulator(typed, tmp_path):
    """Everything, nothing new, an edit with both states, a lie that is refused, the truth again, an audit."""
    done = typed("demo", "--dataset", "sightings")
    assert done.returncode == 0, done.stderr
    commands = re.findall(r"^\d\. \$ apod (\w+)", done.stdout, re.MULTILINE)
    assert commands == ["init", "backfill", "run", "run", "history", "run", "run", "verify"]
    counts = re.findall(r"(\d+) new, (\d+) changed, \d+ unchanged(?:, (\d+) refused)?; (nothing|version)", done.stdout)
    assert counts == [
        ("58", "0", "", "version"),
        ("0", "0", "", "nothing"),
        ("0", "1", "", "version"),
        ("0", "0", "29", "nothing"),
        ("0", "0", "", "nothing"),
    ]
    assert re.findall(r"^      brightness: (\S+)$", done.stdout, re.MULTILINE) == ["-1.5", "-2.5"]
    assert "WRONG" not in done.stdout
    (shown,) = re.findall(r"^  (.* status --archive sightings-demo)  ", done.stdout, re.MULTILINE)
    assert subprocess.run(["sh", "-c", shown], cwd=tmp_path, env=typed.environment, check=False).returncode == 0
    assert 'dataset = "sightings"\n' in (tmp_path / "sightings-demo" / "apod.toml").read_text()
    (tmp_path / "mine").mkdir()
    refused = typed("demo", "--dataset", "sightings", "--archive", "mine")
    assert (refused.returncode, [*(tmp_path / "mine").iterdir()]) == (2, [])


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("import nothing_like_this\n", "cannot be loaded from broken:DATA_SET (ModuleNotFoundError"),
        ("from far_lights import DATA_SET\n", "calls itself 'far_lights', and its entry point 'broken'"),
        (MISDESCRIBED, "the data set 'broken' cannot be used: its field 'size' is of an unknown kind 'txt'; there are"),
    ],
)
def test_a_broken_set_is_told_and_hides_no_other(typed, tmp_path, module, says):
    """Somebody else's mistake is one line: the rest is listed, and nothing is begun."""
    info = tmp_path / "site" / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[apod_pipeline.datasets]\nbroken = broken:DATA_SET\n")
    (info.parent / "broken.py").write_text(module)
    listed, begun = typed("datasets"), typed("init", "--dataset", "broken", "--archive", "new")
    assert says in listed.stderr
    assert "\nfar_lights  " in listed.stdout
    assert (begun.returncode, says in begun.stderr, (tmp_path / "new").exists()) == (2, True, False)
