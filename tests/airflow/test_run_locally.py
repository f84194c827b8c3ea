"""`make airflow` as a user has it: started, edited, stopped, started again, and then a part is killed."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from local_airflow import RestApi
from plain_environment import plain_environment

PROGRAM = Path(__file__).parents[2] / "airflow" / "run_locally.py"
DAGS = Path(__file__).parent / "dags_of_a_first_run"


class Started:
    """The program in a process of its own; what it says is read as it comes."""

    def __init__(self, folder, **environment):
        self.folder = folder
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            env=plain_environment(AIRFLOW_PORT="0", AIRFLOW_DAGS=str(DAGS), **environment),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._watchdog = threading.Timer(180, self.process.kill)
        self._watchdog.start()

    def until(self, words):
        """Read on to a line with these words in it, for as long as the watchdog lets it live."""
        for line in self.process.stdout:
            self.said += line
            if words in line:
                return self
        pytest.fail(f"it ended before it said {words!r}:\n{self.said}")

    def end(self):
        """Its exit code, after it has ended."""
        self.said += self.process.communicate()[0]
        self._watchdog.cancel()
        return self.process.returncode

    def family(self):
        """All processes with this home in their arguments or surroundings, and the program's children."""
        found = set(psutil.Process(self.process.pid).children(recursive=True))
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if str(self.folder) in " ".join([*process.cmdline(), process.environ().get("AIRFLOW_HOME", "")]):
                    found.add(process)
        return found

    def password(self):
        """What the user was told."""
        return re.search(r"password: (\S+)", self.said)[1]

    def api(self):
        """Airflow's, with the address and password that the user was told."""
        return RestApi(re.search(r"http://\S+", self.said)[0], "admin", self.password())


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Two starts in one home: what was said and found, under names."""
    # so long that PostgreSQL's socket does not fit into it, and is elsewhere at each start
    facts = SimpleNamespace(folder=tmp_path_factory.mktemp("user" * 20))
    first = Started(facts.folder).until("has succeeded")
    facts.first = first
    facts.first_family = first.family()
    with first.api() as api:
        facts.password = first.password()
        api.patch("/connections/apod_nasa", {"connection_id": "apod_nasa", "conn_type": "http", "login": "edited"})
    first.process.send_signal(signal.SIGINT)
    facts.first_code = first.end()

    second = Started(facts.folder).until("it has 1 runs")
    facts.second = second
    facts.second_family = second.family()
    with second.api() as api:
        facts.connections = {one["connection_id"]: one for one in api.get("/connections")["connections"]}
        facts.socket_is_there = Path(facts.connections["apod_postgres"]["host"]).is_dir()
        facts.runs = api.get("/dags/apod_etl_pipeline/dagRuns")["dag_runs"]
    scheduler = next(one for one in facts.second_family if one.ppid() == second.process.pid and _is_scheduler(one))
    scheduler.kill()
    facts.second_code = second.end()
    return facts


def _is_scheduler(process):
    return "scheduler" in process.cmdline()


def _alive(family):
    return [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def test_the_first_run_succeeds_while_one_watches(story):
    """It says where it is, who may enter, that the first run begins and has succeeded; Ctrl-C ends it with 0."""
    assert re.search(r"http://127\.0\.0\.1:\d+   user: admin   password: \S{12,}\n", story.first.said)
    assert "apod_etl_pipeline: its first run begins" in story.first.said
    assert story.first_code == 0, story.first.said
    assert story.first.said.endswith("Airflow has stopped\n")


def test_nothing_is_left_running_after_ctrl_c(story):
    """Every process that belonged to the home has gone: parts, workers, simulator, PostgreSQL."""
    assert len(story.first_family) > 10
    assert _alive(story.first_family) == []


def test_a_second_start_keeps_what_there_was(story):
    """User, runs and connections are those of the first start, an edit of the user's included; none is doubled."""
    assert story.second.password() == story.password
    assert [run["state"] for run in story.runs] == ["success"]
    assert sorted(story.connections) == ["apod_dvc_remote", "apod_git", "apod_nasa", "apod_postgres"]
    assert story.connections["apod_nasa"]["login"] == "edited"


def test_a_second_start_follows_the_servers_socket(story):
    """The pipeline's connection leads to where the PostgreSQL of this start listens, not to that of the first."""
    assert story.socket_is_there


def test_a_part_that_dies_is_told(story):
    """A killed scheduler is named with the end of its log, and everything else is stopped: exit code 1."""
    assert story.second_code == 1
    assert "airflow: scheduler ended by itself; the last lines of" in story.second.said
    assert "scheduler.log" in story.second.said
    assert "airflow.jobs.scheduler_job_runner" in story.second.said


def test_nothing_is_left_running_after_a_part_died(story):
    """The workers of the killed scheduler have gone as well, which no longer had a parent to end them."""
    assert len(story.second_family) > 10
    assert _alive(story.second_family) == []


def test_the_archive_is_marked_as_simulated(story):
    """What the simulator filled is refused by SOURCE=nasa, before anything is started."""
    third = Started(story.folder, SOURCE="nasa", APOD_ARCHIVE=str(story.folder / "airflow-archive"))
    assert third.end() == 2
    assert "holds simulated entries, and real ones were to come. Nothing was touched" in third.said
