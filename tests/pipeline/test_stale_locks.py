"""Locks that dead processes left behind, of DVC and of Git: the next run completes, or says what to type."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import time

import pytest

from apod_pipeline.calendar import Span

FIRST = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 3))
NEXT = Span(dt.date(2018, 12, 4), dt.date(2018, 12, 5))


@pytest.fixture
def dead():
    """Number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("kind", ["of a dead writer", "of a dead reader", "of a number used again", "torn", "empty"])
def test_dvc_lock_of_a_dead_process(lab, dead, kind):
    """DVC's list of who reads and writes what names nobody who is at it, or is torn: the next run completes."""
    lab.run(FIRST)
    holder, again = ({"pid": pid, "cmd": "dvc add"} for pid in (dead, os.getpid()))
    told = {
        "of a dead writer": json.dumps({"write": {str(lab.archive.csv): holder}, "read": {}}),
        "of a dead reader": json.dumps({"write": {}, "read": {str(lab.archive.csv): [holder]}}),
        "of a number used again": json.dumps({"write": {str(lab.archive.csv): again}, "read": {}}),
        "torn": '{"write": {"/a": {"pi',
        "empty": "",
    }
    (lab.root / ".dvc" / "tmp" / "rwlock").write_text(told[kind])
    (lab.root / ".dvc" / "tmp" / "lock").write_text(str(dead))
    done = lab.command("run", "--from", str(NEXT.first), "--to", str(NEXT.last))
    assert done.returncode == 0, done.stderr
    assert lab.commits() == 2


def test_dvc_lock_of_a_living_dvc_is_left_alone(lab, tmp_path):
    """Somebody's own `dvc` command is at the CSV: the run says so and commits nothing; afterwards it completes."""
    lab.run(FIRST)
    program = tmp_path / "dvc"
    program.write_text("import sys; sys.stdin.read()")
    lock = lab.root / ".dvc" / "tmp" / "rwlock"
    words = ("run", "--from", str(NEXT.first), "--to", str(NEXT.last))
    with subprocess.Popen([sys.executable, str(program)], stdin=subprocess.PIPE) as living:
        held = {"write": {str(lab.archive.csv): {"pid": living.pid, "cmd": "dvc add"}}, "read": {}}
        lock.write_text(json.dumps(held))
        done = lab.command(*words)
        living.communicate()
    assert (done.returncode, lab.commits()) == (1, 1)
    assert "DVC's lock" in done.stderr
    assert lab.command(*words).returncode == 0
    assert lab.commits() == 2


@pytest.mark.parametrize("name", ["index.lock", "HEAD.lock", "refs/heads/main.lock"])
def test_git_lock_of_a_dead_git(lab, name):
    """A lock that a killed git left long ago is taken away, and the run completes."""
    lab.run(FIRST)
    lock = lab.root / ".git" / name
    lock.touch()
    os.utime(lock, (time.time() - 3600,) * 2)
    done = lab.command("run", "--from", str(NEXT.first), "--to", str(NEXT.last))
    assert done.returncode == 0, done.stderr
    assert (lab.commits(), lock.exists(), lab.git("status", "--porcelain")) == (2, False, "")


def test_git_lock_that_is_new_is_left_alone(lab):
    """A lock of this moment may be somebody's at work: the run says so and commits nothing; later it completes."""
    lab.run(FIRST)
    lock = lab.root / ".git" / "index.lock"
    lock.touch()
    words = ("run", "--from", str(NEXT.first), "--to", str(NEXT.last))
    done = lab.command(*words)
    assert (done.returncode, lock.exists()) == (1, True)
    assert "index.lock" in done.stderr
    assert "type the same command again" in done.stderr
    assert lab.commits() == 1
    os.utime(lock, (time.time() - 3600,) * 2)
    assert lab.command(*words).returncode == 0
    assert lab.commits() == 2


def test_git_lock_of_a_living_git_is_left_alone(lab):
    """However old a lock is: while a git is at work in the archive it stays."""
    lab.run(FIRST)
    lock = lab.root / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (time.time() - 3600,) * 2)
    with subprocess.Popen(["git", "-C", str(lab.root), "cat-file", "--batch"], stdin=subprocess.PIPE) as living:
        done = lab.command("run", "--from", str(NEXT.first), "--to", str(NEXT.last))
        living.communicate()
    assert (done.returncode, lock.exists(), lab.commits()) == (1, True, 1)
