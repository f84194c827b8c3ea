"""Killed at any instant and started again, a run ends as one that was never killed."""

from __future__ import annotations

import signal
import subprocess

import pytest

from kill_places import KILL_PLACES
from lab import bare_repository


@pytest.mark.parametrize("place", KILL_PLACES)
def test_killed_run_ends_as_if_it_never_was(lab, span, undisturbed, tmp_path, place):
    """SIGKILL at a named place, then the same command: same bytes, same rows, one commit, one version, pushed."""
    remote = lab.flags["git_remote"] = bare_repository(tmp_path / "remote.git")
    words = ("run", "--from", str(span.first), "--to", str(span.last))
    killed = lab.command(*words, APOD_KILL_AT=place)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    outcome = lab.run(span)
    assert outcome.exit_code == 0
    assert (lab.files(), lab.tables()) == undisturbed(span)
    assert (lab.commits(), lab.versions()) == (1, 1)
    pushed = subprocess.run(
        ["git", "-C", remote, "rev-parse", "main"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert pushed == lab.git("rev-parse", "HEAD")
    assert lab.git("status", "--porcelain") == ""
    assert sorted(p.name for p in lab.archive.incoming.iterdir()) == []
    held = {path.name for path in lab.archive.raw.iterdir() if path.is_file()}
    assert held == {reply["file"] for reply in _lines(lab) if "file" in reply}


def _lines(lab):
    from apod_pipeline.archive.ledger import Ledger

    return list(Ledger(lab.archive).reply_lines())


@pytest.mark.parametrize(
    "place", ["reply-promoted", "version-sealed", "after-database-commit", "dvc-pushed", "committed"]
)
def test_killed_edit_makes_its_revision_once(lab, nasa, span, place):
    """An edit whose run is killed is one revision and one commit more after the next run, not none and not two."""
    import datetime as dt

    lab.filled(span)
    nasa.edit(dt.date(2018, 12, 28), title="Quite Another Title")
    killed = lab.command("run", APOD_KILL_AT=place)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    lab.run()
    titles = lab.rows("SELECT title FROM apod_revision WHERE date = '2018-12-28' ORDER BY observed_from")
    assert len(titles) == 2
    assert titles[-1] == ("Quite Another Title",)
    assert (lab.commits(), lab.versions()) == (2, 2)
    assert len(lab.rows("SELECT * FROM apod_revision")) == len(span) + 1
