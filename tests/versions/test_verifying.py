"""`apod verify`: a sound archive is told sound; one flipped byte anywhere is named; what it says to type mends it."""

from __future__ import annotations

import datetime as dt
import functools
import json
import shlex
import shutil

import psycopg
import pytest

from apod_pipeline.audit.rederiving import derived_again
from apod_pipeline.database.searchable import make_searchable
from apod_pipeline.dataset.spans import Span
from apod_pipeline.jobs import verify
from apod_pipeline.settings import resolve
from apod_pipeline.versions.commits import hashes
from apod_pipeline.versions.objects import md5

EVERYTHING = [
    *("coverage", "quality", "raw replies", "csv", "parquet", "csv, derived", "json, derived", "parquet, derived"),
    *("apod", "apod_revision", "apod_reading", "apod_quarantine", "apod_day"),
    *("DVC cache", "DVC remote", "Git objects", "ledger", "commit", "Git remote"),
]


def _audited(lab):
    return verify.verify(resolve(lab.all_flags(), {}, None))


def _unwell(lab):
    return {check.what: check for check in _audited(lab) if not check.well}


def _flip(path, place=-3):
    mode = path.stat().st_mode
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    path.chmod(mode)


def _raw(lab):
    return min(path for path in lab.archive.raw.iterdir() if path.is_file())


def _object(lab, place, name, commit="HEAD"):
    oid = hashes(lab.archive, commit)[name]
    return place / "files" / "md5" / oid[:2] / oid[2:]


def _execute(statement):
    def harm(lab):
        with psycopg.connect(lab.database) as connection:
            connection.execute(statement)

    return harm


def _cache(lab):
    return lab.root / ".dvc" / "cache"


def _remote(lab):
    return lab.root.parent / "objects"


HARMS = {
    "raw reply": (lambda lab: _flip(_raw(lab), 100), "raw replies"),
    "raw reply gone": (lambda lab: _raw(lab).unlink(), "raw replies"),
    "csv": (lambda lab: _flip(lab.archive.csv), "csv"),
    "csv header": (lambda lab: _flip(lab.archive.csv, 0), "csv, derived"),
    "json": (lambda lab: _flip(lab.archive.json, 500), "json, derived"),
    "json bracket": (lambda lab: _flip(lab.archive.json, 0), "json, derived"),
    "json separator": (lambda lab: _flip(lab.archive.json, -2), "json, derived"),
    "json gone": (lambda lab: lab.archive.json.unlink(), "json, derived"),
    "parquet": (lambda lab: _flip(lab.archive.parquet, 400), "parquet"),
    "parquet footer": (lambda lab: _flip(lab.archive.parquet, -20), "parquet"),
    "parquet gone": (lambda lab: lab.archive.parquet.unlink(), "parquet"),
    "pointer of the csv": (lambda lab: _flip(lab.root / "data/processed/apod_data.csv.dvc", 20), "commit"),
    "pointer of the parquet": (lambda lab: _flip(lab.root / "data/processed/apod_entries.parquet.dvc", 20), "commit"),
    "pointer of the replies": (lambda lab: _flip(lab.root / "data/raw.dvc", 20), "commit"),
    "cache": (lambda lab: _flip(_object(lab, _cache(lab), "data/processed/apod_data.csv")), "DVC cache"),
    "cache, old": (
        lambda lab: _flip(_object(lab, _cache(lab), "data/processed/apod_entries.parquet", "HEAD~2")),
        "DVC cache",
    ),
    "cache, listing": (lambda lab: _flip(_object(lab, _cache(lab), "data/raw")), "DVC cache"),
    "cache gone": (lambda lab: shutil.rmtree(_cache(lab)), "DVC cache"),
    "remote": (lambda lab: _flip(_object(lab, _remote(lab), "data/processed/apod_data.csv", "HEAD~1")), "DVC remote"),
    "remote, listing": (lambda lab: _flip(_object(lab, _remote(lab), "data/raw")), "DVC remote"),
    "remote gone": (lambda lab: shutil.rmtree(_remote(lab)), "DVC remote"),
    "row": (_execute("UPDATE apod SET title = title || ' ' WHERE date = '2018-12-24'"), "apod"),
    "row's time": (_execute("UPDATE apod SET updated_at = now() WHERE date = '2018-12-24'"), "apod"),
    "row gone": (_execute("DELETE FROM apod WHERE date = '2018-12-24'"), "apod"),
    "strange row": (_execute("INSERT INTO apod (date, title) VALUES ('1990-01-01', 'x')"), "apod"),
    "revision": (_execute("UPDATE apod_revision SET flags = '{x}' WHERE observed_to IS NOT NULL"), "apod_revision"),
    "reading": (_execute("UPDATE apod_reading SET digest = 'x' WHERE date = '2018-12-24'"), "apod_reading"),
    "day": (_execute("UPDATE apod_day SET status = 'failed' WHERE date = '2018-12-24'"), "apod_day"),
    "quarantine": (
        _execute("INSERT INTO apod_quarantine VALUES ('r', '2018-12-24', 'science', 'x', now(), NULL)"),
        "apod_quarantine",
    ),
    "tables gone": (lambda lab: lab.rows_deleted(), "database"),
    "ledger": (lambda lab: _flip(lab.archive.ledger / "superseded-2026.jsonl", 40), "ledger"),
    "ledger line": (lambda lab: _flip(max(lab.archive.ledger.glob("replies*")), 0), "ledger"),
    "report": (lambda lab: _flip(lab.archive.quality_report, 10), "commit"),
    "settings": (lambda lab: _flip(lab.root / "apod.toml", 3), "commit"),
    "push": (lambda lab: lab.git("push", "-q", "-f", "origin", "HEAD~1:main"), "Git remote"),
    "git remote gone": (lambda lab: shutil.rmtree(lab.flags["git_remote"]), "Git remote"),
}


def test_a_sound_archive_is_told_sound(past):
    """Every check says what it saw, on the command line and as JSON; nothing is changed by looking."""
    before = past.files(), past.tables(), past.git("status", "--porcelain")
    assert [check.what for check in _audited(past)] == EVERYTHING
    assert not _unwell(past)
    printed = past.command("verify")
    assert (printed.returncode, "WRONG" in printed.stdout) == (0, False)
    told = json.loads(past.command("verify", "--json").stdout)
    assert (told["well"], [check["what"] for check in told["checks"]]) == (True, EVERYTHING)
    assert (past.files(), past.tables(), past.git("status", "--porcelain")) == before


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE apod_search SET words = to_tsvector('english', 'comet') WHERE date = '2018-12-24'",
        "UPDATE apod_search SET media_type = 'video' WHERE date = '2018-12-24'",
        "DELETE FROM apod_search WHERE date = '2018-12-24'",
        "UPDATE apod_search SET date = '2018-12-24', observed_from = 'epoch' WHERE date = '2018-12-23'",
    ],
)
def test_words_that_are_searched_are_compared(past, harm):
    """Words that are searched were changed, lost or moved: the day is named, and `recover database` mends it."""
    with psycopg.connect(past.database) as connection:
        make_searchable(connection)
    assert not _unwell(past)
    _execute(harm)(past)
    (unwell,) = _unwell(past).values()
    assert (unwell.what, unwell.do) == ("apod_search", "apod recover database")
    assert "2018-12-24" in unwell.says
    assert past.command("recover", "database").returncode == 0
    assert "apod_search" in [check.what for check in _audited(past)]
    assert not _unwell(past)


@pytest.mark.parametrize("harm", HARMS)
def test_a_flipped_byte_is_named_and_mended(past, harm):
    """One thing harmed: the check that looks at it says so, and the commands that it names make all well again."""
    do, named = HARMS[harm]
    do(past)
    unwell = _unwell(past)
    assert named in unwell, {what: check.says for what, check in unwell.items()}
    for _ in range(3):  # what is mended first may be needed to see the rest
        for command in dict.fromkeys(check.do for check in unwell.values()):
            words = shlex.split(command.split("; lost for good: ")[-1])
            assert words[0] == "apod", command
            assert words[1] != "doctor", command
            past.command(*words[1:])
        if not (unwell := _unwell(past)):
            break
    assert not {what: (check.says, check.do) for what, check in unwell.items()}


def test_a_damaged_git_object_is_named(past):
    """Git's own objects are looked at too."""
    loose = min(path for path in (past.root / ".git/objects").glob("[0-9a-f][0-9a-f]/*"))
    _flip(loose)
    found = _unwell(past)["Git objects"]
    assert found.do.startswith("apod recover archive")


def test_missing_days_are_named(past):
    """A day that no service answered for is told with its status."""
    past.nasa.fault("envoy_text")
    past.run(Span(dt.date(2018, 10, 20), dt.date(2018, 10, 21)), http_retries=0)
    assert _unwell(past)["coverage"].says == "2 days are missing: 2018-10-20 failed, 2018-10-21 failed"


def test_readings_that_wait_are_no_defect(past):
    """Between two versions the ledger and the folder of replies grow: that is sound, and a flipped byte is not."""
    past.nasa.fault("placeholder")
    past.run(Span(dt.date(2018, 12, 28), dt.date(2018, 12, 28)), http_retries=0)
    assert past.git("status", "--porcelain")
    assert set(_unwell(past)) == {"coverage"}
    newest = max(path for path in past.archive.raw.iterdir() if path.is_file())
    _flip(newest, 10)
    assert {"raw replies", "coverage"} <= set(_unwell(past))


def test_an_archive_without_versions(lab):
    """There is nothing to be wrong yet."""
    assert lab.command("init").returncode == 0
    done = lab.command("verify")
    assert (done.returncode, "none yet" in done.stdout) == (0, True)


def test_derived_in_many_processes_is_derived_alike(past):
    """Two processes that share the replies derive what one does."""
    make = functools.partial(verify.derivation_of, past.root, "apod", ("science", "planetary", "file"))
    lines = make().ledger.count()
    told = []
    for parts in (0, 2):
        with derived_again(make, lines, ["2018-12-24"], parts) as derived:
            told.append(derived())
    assert told[0] == told[1]
    assert len(told[0]) == 26


def test_other_rules_are_told(past):
    """Where today's preference is another the files are compared with DVC alone, and the next version is announced."""
    found = {check.what: check for check in verify.verify(resolve(past.all_flags(preference=("file",)), {}, None))}
    assert found["derivation"].well
    assert "another preference" in found["derivation"].says
    assert md5(past.archive.csv) in found["csv"].says
