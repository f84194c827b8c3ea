"""Versions for people: the log, names for versions, what differs between two, and an entry as it was known."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.datasets.apod.fields import ENTRY_FIELDS
from apod_pipeline.errors import SettingsError
from apod_pipeline.settings import resolve
from apod_pipeline.versioning.dvc import tracked_hash
from apod_pipeline.versions import commits
from apod_pipeline.wiring import states

EDITED = "2018-12-10"


@pytest.fixture
def known(past):
    """What the archive said at any version."""
    return states(resolve(past.all_flags(), {}, None))


def test_log_counts_what_each_version_did(past):
    """Every version with its date, who made it, its hash, and the entries it added, edited and removed."""
    told = list(commits.log(past.archive))
    assert [(one.added, one.edited, one.removed, one.entries) for one in told] == [
        (20, 0, 0, 20),
        (6, 0, 0, 26),
        (0, 1, 0, 26),
    ]
    assert [one.version.at for one in told] == [version.at for version in Ledger(past.archive).versions()]
    assert told[-1].csv_md5 == tracked_hash(past.archive.csv)
    assert {one.version.who for one in told} == {"Airflow Pipeline <airflow@mlops.local>"}
    assert all(one.version.code for one in told)


def test_log_is_printed_newest_first(past):
    """`apod log` is a table, and with --json one object; --limit leaves older versions to --all."""
    printed = past.command("log", "-n", "2")
    assert printed.returncode == 0, printed.stderr
    assert past.git("rev-parse", "HEAD")[:10] in printed.stdout.splitlines()[1]
    assert "... and 1 earlier" in printed.stdout
    told = json.loads(past.command("log", "--all", "--json").stdout)["versions"]
    assert [one["entries"] for one in told] == [26, 26, 20]


def test_a_version_has_many_names(past):
    """A commit, its beginning, a tag, HEAD~1, an instant: all mean one version; a day means its last state."""
    first, second, third = past.git("rev-list", "--reverse", "HEAD").split()
    past.git("-c", "user.name=A", "-c", "user.email=a@b", "tag", "-a", "v1", "-m", "one", second)
    at = [version.at for version in Ledger(past.archive).versions()]
    for name in (second, second[:8], "v1", "HEAD~1", timestamp(at[1]), at[1].replace(tzinfo=None).isoformat()):
        assert commits.resolve(past.archive, name) == second, name
    assert commits.resolve(past.archive, str(at[2].date())) == third
    assert commits.commit_of(past.archive, second).tags == ("v1",)
    assert commits.commit_of(past.archive, first).tags == ()


@pytest.mark.parametrize("name", ["v9", "2001-01-01", "2018-13-44", "--all", "HEAD~99", ""])
def test_no_such_version_is_told(past, name):
    """What names no version ends with exit code 2 and says where the versions are listed."""
    with pytest.raises(SettingsError, match="apod log"):
        commits.resolve(past.archive, name)


def test_diff_names_the_edited_field(past, known):
    """An edit is one entry with its changed fields, before and after."""
    found = known.difference(known.version("HEAD~1"), known.version("HEAD"))
    (change,) = found.changes()
    assert (change.key, change.kind, found.counts) == (EDITED, "edited", {"added": 0, "edited": 1, "removed": 0})
    assert change.fields["title"][1].startswith("A Better Title")
    assert set(change.fields) == {"title", "permalink"}


def test_diff_backwards_removes(known):
    """From the newest to the first version entries are removed, in the order of their days."""
    found = known.difference(known.version("HEAD"), known.version("HEAD~2"))
    changes = list(found.changes())
    assert found.counts == {"added": 0, "edited": 1, "removed": 6}
    assert [change.key for change in changes] == sorted(change.key for change in changes)
    assert {name for change in changes if change.kind == "removed" for name in change.fields} <= set(ENTRY_FIELDS)


def test_diff_on_the_command_line(past):
    """The changed words are marked; --json is one object; both say the same."""
    printed = past.command("diff", "HEAD~1")
    assert printed.returncode == 0, printed.stderr
    assert f"~ {EDITED}  edited" in printed.stdout
    assert "{+A Better Title" in printed.stdout
    told = json.loads(past.command("diff", "HEAD~2", "HEAD", "--json").stdout)
    assert told["counts"] == {"added": 6, "edited": 1, "removed": 0}
    assert len(told["changes"]) == 7


def test_diff_as_a_page(past, tmp_path):
    """The page holds all it needs, and what came from the web is escaped."""
    page = tmp_path / "changes.html"
    done = past.command("diff", "HEAD~1", "HEAD", "--html", str(page))
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert "<ins>" in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert not [word for word in ("src=", "url(", "@import", "<link") if word in text]


def test_both_answers_to_as_of_agree(past, known):
    """At every version's instant DVC's file and the function in SQL say the same of every entry, field by field."""
    for version in Ledger(past.archive).versions():
        for moment in (version.at, version.at + dt.timedelta(milliseconds=300)):
            rows = {row["date"]: row for row in known.table(known.version(timestamp(moment))).rows()}
            columns = ", ".join(ENTRY_FIELDS)
            told = past.rows(f"SELECT {columns} FROM apod_as_of('{timestamp(moment)}')")
            assert {row[0]: dict(zip(ENTRY_FIELDS, row, strict=True)) for row in told} == rows


def test_show_as_of(past):
    """An entry as it is, as it was, and a day of which there was none then."""
    now = json.loads(past.command("show", EDITED, "--json").stdout)
    then = json.loads(past.command("show", EDITED, "--as-of", "HEAD~1", "--json").stdout)
    assert now["entry"]["title"].startswith("A Better Title")
    assert not then["entry"]["title"].startswith("A Better Title")
    none = past.command("show", "2018-12-24", "--as-of", "HEAD~2")
    assert (none.returncode, "has no entry" in none.stderr) == (2, True)


def test_an_old_version_comes_from_the_remote(past, known):
    """Where the cache has lost an old version's file, it is brought from the remote and verified."""
    version = known.version("HEAD~2")
    oid = commits.parquet_hash(past.archive, version.commit)
    place = known.objects.place(oid)
    place.unlink()
    assert len(known.table(version)) == 20
    assert known.objects.sound(oid)


def test_before_the_first_version(lab):
    """An archive without versions has an empty log, and says that there are none."""
    fresh = dataclasses.replace(lab)
    assert fresh.command("init").returncode == 0
    assert json.loads(fresh.command("log", "--json").stdout) == {"versions": []}
    shown = fresh.command("show", "2018-12-24")
    assert (shown.returncode, "apod log" in shown.stderr) == (2, True)


def test_export_as_of(past, tmp_path):
    """An earlier version is exported as it was then, with its own commit as provenance."""
    done = past.command("export", "--format", "package", "-o", str(tmp_path / "then"), "--as-of", "HEAD~2", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["entries"] == 20
    assert past.git("rev-parse", "HEAD~2") in (tmp_path / "then" / "PROVENANCE.md").read_text(encoding="utf-8")
    assert "A Better Title" not in (tmp_path / "then" / "data" / "entries.csv").read_text(encoding="utf-8")
