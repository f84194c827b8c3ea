"""Releases of the archive, and where a value came from."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import subprocess

import pytest

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.dataset.installed import data_set
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import SettingsError
from apod_pipeline.settings import resolve
from apod_pipeline.versions.tracing import lines
from apod_pipeline.wiring import tracing


def _tag(lab, name):
    done = lab.command("tag", name, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_release_is_an_annotated_tag_with_a_summary(past):
    """The tag says what there is, its sums are right, it is pushed, and no entry changed by it."""
    entries = past.entries()
    told = _tag(past, "v1")
    assert past.git("cat-file", "-t", "v1") == "tag"
    assert "26 entries, 2018-12-01 to 2018-12-26" in past.git("tag", "-l", "--format=%(contents)", "v1")
    assert past.git("rev-parse", "v1^{commit}") == told["version"] == past.git("rev-parse", "HEAD")
    assert "refs/tags/v1" in past.git("ls-remote", "--tags", "origin")
    checked = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"], check=False, cwd=past.root, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    assert past.entries() == entries
    assert past.git("status", "--porcelain") == ""
    assert json.loads(past.command("verify", "--json").stdout)["well"]


def test_the_next_release_tells_what_changed(past):
    """The changelog grows at its head and names the edits since the release before."""
    past.git("-c", "user.name=A", "-c", "user.email=a@b", "tag", "-a", "v0", "-m", "zero", "HEAD~1")
    _tag(past, "v1")
    _tag(past, "v2")
    changelog = (past.root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert changelog.index("## v2") < changelog.index("## v1")
    assert "- since v0: 1 edited\n- 2018-12-10: title, permalink\n" in changelog
    assert "- since v1: no entry changed" in changelog
    assert json.loads(past.command("log", "--json").stdout)["versions"][0]["releases"] == ["v2"]


@pytest.mark.parametrize("name", ["HEAD~1", "a b", "-x", "v1..v2", ""])
def test_a_name_that_cannot_be_a_tag(past, name):
    """It is refused before anything is written."""
    head = past.git("rev-parse", "HEAD")
    done = past.command("tag", "--", name)
    assert past.git("rev-parse", "HEAD") == head
    assert (done.returncode, past.git("status", "--porcelain"), past.git("tag")) == (2, "", "")


def test_a_release_is_never_moved(past):
    """A name that is taken stays what it is, here and on the remote."""
    _tag(past, "v1")
    done = past.command("tag", "v1")
    assert (done.returncode, "already a release" in done.stderr) == (2, True)


def test_an_archive_without_versions_has_no_release(lab):
    """There is nothing to release."""
    assert lab.command("init").returncode == 0
    done = lab.command("tag", "v1")
    assert (done.returncode, "apod backfill" in done.stderr) == (2, True)


def test_a_release_over_a_remote_that_is_ahead(past, tmp_path, second_database):
    """Another archive pushed meanwhile: its versions are taken over, and the release holds them as well."""
    other = dataclasses.replace(past, root=tmp_path / "other", database=second_database, told=[])
    other.cloned().run(Span(dt.date(2018, 12, 27), dt.date(2018, 12, 29)))
    told = _tag(past, "v1")
    assert len(past.entries()) == 29
    assert past.git("rev-parse", "origin/main") == told["version"] == past.git("rev-parse", "v1^{commit}")


# ---- lineage -------------------------------------------------------------------------------
@pytest.fixture
def trace(past):
    """What tells where a value came from."""
    return tracing(resolve(past.all_flags(), {}, None)).trace


def test_an_edited_field_comes_from_the_later_reply(past, trace):
    """The edited title comes from the third version and its reply, the explanation still from the first."""
    told = trace("2018-12-10")["fields"]
    commits = past.git("rev-list", "--reverse", "HEAD").split()
    runs = [version.run for version in Ledger(past.archive).versions()]
    assert (told["title"]["commit"], told["title"]["run"]) == (commits[2], runs[2])
    assert (told["explanation"]["commit"], told["explanation"]["run"]) == (commits[0], runs[0])
    assert told["title"]["reply"]["file"] != told["explanation"]["reply"]["file"]
    body = (past.archive.raw / told["title"]["reply"]["file"]).read_text(encoding="utf-8")
    assert "A Better Title" in body
    assert told["title"]["code_version"] == past.git("log", "-1", "--format=%(trailers:key=Code-Version,valueonly)")


def test_trace_on_the_command_line(past):
    """One field in words, and as JSON with the reply's hash, which is that of the file."""
    told = json.loads(past.command("trace", "2018-12-24", "title", "--json").stdout)["fields"]["title"]
    raw = (past.archive.raw / told["reply"]["file"]).read_bytes()
    assert told["reply"]["sha256"] == hashlib.sha256(raw).hexdigest()
    printed = past.command("trace", "2018-12-24", "title").stdout
    assert told["reply"]["sha256"] in printed
    assert "because the source said so" in printed


def test_trace_of_nothing(past, trace):
    """A day without an entry, and a field that there is not, are told."""
    with pytest.raises(SettingsError, match="no entry"):
        trace("2018-12-30")
    assert past.command("trace", "2018-12-24", "colour").returncode == 2


def test_names_that_another_data_set_notes_are_printed():
    """Whatever fields hold explained names, each name is printed with its meaning, as one of its field."""
    told = {"date": "2018-12-24", "fields": {}, "doubts": {"far": "too far away"}, "seen": {"late": "at night"}}
    assert [*lines(told, data_set("apod"))] == ["doubt far: too far away", "seen late: at night"]
