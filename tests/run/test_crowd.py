"""Two machines that push to one Git remote and one DVC remote, really at once: nothing is lost, nothing is forced."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.jobs.verify import verify
from apod_pipeline.settings import resolve

START = dt.date(2018, 11, 20)
ROUNDS = 5


@pytest.fixture
def pair(lab, other, remote):
    """Two archives with a database each, as on two machines."""
    one = dataclasses.replace(lab, flags=dict(remote), told=[])
    one.run(Span(START, START))
    return one, dataclasses.replace(other, flags=dict(remote)).cloned()


def _days(number, side):
    """Six days of a round; four of them are the other side's as well."""
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
            # One looks back and sees the edit; the other has only its own days, of which two are nobody else's.
            again = days.first if side else max(START, days.first - dt.timedelta(days=8))
            told.append(pair[side].command("run", "--from", str(again), "--to", str(days.last)))
        return told

    with ThreadPoolExecutor(2) as pool:
        return [done for told in pool.map(rounds, range(2)) for done in told]


def test_five_rounds_at_once_lose_nothing(pair, nasa, remote, tmp_path):
    """Every day and edit of ten runs is in both archives and on the remote; no push was forced, no conflict is left."""
    done = _at_once(pair, nasa)
    assert [(one.returncode, one.stderr) for one in done if one.returncode] == []
    assert any("taking over its versions" in one.stderr for one in done)  # they did meet
    whole = Span(START, _days(ROUNDS - 1, 1).last)
    for one in (*pair, *pair):
        assert one.run(whole).exit_code == 0
    one, other = pair
    assert one.files() == other.files()
    assert one.tables() == other.tables()
    assert len(one.entries()) == len(whole)
    edited = {_days(number - 1, 1).first: f"Edited Before Round {number}" for number in range(1, ROUNDS)}
    assert {str(day): one.entries()[str(day)]["title"] for day in edited} == {str(k): v for k, v in edited.items()}
    _nothing_left_behind(pair, remote)
    _all_that_is_pointed_to_is_there(one, tmp_path / "objects")
    tables = one.tables()
    one.rows_deleted()
    alone = dataclasses.replace(one, root=tmp_path / "alone", flags={})
    alone.run(whole)
    assert (alone.files(), alone.tables()["apod"]) == (one.files(), tables["apod"])


def _nothing_left_behind(pair, remote):
    tips = {one.git("rev-parse", "HEAD") for one in pair}
    tips.add(pair[0].git("ls-remote", remote["git_remote"], "main").split()[0])
    assert len(tips) == 1
    for one in pair:
        assert one.git("log", "--format=%P").count(" ") == 0  # no merge
        assert not one.git("status", "--porcelain", "--untracked-files=no")
        assert not (one.archive.private / "takeover.json").exists()
        assert not [*one.archive.incoming.iterdir()]
        assert {c.what: c.says for c in verify(resolve(one.all_flags(), {}, None)) if not c.well} == {}
    # What was pushed is still there: each tip that the remote ever had is an ancestor of the last.
    log = (pair[0].root.parent / "remote.git" / "logs" / "refs" / "heads" / "main").read_text().splitlines()
    for line in log:
        old, new, *_ = line.split()
        assert old == "0" * 40 or pair[0].git("merge-base", "--is-ancestor", old, new) == ""


def _all_that_is_pointed_to_is_there(one, objects):
    """Whoever checks any commit out finds its data on the DVC remote, whichever machine made it."""
    held = {path.parent.name + path.name for path in objects.rglob("*") if path.is_file()}
    commits = one.git("rev-list", "HEAD").splitlines()
    assert len(commits) > ROUNDS
    for commit in commits:
        for name in ("data/raw.dvc", "data/processed/apod_data.csv.dvc", "data/processed/apod_entries.parquet.dvc"):
            said = one.git("show", f"{commit}:{name}")
            assert set(re.findall(r"md5: ([0-9a-f]{32}(?:\.dir)?)$", said, re.MULTILINE)) <= held, (commit, name)
