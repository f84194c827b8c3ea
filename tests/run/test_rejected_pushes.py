"""A Git remote that says no, that moves on under our hands, or that somebody has locked."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import VersioningError

BEGIN = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 2))
FIRST = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 12))
SECOND = Span(dt.date(2018, 12, 10), dt.date(2018, 12, 20))
WHOLE = Span(FIRST.first, SECOND.last)


def _hook(folder, name, script):
    path = Path(folder) / "hooks" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("ahead", [False, True], ids=["new", "and-is-ahead"])
def test_a_remote_that_says_no_is_quoted(lab, other, remote, undisturbed, ahead):
    """A hook declines: its words are told, the commit stays here, and the next run pushes that very commit."""
    lab.flags, other.flags = dict(remote), dict(remote)
    if ahead:
        lab.run(BEGIN)
        other.cloned().run(SECOND)
    no = _hook(remote["git_remote"], "pre-receive", "echo closed for the weekend >&2; exit 1")
    with pytest.raises(VersioningError, match=r"closed for the weekend.*type the same command again"):
        lab.run(FIRST)
    assert sum("was ahead of us" in line for line in lab.told) == int(ahead)
    kept = lab.git("rev-parse", "HEAD")
    done = lab.command("run")
    assert (done.returncode, "closed for the weekend" in done.stderr) == (1, True)
    no.unlink()
    assert lab.run(FIRST).exit_code == 0
    assert lab.git("rev-parse", "HEAD") == kept == lab.git("ls-remote", "origin", "main").split()[0]
    assert lab.commits() == 1 + 2 * ahead
    assert lab.files() == undisturbed(WHOLE if ahead else FIRST)[0]


def test_a_remote_that_moves_between_fetch_and_push_is_followed(lab, other, remote, undisturbed, tmp_path):
    """While we push, another's commit arrives, twice: it is taken over each time, and ours comes on top of both."""
    other.flags = dict(remote)
    lab.flags = {"dvc_remote": remote["dvc_remote"]}
    lab.run(BEGIN, **remote)
    other.cloned()
    commits = [lab.run(span).version for span in (Span(FIRST.first, BEGIN.last + dt.timedelta(days=3)), FIRST)]
    lines = tmp_path / "to-be-pushed"
    lines.write_text("".join(f"{commit}\n" for commit in commits))
    # The remote asks this hook when it has told where it stands, and before it lets anything in.
    script = (
        'test -z "$MEANWHILE" || exit 0; export MEANWHILE=1\n'
        "unset GIT_QUARANTINE_PATH $(git rev-parse --local-env-vars)\n"
        f"next=$(head -n 1 {lines}); sed -i 1d {lines}\n"
        f'test -z "$next" || git -C {lab.root} push -q {remote["git_remote"]} "$next:refs/heads/main"'
    )
    _hook(remote["git_remote"], "pre-receive", script)
    assert other.run(SECOND).exit_code == 0
    assert lines.read_text() == ""
    assert sum("was ahead of us" in line for line in other.told) == 2
    assert other.git("rev-list", "HEAD").splitlines()[1:3] == commits[::-1]
    assert other.git("ls-remote", "origin", "main").split()[0] == other.git("rev-parse", "HEAD")
    assert other.files() == undisturbed(WHOLE)[0]
    assert other.git("status", "--porcelain") == ""


def test_a_remote_that_somebody_has_locked_is_not_taken_for_one_that_is_ahead(lab, remote):
    """A dead git's lock on the remote's branch: told with its name, nothing is taken over, and later it is pushed."""
    lab.flags = dict(remote)
    lab.run(FIRST)
    lock = Path(remote["git_remote"]) / "refs/heads/main.lock"
    lock.touch()
    with pytest.raises(VersioningError, match=r"main\.lock.*type the same command again"):
        lab.run(SECOND)
    assert not [line for line in lab.told if "ahead" in line]
    lock.unlink()
    assert lab.run(SECOND).exit_code == 0
    assert lab.git("rev-parse", "HEAD") == lab.git("ls-remote", "origin", "main").split()[0]
    assert lab.commits() == 2
