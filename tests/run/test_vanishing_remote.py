"""A DVC remote that is there when the push begins, and gone before it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import psutil
import pytest

from http_remote import serving


@pytest.fixture
def objects():
    """A DVC remote that can vanish."""
    with serving() as server:
        yield server


def _words(span):
    return "run", "--from", str(span.first), "--to", str(span.last)


@pytest.mark.parametrize("room", [1, 4, 5])
def test_a_remote_that_vanishes_half_way_is_completed_later(lab, objects, span, undisturbed, room):
    """Some objects are pushed and others not: nothing is committed, it is told, and the next run pushes the rest."""
    lab.flags["dvc_remote"] = f"http://127.0.0.1:{objects.server_port}/dvc"
    objects.room = room
    done = lab.command(*_words(span))
    assert done.returncode == 1
    assert re.search(r"dvc .*Nothing was committed.*type the same command again", done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert len(objects.held) == room
    assert lab.git("for-each-ref") == ""
    early = dict(objects.held)
    objects.room = None
    assert lab.command(*_words(span)).returncode == 0
    assert (lab.commits(), lab.versions()) == (1, 1)
    assert (lab.files(), lab.tables()) == undisturbed(span)
    assert early.items() <= objects.held.items()
    cached = {f"{p.parent.name}/{p.name}" for p in (lab.root / ".dvc/cache/files/md5").rglob("*") if p.is_file()}
    assert {"/".join(name.rsplit("/", 2)[1:]) for name in objects.held} == cached


def test_dvc_killed_in_the_middle_of_its_push_is_told_and_made_good(lab, objects, span, undisturbed):
    """SIGKILL to DVC's process while the remote takes an object: the run says so, and the next one completes."""
    lab.flags["dvc_remote"] = f"http://127.0.0.1:{objects.server_port}/dvc"
    words = [sys.executable, "-m", "apod_pipeline.cli", *_words(span)]

    def kill() -> None:
        for child in psutil.Process(run.pid).children():
            if "apod_pipeline.versioning.dvc_process" in " ".join(child.cmdline()):
                os.kill(child.pid, signal.SIGKILL)
                child.wait()

    with subprocess.Popen(words, env=lab.environment(), stderr=subprocess.PIPE, text=True) as run:
        objects.before_taking = kill
        said = run.stderr.read()
    assert run.returncode == 1
    assert "as if killed" in said
    assert lab.git("for-each-ref") == ""
    objects.before_taking = lambda: None
    assert lab.command(*_words(span)).returncode == 0
    assert (lab.files(), lab.tables()) == undisturbed(span)
    assert lab.commits() == 1
