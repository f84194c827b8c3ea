"""A field is added to the toy data set, whose tables are made from its fields: archives that were made before go on."""

from __future__ import annotations

import json
import shutil

import pytest

from toy.conftest import FIRST, MONTH, SITE

SIGHTING = "sightings/__init__.py"
FIELD = """    Field("witness", "text", "who saw it", nullable=True),\n)\n"""
FILLED = """        "witness": said.get("by"),\n    }\n"""


@pytest.fixture
def code(tmp_path):
    """The toy data set's own code, to be changed; and what PYTHONPATH then must be."""
    site = tmp_path / "site"
    shutil.copytree(SITE, site, ignore=shutil.ignore_patterns("__pycache__"))
    return site / SIGHTING


def _changed(code, *changes):
    text = code.read_text(encoding="utf-8")
    for before, after in changes:
        assert text.count(before) == 1
        text = text.replace(before, after)
    code.write_text(text, encoding="utf-8")


def _grown(code):
    text = code.read_text(encoding="utf-8")
    fields = text[text.index("FIELDS = (") : text.index("\n)\n", text.index("FIELDS = (")) + 3]
    derive = text[text.index("def _derive") : text.index("    }\n", text.index("def _derive")) + 6]
    _changed(code, (fields, fields[:-2] + FIELD), (derive, derive[:-6] + FILLED))


def _typed(toy, code, *words):
    told = toy.command(*words, PYTHONPATH=str(code.parents[1]))
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def test_what_was_stored_says_it_too(toy, watch, code):
    """One version of cause `rules`, and a column that is empty where the replies say nothing; always all is well."""
    watch.named(f"{FIRST}-F")["by"] = "Ada"
    toy.run(MONTH)
    csv, current = toy.archive.csv.read_bytes(), toy.tables()["current"]
    _grown(code)
    assert json.loads(_typed(toy, code, "verify", "--json"))["well"]
    _typed(toy, code, "run")
    assert toy.versions() == 2
    told = toy.rows("SELECT witness, count(*) FROM sightings_entry GROUP BY 1 ORDER BY 1")
    assert told == [("Ada", 1), (None, 57)]
    states = toy.rows(
        "SELECT observed_to IS NULL, cause, changed, count(witness), count(*) FROM sightings_revision GROUP BY 1, 2, 3"
        " ORDER BY 1"
    )
    assert states == [(False, "source", [], 0, 58), (True, "rules", ["witness"], 1, 58)]
    assert (toy.archive.csv.read_bytes(), toy.tables()["current"]) == (csv, current)
    assert json.loads(_typed(toy, code, "verify", "--json"))["well"]
    _typed(toy, code, "run")
    assert toy.versions() == 2


def test_a_rebuild_is_no_way_around(toy, code):
    """Whoever makes all files anew first has the same version of cause `rules`, and not another past."""
    toy.run(MONTH)
    _grown(code)
    _typed(toy, code, "rebuild")
    assert toy.rows("SELECT cause, count(*) FROM sightings_revision GROUP BY 1 ORDER BY 1") == [
        ("rules", 58),
        ("source", 58),
    ]
    assert json.loads(_typed(toy, code, "verify", "--json"))["well"]


def test_another_kind_is_refused_before_anybody_is_asked(toy, watch, code):
    """A number cannot become a text: it is said, no service is asked, and the archive stays as it was."""
    toy.run(MONTH)
    before, asked = toy.files(), len(watch.requests)
    _changed(code, ('"brightness", "number"', '"brightness", "text"'))
    told = toy.command("run", PYTHONPATH=str(code.parents[1]))
    assert told.returncode == 2
    assert "the field brightness is now String, but Float64 in" in " ".join(told.stderr.split())
    assert "give the field another name" in " ".join(told.stderr.split())
    assert (toy.files(), len(watch.requests)) == (before, asked)


def test_an_older_program_leaves_it_alone(toy, code):
    """Files with a field that it does not know: one sentence, exit 2, and not a byte or a row is another one."""
    toy.run(MONTH)
    _grown(code)
    _typed(toy, code, "run")
    tip, rows = toy.git("rev-parse", "HEAD"), toy.rows("SELECT * FROM sightings_revision ORDER BY 1, 2")
    held = {path: path.read_bytes() for path in (toy.archive.csv, toy.archive.parquet)}
    for clean in (False, True):
        if clean:  # as on another machine, where no mark tells
            (toy.archive.private / "progress.json").unlink()
        older = toy.command("run")
        assert older.returncode == 2
        assert "holds the field witness, which this program does not know" in older.stderr
        assert {path: path.read_bytes() for path in held} == held
        assert toy.git("rev-parse", "HEAD") == tip
    assert toy.rows("SELECT * FROM sightings_revision ORDER BY 1, 2") == rows
