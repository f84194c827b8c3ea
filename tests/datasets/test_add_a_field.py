"""The edits that CONTRIBUTING shows are performed on a copy of the code, over an archive that today's code made."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import shutil
import subprocess
import sys
from itertools import groupby

import polars
import pytest

from apod_pipeline.dataset.spans import Span
from former_code import CHECKOUT

OLD_SERVICE = Span(dt.date(2018, 11, 24), dt.date(2018, 12, 7))  # which tells no credits
NEW_SERVICE = Span(dt.date(2018, 12, 8), dt.date(2018, 12, 31))
NAME = "credit_line"
STATES = "SELECT date, observed_from, cause, changed, content_hash FROM apod_revision"


def _shown():
    """The edits that the page shows: by file, each as the lines before and the lines after it."""
    page = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = page[page.index("## Add a field to APOD's entries") :]
    diff = re.search(r"```diff\n(.*?)```", section, re.DOTALL)[1]
    edits, file = [], None
    for begins, lines in groupby(diff.splitlines(keepends=True), lambda line: line.startswith(("---", "+++", "@@"))):
        told = [*lines]
        if begins:
            file = next((line.removeprefix("+++ b/").strip() for line in told if line.startswith("+++")), file)
            continue
        before, after = ("".join(line[1:] for line in told if line[0] in signs) for signs in (" -", " +"))
        edits.append((file, before, after))
    return edits


@pytest.fixture(scope="module")
def grown_code(tmp_path_factory):
    """What PYTHONPATH must be for the code with these edits."""
    folder = tmp_path_factory.mktemp("grown")
    shutil.copytree(CHECKOUT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for file, before, after in _shown():
        text = (folder / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"CONTRIBUTING shows other lines than {file} has"
        (folder / file).write_text(text.replace(before, after), encoding="utf-8")
    return str(folder / "src")


@pytest.fixture
def made(lab, monkeypatch, grown_code):
    """An archive of today's code, of both services; what is typed from now on, the code with the edits does."""
    lab.run(OLD_SERVICE, sources=("planetary",))
    lab.run(NEW_SERVICE)
    monkeypatch.setenv("PYTHONPATH", grown_code)
    return lab


def _typed(lab, *words):
    told = lab.command(*words)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def _well(lab):
    return json.loads(_typed(lab, "verify", "--json"))["well"]


def test_the_page_shows_two_edits():
    """In two files, and nothing is taken away."""
    edits = _shown()
    assert len(edits) == len({file for file, _, _ in edits}) == 2
    assert all(after.startswith(before) for _, before, after in edits)


@pytest.mark.process
def test_one_run_brings_it_everywhere(made):
    """A version of cause `rules`; filled where the replies tell it, else absent; what others read is as it was."""
    plain = made.archive.csv.read_bytes(), made.archive.json.read_bytes(), made.rows("SELECT * FROM apod ORDER BY 1")
    states, days = made.rows(STATES), len(OLD_SERVICE) + len(NEW_SERVICE)
    versions = made.versions()
    assert _well(made)
    _typed(made, "run")
    assert made.versions() == versions + 1
    stored = dict(polars.read_parquet(made.archive.parquet).select("date", NAME).iter_rows())
    assert {day for day, words in stored.items() if words is None} >= {str(day) for day in OLD_SERVICE}
    assert any(stored.values())
    assert dict(made.rows(f"SELECT date, {NAME} FROM apod_entry")) == stored
    old = made.rows(f"{STATES} WHERE observed_to IS NOT NULL AND {NAME} IS NULL")
    assert (sorted(old), len(old)) == (sorted(states), days)
    began = made.rows("SELECT DISTINCT cause, changed FROM apod_revision WHERE observed_to IS NULL")
    assert began == [("rules", [NAME])]
    now = made.archive.csv.read_bytes(), made.archive.json.read_bytes(), made.rows("SELECT * FROM apod ORDER BY 1")
    assert now == plain
    assert _well(made)
    _typed(made, "run")
    assert made.versions() == versions + 1


@pytest.mark.process
def test_the_past_can_be_read_across_it(made, tmp_path):
    """Differences, an earlier version's export, the history of a day, and a database that is made again."""
    _typed(made, "run")
    told = json.loads(_typed(made, "diff", "HEAD~1", "HEAD", "--json"))
    assert {name for change in told["changes"] for name in change["fields"]} == {NAME}
    for version, filled in (("HEAD~1", False), ("HEAD", True)):
        file = tmp_path / f"{version}.csv"
        _typed(made, "export", "--format", "csv", "--output", str(file), "--as-of", version)
        with file.open(encoding="utf-8") as lines:
            assert any(row[NAME] for row in csv.DictReader(lines)) == filled
    states = json.loads(_typed(made, "history", str(NEW_SERVICE.last), "--json"))["revisions"]
    assert [(state["cause"], state["changed"]) for state in states] == [("source", []), ("rules", [NAME])]
    assert states[0]["entry"][NAME] is None
    made.rows_deleted()
    _typed(made, "recover", "database")
    assert _well(made)


@pytest.mark.process
@pytest.mark.parametrize("place", ["version-sealed", "write apod_entries.parquet", "before-database-commit"])
def test_a_run_that_is_killed_at_it_is_finished(made, place):
    """The next run ends with the same single version, and all is well."""
    versions = made.versions()
    assert made.command("run", APOD_KILL_AT=place).returncode < 0
    _typed(made, "run")
    assert made.versions() == versions + 1
    assert made.rows("SELECT DISTINCT cause, changed FROM apod_revision WHERE observed_to IS NULL") == [
        ("rules", [NAME])
    ]
    assert _well(made)


@pytest.mark.process
def test_another_machine_begins_with_it(lab, other, remote, grown_code):
    """What the remotes hold is of the old code: the first run there brings the field, and here it is taken over."""
    lab.flags |= remote
    lab.run(NEW_SERVICE)
    other.flags |= remote
    new = {"PYTHONPATH": grown_code}
    for words in (["recover", "archive", "--git-remote", remote["git_remote"]], ["run"], ["verify"]):
        told = other.command(*words, **new)
        assert told.returncode == 0, told.stdout + told.stderr
    assert (lab.versions(), other.versions()) == (1, 2)
    lab.nasa.edit(NEW_SERVICE.last, title="Another Title")
    for words in (["run"], ["verify"]):
        told = lab.command(*words, **new)
        assert told.returncode == 0, told.stdout + told.stderr
    causes = "SELECT cause, count(*) FROM apod_revision WHERE observed_to IS NULL GROUP BY 1 ORDER BY 1"
    assert lab.rows(causes) == [("rules", len(NEW_SERVICE) - 1), ("source", 1)]


@pytest.mark.process
def test_it_is_described_everywhere(made, grown_code, tmp_path):
    """In the data dictionary, a package's descriptor, the mirror's answers and the comments of the tables."""
    _typed(made, "migrate")
    comment = "SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = 'apod_entry'::regclass"
    assert made.rows(f"{comment} AND attname = '{NAME}'") == [("the credit as the source words it (plain text)",)]
    (tmp_path / "docs").mkdir()
    asked = "from apod_pipeline.extras.mirror.response_schemas import SCHEMAS; print([*SCHEMAS['Entry']['properties']])"
    for words in (["-m", "apod_pipeline.cli.reference", str(tmp_path / "docs")], ["-c", asked]):
        done = subprocess.run(
            [sys.executable, *words], env=made.environment(), capture_output=True, text=True, check=True, timeout=60
        )
    assert f"'{NAME}'" in done.stdout
    assert f"| `{NAME}` |" in (tmp_path / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    _typed(made, "export", "--format", "package", "--output", str(tmp_path / "package"))
    descriptor = json.loads((tmp_path / "package" / "datapackage.json").read_text(encoding="utf-8"))
    assert NAME in [field["name"] for field in descriptor["resources"][0]["schema"]["fields"]]
