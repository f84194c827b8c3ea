"""Two machines that push to one Git remote and one DVC remote, really at once: nothing is lost, nothing is forced."""

from __future__ import annotations

import dataclasses
import datetime as dt
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from apod_pipeline.calendar import Span
from apod_pipeline.settings import resolve
from apod_pipeline.wiring import audited

START = dt.date(2018, 11, 20)
ROUNDS = 5


@pytest.fixture
def remotes(tmp_path):
    """A bare repository that refuses to forget anything, and a folder for DVC's objects, as settings."""
    bare = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
    for name in ("receive.denyNonFastForwards", "receive.denyDeletes", "core.logAllRefUpdates"):
        subprocess.run(["git", "-C", str(bare), "config", name, "true"], check=True)
    return {"git_remote": str(bare), "dvc_remote": str(tmp_path / "objects")}


@pytest.fixture
def pair(lab, remotes, tmp_path, second_database):
    """Two archives with a database each, as on two machines."""
    other = dataclasses.replace(lab, root=tmp_path / "other", database=second_database, flags=dict(remotes), told=[])
    return dataclasses.replace(lab, flags=dict(remotes), told=[]), other


def _days(number, side):
    """Six days of a round; two of them are the other side's as well."""
    first = START + dt.timedelta(days=8 * number + 2 * side)
    return Span(first, first + dt.timedelta(days=5))


def _at_once(pair, nasa):
    """Five rounds: NASA edits a day that both have, then both ask and push in the same moment."""
    together = threading.Barrier(2)

    def rounds(side):
        told = []
        for number in range(ROUNDS):
            if not side and number:
                nasa.edit(_days(number - 1, 1).first, title=f"Edited Before Round {number}")
            together.wait()
            days = _days(number, side)
            again = max(START, days.first - dt.timedelta(days=8))
            told.append(pair[side].command("run", "--from", str(again), "--to", str(days.last)))
        return told

    with ThreadPoolExecutor(2) as pool:
        return [done for told in pool.map(rounds, range(2)) for done in told]


def test_five_rounds_at_once_lose_nothing(pair, nasa, remotes):
    """Every day and edit of ten runs is in both archives and on the remote; no push was forced, no conflict is left."""
    done = _at_once(pair, nasa)
    assert [(one.returncode, one.stderr) for one in done if one.returncode] == []
    assert any("taking its versions over" in one.stderr for one in done)  # they did meet
    whole = Span(START, _days(ROUNDS - 1, 1).last)
    for one in (*pair, *pair):
        assert one.run(whole).exit_code == 0
    one, other = pair
    assert one.files() == other.files()
    assert one.tables() == other.tables()
    assert len(one.entries()) == len(whole)
    edited = {_days(number - 1, 1).first: f"Edited Before Round {number}" for number in range(1, ROUNDS)}
    assert {str(day): one.entries()[str(day)]["title"] for day in edited} == {str(k): v for k, v in edited.items()}
    _nothing_left_behind(pair, remotes)


def _nothing_left_behind(pair, remotes):
    tips = {one.git("rev-parse", "HEAD") for one in pair}
    tips.add(pair[0].git("ls-remote", remotes["git_remote"], "main").split()[0])
    assert len(tips) == 1
    for one in pair:
        assert one.git("log", "--format=%P").count(" ") == 0  # no merge
        assert not one.git("status", "--porcelain", "--untracked-files=no")
        assert not (one.archive.private / "takeover.json").exists()
        assert not [*one.archive.incoming.iterdir()]
        assert {c.what: c.says for c in audited(resolve(one.all_flags(), {}, None)) if not c.well} == {}
    # What was pushed is still there: each tip that the remote ever had is an ancestor of the last.
    log = (pair[0].root.parent / "remote.git" / "logs" / "refs" / "heads" / "main").read_text().splitlines()
    for line in log:
        old, new, *_ = line.split()
        assert old == "0" * 40 or pair[0].git("merge-base", "--is-ancestor", old, new) == ""


def test_a_remote_that_refuses_is_told_and_pushed_to_later(pair, remotes, span):
    """A hook of the remote's says no: the run fails with its words, the commit stays, the next run pushes it."""
    one, _ = pair
    hook = one.root.parent / "remote.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'closed on Fridays' >&2\nexit 1\n")
    hook.chmod(0o755)
    refused = one.command("run", "--from", str(span.first), "--to", str(span.last))
    assert refused.returncode == 1
    assert "closed on Fridays" in refused.stderr
    assert "type the same command again" in refused.stderr
    kept = one.git("rev-parse", "HEAD")
    hook.unlink()
    assert one.command("run", "--from", str(span.first), "--to", str(span.last)).returncode == 0
    assert one.git("ls-remote", remotes["git_remote"], "main").split()[0] == kept
    assert one.commits() == 1
