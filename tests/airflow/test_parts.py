"""Parts are started, watched and stopped with all that they started, whatever they do about it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import psutil
import pytest

from apod_pipeline.errors import ApodError, SettingsError
from local_airflow import LocalAirflow, Part, PartEnded, StopWanted, first_ended
from local_airflow.parts import stop, ticks

DEAF = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(99)"
)
FAMILY = (
    "import subprocess, sys, time; "
    "sleep = [sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(99)']; "
    "subprocess.Popen(sleep); subprocess.Popen(sleep, start_new_session=True); time.sleep(99)"
)
STARTER = """
import sys, time
from pathlib import Path
from local_airflow import Part
part = Part("sleeper", [sys.executable, "-c", "import time; time.sleep(99)"], {}, Path(sys.argv[1]))
print(part.process.pid, flush=True)
time.sleep(99)
"""


@pytest.fixture
def part(tmp_path, eventually):
    """Start Python on a script, and wait until it has written so many lines."""
    started = []

    def start(script, lines=0):
        one = Part("sleeper", [sys.executable, "-c", script], {"PATH": os.environ["PATH"]}, tmp_path)
        started.append(one)
        eventually(lambda: len(one.last_lines().splitlines()) >= lines)
        return one

    yield start
    stop(started, 0)


def test_a_deaf_part_is_killed(part):
    """A program that takes no SIGTERM has gone when `stop` returns."""
    deaf = part(DEAF, 1)
    stop([deaf], 0.2)
    assert deaf.process.returncode == -9


def test_children_go_with_their_part(part):
    """What a part started has gone with it, also what made itself a session of its own."""
    parent = part(FAMILY, 2)
    family = parent.family()
    assert len(family) == 3
    stop([parent], 5)
    assert [process for process in family if process.is_running()] == []


def test_a_part_that_ends_is_told_with_its_last_words(part):
    """Who waits with `ticks` is told which part has ended, and what it said last."""
    dying = part("print('no disk left'); raise SystemExit(3)", 1)
    with pytest.raises(PartEnded, match=r"sleeper ended by itself(?s:.*)no disk left"):
        for _ in ticks("its end", [dying], threading.Event(), 10):
            pass
    assert first_ended([dying]) is dying


def test_waiting_ends_at_the_users_wish_and_at_its_time(part):
    """`ticks` breaks off when the user wants the end, and when it has taken too long."""
    living, wish = part("import time; time.sleep(99)"), threading.Event()
    with pytest.raises(ApodError, match="rain did not come within 0 s"):
        list(ticks("rain", [living], wish, 0.2))
    wish.set()
    with pytest.raises(StopWanted):
        list(ticks("rain", [living], wish, 10))


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels send no signal at a parent's death")
def test_a_killed_starter_leaves_no_part_behind(tmp_path, eventually):
    """When the starter is killed with SIGKILL, its part is ended by the kernel's SIGTERM."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)], env=environment, stdout=subprocess.PIPE, text=True
    ) as starter:
        sleeper = psutil.Process(int(starter.stdout.readline()))
        starter.kill()
    eventually(lambda: not sleeper.is_running() or sleeper.status() == psutil.STATUS_ZOMBIE, 10)


def test_a_taken_port_is_told_before_anything_starts(tmp_path):
    """A port that somebody listens on: the message names it, and no process was started."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        airflow = LocalAirflow(tmp_path / "home", tmp_path, environment={}, port=port)
        with pytest.raises(SettingsError, match=f"Port {port} cannot be used.*AIRFLOW_PORT"), airflow.running():
            pass
    assert airflow.parts == []
    assert not (tmp_path / "home" / "postgres").exists()
