"""Several at once: two runs on one archive, two archives on one database, two archives that push to one remote."""

from __future__ import annotations

import dataclasses
import datetime as dt
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import ArchiveBusy, VersioningError

BEGIN = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 2))
FIRST = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 20))
SECOND = Span(dt.date(2018, 12, 15), dt.date(2018, 12, 31))


def test_second_run_on_a_held_archive_is_told_to_wait(lab, span):
    """While one run holds the archive another ends at once with exit code 5, and changes nothing."""
    lab.run(span)
    with lab.archive.locked():
        done = lab.command("run")
        assert done.returncode == 5
        assert "another run" in done.stderr
        with pytest.raises(ArchiveBusy):
            lab.run()
    assert lab.run().exit_code == 0


def test_two_archives_load_one_database_at_once(lab, tmp_path, undisturbed, span):
    """Two runs that load the same tables at the same moment both succeed, and every row is there once."""
    labs = [dataclasses.replace(lab, root=tmp_path / name, told=[]) for name in ("one", "two")]
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda one: one.run(span), labs))
    assert [outcome.exit_code for outcome in outcomes] == [0, 0]
    assert lab.rows("SELECT count(*), count(DISTINCT date) FROM apod") == [(len(span), len(span))]
    assert lab.tables()["apod"] == undisturbed(span)[1]["apod"]


def test_rejected_push_takes_theirs_over(lab, other, remote, undisturbed):
    """The second to push takes over what the first had, commits on top of it, and both end equal; never by force."""
    lab.flags, other.flags = dict(remote), dict(remote)
    lab.run(BEGIN)
    other.cloned()
    first = lab.run(FIRST)
    theirs = other.run(SECOND)
    whole = Span(FIRST.first, SECOND.last)
    assert other.files() == undisturbed(whole)[0]
    assert other.git("rev-parse", f"{theirs.version}~1") == first.version
    superseded = other.git("for-each-ref", "--format=%(refname)", "refs/apod/superseded/").splitlines()
    assert len(superseded) == 1
    back = lab.run(whole)
    assert lab.files() == other.files()
    assert lab.git("rev-parse", "HEAD") == other.git("rev-parse", "HEAD") == lab.git("rev-parse", "origin/main")
    assert back.exit_code == 0
    assert lab.tables()["apod"] == other.tables()["apod"]


def test_edit_seen_by_one_survives_the_other(lab, nasa, other, remote):
    """An edit that one archive saw is not undone by the other's older reading of the same day."""
    lab.flags, other.flags = dict(remote), dict(remote)
    lab.run(FIRST)
    other.cloned().run(FIRST)
    nasa.edit(dt.date(2018, 12, 10), title="The Newer Title")
    lab.run(FIRST)
    other.run(SECOND)
    other.run(FIRST)
    lab.run(SECOND)
    for one in (lab, other):
        assert one.entries()["2018-12-10"]["title"] == "The Newer Title"
    assert lab.files() == other.files()


def test_lost_remote_is_told_and_pushed_to_later(lab, remote, span, tmp_path):
    """The Git remote is away: the run fails and says so, the commit is kept, the next run pushes it."""
    lab.flags = dict(remote)
    away = tmp_path / "away.git"
    (tmp_path / "remote.git").rename(away)
    with pytest.raises(VersioningError, match="type the same command again"):
        lab.run(span)
    kept = lab.git("rev-parse", "HEAD")
    away.rename(tmp_path / "remote.git")
    outcome = lab.run(span)
    assert outcome.exit_code == 0
    assert lab.git("ls-remote", str(tmp_path / "remote.git"), "main").split()[0] == kept
    assert lab.commits() == 1


def test_unwritable_dvc_remote_commits_nothing(lab, span, tmp_path):
    """The DVC remote cannot be written: nothing is committed; when it can, the next run completes."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    with pytest.raises(VersioningError, match="dvc"):
        lab.run(span, dvc_remote=str(blocked / "objects"))
    assert lab.git("for-each-ref") == ""
    blocked.unlink()
    outcome = lab.run(span, dvc_remote=str(blocked / "objects"))
    assert (outcome.exit_code, lab.commits()) == (0, 1)


def _one_ahead(one, other):
    """Two machines with one beginning; the first one went on."""
    one.run(BEGIN)
    other.cloned()
    one.run(FIRST)


@pytest.mark.parametrize(
    "place",
    [
        *("write takeover.json", "write takeover.json:2", "write takeover.json:3", "ledger-appended:2"),
        *("version-sealed:2", "dvc-pushed:2", "committed:2"),
    ],
)
def test_takeover_killed_half_way_goes_on(machines, nasa, undisturbed, place):
    """Killed while it takes the other's versions over, the next run finishes it: nothing lost, one commit on top."""
    lab, other = machines(_one_ahead, nasa)
    first = lab.git("rev-parse", "HEAD")
    words = ("run", "--from", str(SECOND.first), "--to", str(SECOND.last))
    killed = other.command(*words, APOD_KILL_AT=place)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert other.run(SECOND).exit_code == 0
    assert other.files() == undisturbed(Span(FIRST.first, SECOND.last))[0]
    assert other.git("rev-parse", "HEAD~1") == first
    assert other.git("rev-parse", "HEAD") == other.git("rev-parse", "origin/main")


def test_refusals_of_both_sides_stay_true_in_a_takeover(lab, other, remote, nasa):
    """Days that were refused here and there: after the takeover the tables say what the ledger says, on both."""
    odd = dt.date(2018, 12, 12)
    lab.flags, other.flags = dict(remote), dict(remote)
    lab.run(BEGIN)
    other.cloned()
    nasa.edit(odd, title="\u0301\u0301")
    assert other.run(Span(odd, odd), git_remote=None).exit_code == 3
    nasa.edit(odd, title="NASA Science")
    lab.run(FIRST)
    nasa.edit(odd, title="A Lamp")
    other.run(SECOND)
    other.run(Span(odd, odd))
    lab.run(Span(odd, odd))
    for one in (lab, other):
        told = one.command("verify")
        assert told.returncode == 0, told.stdout


def test_a_remote_that_is_ahead_is_no_defect(lab, other, remote):
    """The other machine pushed, and nothing is new here: our newest commit is there, and that is what is looked for."""
    lab.flags, other.flags = dict(remote), dict(remote)
    lab.run(BEGIN)
    other.cloned()
    other.run(FIRST)
    told = lab.command("verify")
    assert told.returncode == 0, told.stdout
    assert "and later ones" in told.stdout
    assert lab.run(SECOND).version
    assert lab.command("verify").returncode == 0
