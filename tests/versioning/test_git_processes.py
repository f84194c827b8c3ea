"""How often git is started: a process costs more than most of what it is asked."""

from __future__ import annotations

import datetime as dt
import os
import shutil

import pytest

from apod_pipeline.dataset.spans import Span
from lab import TODAY, bare_repository

ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def started(tmp_path):
    """A `git` that notes how it is called, first on the search path; gives what was noted since it was asked last."""
    noted, folder = tmp_path / "noted", tmp_path / "shim"
    folder.mkdir()
    shim = folder / "git"
    shim.write_text(f'#!/bin/sh\nprintf "%s\\n" x >>{noted}\nexec {shutil.which("git")} "$@"\n')
    shim.chmod(0o755)

    def count():
        calls = len(noted.read_text().splitlines()) if noted.exists() else 0
        noted.write_text("")
        return calls

    return {"PATH": f"{folder}:{os.environ['PATH']}"}, count


def test_one_new_day_takes_six(lab, tmp_path, started):
    """With a remote, `Code-Version` included; a run that finds nothing new takes one."""
    path, count = started
    lab.flags["git_remote"] = bare_repository(tmp_path / "remote.git")
    lab.nasa.today = TODAY - ONE_DAY
    lab.run(Span(TODAY - 20 * ONE_DAY, TODAY - ONE_DAY))
    lab.nasa.today = TODAY
    count()
    assert lab.command("run", **path).returncode == 0
    assert 0 < count() <= 6
    assert lab.git("ls-remote", "origin", "main").split()[0] == lab.git("rev-parse", "HEAD")
    assert lab.command("run", **path).returncode == 0
    assert 0 < count() <= 1
