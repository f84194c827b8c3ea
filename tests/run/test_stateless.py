"""Runs that keep nothing here: from the remotes, into the database, back to the remotes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.writing import sha256
from apod_pipeline.database.tables import Tables
from apod_pipeline.database.turns import turn
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.errors import ArchiveBusy
from apod_pipeline.jobs.restores import recover_archive
from apod_pipeline.jobs.stateless import PREFIX, run_stateless
from apod_pipeline.jobs.verify import verify
from apod_pipeline.recovery.partial import cloned
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.settings import resolve
from apod_pipeline.versioning.dvc import DvcVersioner
from apod_pipeline.versions.objects import md5
from apod_pipeline.wiring import partial_versioner
from apod_pipeline.wiring import stateless_pipeline as pipeline_of

FIRST = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 20))
SECOND = Span(dt.date(2018, 12, 15), dt.date(2018, 12, 31))
WHOLE = Span(FIRST.first, SECOND.last)


def words(span=None):
    """What is typed for a stateless run of a span, or of what is due."""
    return ["run", "--stateless", *(["--from", str(span.first), "--to", str(span.last)] if span else [])]


@dataclasses.dataclass
class Passing:
    """What stateless runs share, and the folder in which each has its own for a while."""

    lab: object
    temporary: Path

    def run(self, span=None, **environment):
        """One run in a process of its own."""
        return self.lab.command(*words(span), TMPDIR=str(self.temporary), **environment)

    def begun(self, span, **environment):
        """The same, not waited for."""
        return self.lab.begun(*words(span), TMPDIR=str(self.temporary), **environment)

    def left(self):
        """Folders that a run did not remove."""
        return [path.name for path in self.temporary.iterdir() if path.name.startswith(PREFIX)]

    @contextmanager
    def wired(self, folder, **flags):
        """The pipeline of such a run, over a folder that can be looked at."""
        settings = resolve(self.lab.all_flags(archive=folder, **flags), {}, None)
        cloned(self.lab.flags["git_remote"], Archive(folder, DATA_SET))
        partial_versioner(settings, Archive(folder, DATA_SET)).begin()
        with pipeline_of(settings, self.lab.told.append) as wired:
            yield wired

    def here(self, wanted=None, patience=60.0, **flags):
        """One run in this process."""

        def settings(folder):
            return resolve(self.lab.all_flags(archive=folder, **flags), {}, None)

        return run_stateless(settings, wanted or Wanted("run"), self.lab.told.append, patience=patience)

    def git(self, *words):
        """Git in the remote."""
        return subprocess.check_output(["git", "-C", self.lab.flags["git_remote"], *words], text=True).strip()

    def commits(self):
        """How many there are on the remote; their history must be a line."""
        assert self.git("rev-list", "--merges", "--count", "main") == "0"
        return int(self.git("rev-list", "--count", "main"))

    def recovered(self, folder, wrong=()):
        """A whole archive made from the remotes and audited: nothing else of it may be wrong."""
        whole = dataclasses.replace(self.lab, root=folder, told=[])
        settings = resolve(whole.all_flags(), {}, None)
        recover_archive(settings, self.lab.flags["git_remote"])
        assert {check.what for check in verify(settings) if not check.well} == {*wrong}
        return whole


@pytest.fixture
def passing(lab, remote, tmp_path):
    """Nothing on the remotes yet."""
    lab.flags = dict(remote)
    (tmp_path / "temporary").mkdir()
    return Passing(lab, tmp_path / "temporary")


def test_a_first_and_a_second_run_make_the_archive_that_one_run_makes(passing, tmp_path, undisturbed):
    """The archive begins on empty remotes, the next run adds to it; audited, it is what a run with a folder makes."""
    for span in (FIRST, WHOLE):
        done = passing.run(span)
        assert done.returncode == 0, done.stderr
    assert (passing.commits(), passing.left()) == (2, [])
    assert passing.lab.rows("SELECT version FROM apod_run ORDER BY started_at")[-1] == (
        passing.git("rev-parse", "main"),
    )
    whole = passing.recovered(tmp_path / "whole")
    assert (whole.files(), whole.tables()) == undisturbed(WHOLE)
    versioner = DvcVersioner(whole.archive, passing.lab.flags["dvc_remote"])
    versioner.track_replies()  # of the whole folder, as an archive does it that has one
    versioner.close()
    assert whole.git("status", "--porcelain") == ""


@pytest.mark.parametrize(("databases", "begun"), [(1, True), (2, False), (2, True)])
def test_two_at_once_end_as_one_after_the_other(passing, second_database, tmp_path, undisturbed, databases, begun):
    """On one database they take turns; with one each, who pushes second takes over: one line, and nothing is lost."""
    lab = passing.lab
    if begun:
        lab.run(FIRST)
    urls = (lab.database, second_database if databases == 2 else lab.database)
    pair = [passing.begun(span, APOD_DATABASE_URL=url) for span, url in zip((FIRST, SECOND), urls, strict=True)]
    said = [one.communicate(timeout=120) for one in pair]
    assert [one.returncode for one in pair] == [0, 0], said
    assert passing.left() == []
    assert passing.commits() <= 2
    if databases == 1:
        assert lab.tables() == undisturbed(WHOLE)[1]
    whole = passing.recovered(tmp_path / "whole")
    assert (whole.files(), whole.tables()) == undisturbed(WHOLE)
    assert passing.here().version is None


@pytest.mark.parametrize("place", ["after-database-commit", "dvc-added", "committed", "git-pushed"])
def test_killed_and_begun_again_it_ends_as_if_it_never_was(passing, tmp_path, undisturbed, place):
    """SIGKILL at a named place, then the same run: same bytes, same rows, one commit more."""
    passing.lab.run(FIRST)
    killed = passing.run(SECOND, APOD_KILL_AT=place)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert passing.here(Wanted("run", SECOND)).exit_code == 0
    assert passing.commits() == 2
    assert passing.lab.tables() == undisturbed(WHOLE)[1]
    assert passing.recovered(tmp_path / "whole").files() == undisturbed(WHOLE)[0]


def test_nothing_new_makes_no_commit_and_pulls_no_reply(passing, remote):
    """Every raw reply is gone from the DVC remote: a run without news does not miss them, and fills a lost database."""
    lab = passing.lab
    lab.run(WHOLE)
    before, tip = lab.tables(), passing.git("rev-parse", "main")
    for oid in map(md5, lab.archive.raw.glob("*.json")):
        Path(remote["dvc_remote"], "files", "md5", oid[:2], oid[2:]).unlink()
    lab.rows_deleted()
    outcome = passing.here()
    assert (outcome.exit_code, outcome.version, outcome.inserted) == (0, None, len(WHOLE))
    assert (passing.git("rev-parse", "main"), lab.tables()) == (tip, before)
    assert lab.rows("SELECT count(*) FROM apod_run") == [(1,)]


def test_a_new_day_is_added_without_the_old_replies(passing, nasa, tmp_path):
    """An edit is one commit more; of all replies only the new one was ever here, and the list still names them all."""
    lab = passing.lab
    lab.run(FIRST)
    lab.run(WHOLE)
    old = {path.name for path in lab.archive.raw.glob("*.json")}
    nasa.edit(dt.date(2018, 12, 30), title="Quite Another Title")
    with passing.wired(tmp_path / "part") as wired:
        outcome = wired.run(Wanted("run"))
        here = {path.name for path in wired.archive.raw.glob("*.json")}
        listed = {*wired.elsewhere()}
    assert (outcome.changed, outcome.version) == (1, passing.git("rev-parse", "main"))
    assert (len(here), here & old, listed) == (1, set(), here | old)
    assert passing.recovered(tmp_path / "whole").entries()["2018-12-30"]["title"] == "Quite Another Title"


def test_a_reply_that_bears_the_name_of_theirs_gets_another(passing, other, tmp_path):
    """Two of one second bear one name; theirs is not here to be seen: ours is renamed when theirs are taken over."""
    lab = passing.lab
    lab.run(FIRST)
    other.run(Span(dt.date(2018, 11, 10), dt.date(2018, 11, 12)))
    ours = list(Ledger(other.archive).reply_lines())[-1]
    with passing.wired(tmp_path / "part") as wired:
        lab.run(SECOND)
        name = list(Ledger(lab.archive).reply_lines())[-1]["file"]
        shutil.copy(other.archive.raw / ours["file"], wired.archive.raw / name)
        wired.ledger.append_lines([ours | {"file": name}])
        assert wired.run(Wanted("run", Span(FIRST.first, FIRST.first))).version == passing.git("rev-parse", "main")
    whole = passing.recovered(tmp_path / "whole")
    assert {"2018-11-11", str(SECOND.last)} <= {*whole.entries()}
    (kept,) = [path.name for path in whole.archive.raw.glob("*.json") if sha256(path) == ours["sha256"]]
    assert kept != name


def test_another_preference_brings_the_replies_that_it_needs(passing, tmp_path):
    """Every entry is derived anew from the other source's old replies, which are brought for that, and no others."""
    lab = passing.lab
    lab.run(FIRST, sources=("planetary",))
    lab.run(FIRST, sources=("science",))
    science = {line["file"] for line in Ledger(lab.archive).reply_lines() if line.get("source") == "science"}
    with passing.wired(tmp_path / "part", preference=("planetary", "science", "file")) as wired:
        outcome = wired.run(Wanted("run", Span(FIRST.first, FIRST.first)))
        here = {path.name for path in wired.archive.raw.glob("*.json")}
    assert outcome.changed == len(FIRST)
    assert (bool(here), here & science) == (True, set())
    assert {row["source"] for row in passing.recovered(tmp_path / "whole").entries().values()} == {"planetary"}


def test_what_is_refused_is_committed_once(passing, nasa, tmp_path):
    """A refusal changes no entry, but nobody is here to keep it: it is committed with its bytes, once."""
    passing.lab.run(FIRST)
    nasa.old_mode = "placeholder"
    day = Span(dt.date(2018, 12, 24), dt.date(2018, 12, 24))
    first = passing.here(Wanted("run", day), sources=("planetary",))
    again = passing.here(Wanted("run", day), sources=("planetary",))
    assert (first.exit_code, again.exit_code) == (3, 3)
    assert (first.version, again.version, passing.commits()) == (passing.git("rev-parse", "main"), None, 2)
    kept = Ledger(passing.recovered(tmp_path / "whole", wrong=["coverage"]).archive).known().quarantine
    assert {(one.day, one.source) for one in kept} == {("2018-12-24", "planetary")}


def test_a_first_run_that_is_only_refused_begins_the_archive(passing, nasa):
    """There is no version yet, only quarantine: the next run goes on from there."""
    nasa.old_mode = "placeholder"
    assert passing.here(Wanted("run", FIRST), sources=("planetary",)).exit_code == 3
    assert passing.commits() == 1
    nasa.old_mode = "ok"
    assert passing.here(Wanted("run", FIRST), sources=("planetary",)).inserted == len(FIRST)
    assert passing.commits() == 2


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_leaves_nothing(passing, nasa, sent):
    """Ctrl-C, or a container's stop: the folder is removed, nothing was pushed, and it says what is forgotten."""
    nasa.fault("timeout", match="wp-json", seconds=60)
    process = passing.begun(FIRST, APOD_HTTP_TIMEOUT="2", APOD_HTTP_RETRIES="3")
    deadline = time.monotonic() + 30
    while not nasa.requests:
        assert time.monotonic() < deadline, process.communicate(timeout=30)
        time.sleep(0.02)
    process.send_signal(sent)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, passing.left(), passing.git("for-each-ref")) == (130, [], "")
    assert said.strip().splitlines()[-1].endswith("is discarded; the next one requests it again.")


def test_failed_it_leaves_nothing_and_says_what_is_forgotten(passing):
    """The Git remote takes no push: the folder is gone, and the message does not claim that anything was kept."""
    hook = Path(passing.lab.flags["git_remote"], "hooks", "pre-receive")
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    done = passing.run(FIRST)
    assert (done.returncode, passing.left()) == (1, [])
    assert "its folder is gone" in done.stderr
    hook.unlink()
    assert passing.here(Wanted("run", FIRST)).exit_code == 0


def test_another_one_that_does_not_end_is_waited_for_and_then_told(passing):
    """While another stateless run has the database one waits; at last it says so, and nothing changed."""
    with (
        turn(passing.lab.database, Tables(DATA_SET), 1.0),
        pytest.raises(ArchiveBusy, match="another stateless run") as told,
    ):
        passing.here(patience=0.2)
    assert told.value.exit_code == 5
    assert passing.git("for-each-ref") == ""


def test_all_that_is_missing_is_told_at_once(passing, tmp_path):
    """Without remotes and without a server one message names all three; a folder to keep is no part of it: exit 2."""
    passing.lab.flags = {}
    nothing = {"APOD_DATABASE_URL": "", "APOD_GIT_REMOTE": "", "APOD_DVC_REMOTE": ""}
    done = passing.run(FIRST, **nothing)
    assert done.returncode == 2
    assert "APOD_GIT_REMOTE, APOD_DVC_REMOTE, APOD_DATABASE_URL" in done.stderr
    both = passing.lab.command("run", "--stateless", "--archive", str(tmp_path / "folder"))
    assert (both.returncode, "--archive" in both.stderr, passing.left()) == (2, True, [])
