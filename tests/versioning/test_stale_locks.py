"""Locks that dead processes left behind, of DVC and of Git: the next run completes, or says what to type."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.jobs.doctor import examine
from apod_pipeline.settings import resolve
from patience import until

FIRST = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 3))
NEXT = Span(dt.date(2018, 12, 4), dt.date(2018, 12, 5))


RUN = ("run", "--from", str(NEXT.first), "--to", str(NEXT.last))


def _make_old(lock):
    os.utime(lock, (time.time() - 3600,) * 2)


@pytest.fixture
def dead():
    """Number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("kind", ["of a dead writer", "of a dead reader", "of a number used again", "torn", "empty"])
def test_dvc_lock_of_a_dead_process(lab, dead, kind):
    """DVC's list of who reads and writes what names nobody who is at it, or is torn: the next run completes."""
    lab.filled(FIRST)
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
    done = lab.command(*RUN)
    assert done.returncode == 0, done.stderr
    assert lab.commits() == 2


def test_dvc_lock_of_a_living_dvc_is_left_alone(lab, tmp_path):
    """Somebody's own `dvc` command is at the CSV: the run says so and commits nothing; afterwards it completes."""
    lab.filled(FIRST)
    program = tmp_path / "dvc"
    program.write_text("import sys; sys.stdin.read()")
    lock = lab.root / ".dvc" / "tmp" / "rwlock"
    with subprocess.Popen([sys.executable, str(program)], stdin=subprocess.PIPE) as living:
        held = {"write": {str(lab.archive.csv): {"pid": living.pid, "cmd": "dvc add"}}, "read": {}}
        lock.write_text(json.dumps(held))
        done = lab.command(*RUN)
        living.communicate()
    assert (done.returncode, lab.commits()) == (1, 1)
    assert "DVC's lock" in done.stderr
    assert lab.command(*RUN).returncode == 0
    assert lab.commits() == 2


@pytest.mark.parametrize("name", ["index.lock", "HEAD.lock", "refs/heads/main.lock"])
def test_git_lock_of_a_dead_git(lab, name):
    """A lock that a killed git left long ago is taken away, and the run completes."""
    lab.filled(FIRST)
    lock = lab.root / ".git" / name
    lock.touch()
    _make_old(lock)
    seen = {sight.what: sight for sight in examine(resolve(lab.all_flags(), {}, None))}
    assert (seen["archive"].state, name in seen["archive"].says) == ("odd", True)
    done = lab.command(*RUN)
    assert done.returncode == 0, done.stderr
    assert (lab.commits(), lock.exists(), lab.git("status", "--porcelain")) == (2, False, "")


@pytest.mark.parametrize("first", [True, False], ids=["first run", "later run"])
def test_git_lock_of_a_git_that_was_killed(lab, first):
    """A `git commit` waits for its editor: its lock stays; killed, the lock is taken away, and the run completes."""
    if first:  # DVC then writes Git's index too
        lab.command(*RUN, APOD_KILL_AT="version-sealed")
        lab.git("init", "-q", "-b", "main")
        lab.git("add", "apod.toml")
    else:
        lab.run(FIRST)
    lock = lab.root / ".git" / "index.lock"
    words = ["git", "-C", str(lab.root), "-c", "user.name=me", "-c", "user.email=me@there", "commit", "--all"]
    sleeps = {**os.environ, "GIT_EDITOR": "sleep 600 #"}  # and not until the message's file
    if not first:
        (lab.root / "apod.toml").write_text("# mine\n" + (lab.root / "apod.toml").read_text())
    with subprocess.Popen(words, env=sleeps, stdout=subprocess.DEVNULL, start_new_session=True) as git:
        until(psutil.Process(git.pid).children)  # the editor: all is written
        _make_old(lock)
        done = lab.command(*RUN)
        assert (done.returncode, lock.exists()) == (1, True), done.stderr
        assert "index.lock" in done.stderr
        assert "type the same command again" in done.stderr
        assert "Traceback" not in done.stderr
        os.killpg(git.pid, signal.SIGKILL)
    assert lock.exists()
    done = lab.command(*RUN)
    assert (done.returncode, lock.exists()) == (0, False), done.stderr
    assert "left by a git process that has died" in done.stderr
    assert lab.commits() == 1 + (not first)
    assert lab.git("status", "--porcelain") == ""


def test_git_lock_that_another_program_has_open_is_left_alone(lab):
    """Not only git writes Git's files: who has the lock open holds it, however old it is."""
    lab.filled(FIRST)
    lock = lab.root / ".git" / "index.lock"
    holder = [sys.executable, "-c", "import sys; file = open(sys.argv[1], 'w'); print(flush=True); input()", str(lock)]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        program.stdout.readline()
        _make_old(lock)
        done = lab.command(*RUN)
        assert (done.returncode, lock.exists(), lab.commits()) == (1, True, 1), done.stderr
        program.communicate("\n")
    assert lab.command(*RUN).returncode == 0
    assert lab.commits() == 2


def test_git_lock_of_this_moment_is_waited_for(lab):
    """It is new and nobody is seen: the run says that it waits, and goes on as soon as the lock is away."""
    lab.filled(FIRST)
    lock = lab.root / ".git" / "HEAD.lock"
    lock.touch()
    words = [sys.executable, "-m", "apod_pipeline.cli", *RUN]
    with subprocess.Popen(words, env=lab.environment(), stderr=subprocess.PIPE, text=True) as run:
        assert "once it is a minute old" in run.stderr.readline()
        lock.unlink()
        said = run.stderr.read()
    assert (run.returncode, "removed" in said, lab.commits()) == (0, False, 2)


def test_git_lock_becomes_old_while_it_is_waited_for(lab):
    """Nobody is seen, and the lock stays: once it is a minute old it is taken away."""
    lab.filled(FIRST)
    lock = lab.root / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (time.time() - 57,) * 2)
    done = lab.command(*RUN)
    assert (done.returncode, lock.exists(), lab.commits()) == (0, False, 2), done.stderr


def test_git_lock_of_a_living_git_is_left_alone(lab):
    """However old a lock is: while a git is at work in the archive it stays."""
    lab.filled(FIRST)
    lock = lab.root / ".git" / "index.lock"
    lock.touch()
    _make_old(lock)
    with subprocess.Popen(["git", "-C", str(lab.root), "cat-file", "--batch"], stdin=subprocess.PIPE) as living:
        done = lab.command(*RUN)
        living.communicate()
    assert (done.returncode, lock.exists(), lab.commits()) == (1, True, 1)
