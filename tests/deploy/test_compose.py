"""`deploy/compose.yaml` on a real engine: from nothing to a green run, through a killed database, down and up again."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import images
import pytest
from engine import Engine
from run_durations import TASKS, empty_shape, keep

ROOT = Path(__file__).parents[2]
FILES = (
    "--file",
    str(ROOT / "deploy" / "compose.yaml"),
    "--file",
    str(Path(__file__).parent / "compose.simulated.yaml"),
)
AIRFLOW, MIRROR = "http://127.0.0.1:8080", "http://127.0.0.1:8000"
SECRETS = (
    *("POSTGRES_PASSWORD", "AIRFLOW_DB_PASSWORD", "APOD_DB_PASSWORD", "APOD_READER_PASSWORD", "AIRFLOW_PASSWORD"),
    *("AIRFLOW_FERNET_KEY", "AIRFLOW_SESSION_KEY", "AIRFLOW_JWT_SECRET", "REDIS_PASSWORD"),
)
RUNS = "/api/v2/dags/apod_etl_pipeline/dagRuns"


class House:
    """One Compose project: its engine, and a folder with the file of its secrets."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.env = folder / ".env"
        shutil.copy(ROOT / "deploy" / ".env.example", folder)
        subprocess.run([sys.executable, str(ROOT / "deploy" / "make_env.py"), str(folder)], check=True)
        told = {name: value for name, value in images.environment().items() if name != "PATH"}
        told["TESTED_DAGS"] = str(dags := folder / "dags")
        shutil.copytree(ROOT / "airflow" / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
        (dags / "empty_shape.py").write_text(empty_shape(len(TASKS)), encoding="utf-8")
        self.settings = told | dict.fromkeys(("APOD_SCIENCE_URL", "APOD_PLANETARY_URL"), "http://nasa:8099")
        self.settings |= {"APOD_DATASETS": "apod,approaches", "APOD_APPROACHES_URL": "http://jpl:8098"}

    def compose(self, *words: str, timeout: float = 300, check: bool = True, **more: str) -> str:
        """`docker compose` over both files, on the stand-in images; what is set more comes on top."""
        files = ("--project-name", "apod-test", "--env-file", str(self.env), *FILES)
        return self.engine.compose(*files, *words, timeout=timeout, check=check, **{**self.settings, **more})

    def up(self, **more: str) -> None:
        """What `make up` does, without building."""
        self.compose("up", "--detach", "--wait", "--no-build", timeout=600, **more)

    def down(self) -> None:
        """Stop everything and forget it, volumes included."""
        self.compose("down", "--volumes", "--timeout", "30", timeout=200, COMPOSE_PROFILES="celery")

    def secret(self, name: str) -> str:
        """A value of the file."""
        lines = self.env.read_text(encoding="utf-8").splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))

    def ask(self, url: str, *words: str) -> str:
        """The answer of a published port; a failure is an error with what was said."""
        return self.engine.inside("curl", "--silent", "--show-error", "--fail", "--max-time", "20", *words, url)

    def airflow(self, path: str, *words: str, **body: object) -> dict[str, Any]:
        """Airflow's REST API, as its user."""
        json_type = ("--header", "Content-Type: application/json")
        who = json.dumps({"username": "admin", "password": self.secret("AIRFLOW_PASSWORD")})
        token = json.loads(self.ask(f"{AIRFLOW}/auth/token", *json_type, "--data", who))["access_token"]
        words = (*words, *json_type, "--header", f"Authorization: Bearer {token}")
        sent = ("--data", json.dumps(body)) if body else ()
        return dict(json.loads(self.ask(f"{AIRFLOW}{path}", *words, *sent)))

    def run(self) -> str:
        """One run of the daily DAG, asked for and waited for; gives its state."""
        return self.timed_run("apod_etl_pipeline")[0]

    def timed_run(self, dag: str) -> tuple[str, float]:
        """One run of a DAG that is parsed; gives its state, and the seconds from when it was asked for to its end."""
        until(lambda: self.airflow(f"/api/v2/dags/{dag}")["is_paused"] is False, 180)
        runs = f"/api/v2/dags/{dag}/dagRuns"
        run = self.airflow(runs, logical_date=None)["dag_run_id"]
        until(lambda: self.airflow(f"{runs}/{run}")["state"] in {"success", "failed"}, 420)
        told = self.airflow(f"{runs}/{run}")
        return str(told["state"]), _seconds(told, "queued_at")

    def first_run(self) -> tuple[str, float]:
        """The run that the daily DAG begins with when it is let go; gives its state, and its own duration."""
        self.unpause("apod_etl_pipeline")
        until(lambda: self.airflow(RUNS)["dag_runs"], 60)
        (first,) = self.airflow(f"{RUNS}?order_by=start_date&limit=1")["dag_runs"]
        run = f"{RUNS}/{quote(first['dag_run_id'], safe='')}"
        until(lambda: self.airflow(run)["state"] in {"success", "failed"}, 420)
        told = self.airflow(run)
        return str(told["state"]), _seconds(told, "start_date")

    def unpause(self, dag: str) -> None:
        """Let a DAG go; they are paused at creation, so that nothing runs before everything is healthy."""
        until(lambda: self.airflow(f"/api/v2/dags/{dag}"), 180)
        self.airflow(f"/api/v2/dags/{dag}", "--request", "PATCH", is_paused=False)

    def rows(self, query: str) -> str:
        """What the database says."""
        words = ("exec", "-T", "postgres", "psql", "-U", "postgres", "-d", "apod", "-At", "-c", query)
        return self.compose(*words).strip()

    def commits(self) -> list[str]:
        """The archive's versions, newest first."""
        words = ("exec", "-T", "airflow-scheduler", "git", "-C", "/opt/airflow/data/..", "log", "--format=%H")
        return self.compose(*words).split()


def _seconds(run: dict[str, Any], since: str) -> float:
    began, ended = (dt.datetime.fromisoformat(run[name]) for name in (since, "end_date"))
    return (ended - began).total_seconds()


def until(condition: Callable[[], object], seconds: float) -> None:
    """Look again until it is so; a service that is not up yet is no error."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(AssertionError, KeyError):
            if condition():
                return
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(1)


@pytest.fixture(scope="module")
def durations() -> dict[str, float]:
    """Seconds by what took them, from one test to the next."""
    return {}


@pytest.fixture(scope="module")
def house(engine, tmp_path_factory):
    """The whole house, up and healthy; gone afterwards, with its volumes."""
    one = House(engine, tmp_path_factory.mktemp("house"))
    try:
        one.down()  # what a lane that was killed left behind has other secrets
        one.up(AIRFLOW_PAUSED="True")
        yield one
    finally:
        print(one.compose("logs", "--no-color", "--tail", "40", check=False))
        one.down()


@pytest.mark.parametrize("profiles", ["", "celery", "store", "celery,unknown"])
def test_the_file_is_valid_with_every_profile(house, profiles):
    """Compose itself reads it strictly, whatever is switched on."""
    assert "invalid" not in house.compose("config", "--quiet", COMPOSE_PROFILES=profiles)


def test_an_unknown_word_is_refused(house, tmp_path):
    """A key that Compose does not know is an error: what the test above says means something."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("services: { mirror: { healthchek: {} } }\n", encoding="utf-8")
    told = house.compose("--file", str(wrong), "config", "--quiet", check=False)
    assert "healthchek" in told


def test_the_dag_is_green_with_rows_and_a_commit(house, durations):
    """Triggered through Airflow's API: eleven days in the table, one version, objects in the store."""
    state, durations["first"] = house.first_run()
    assert state == "success"
    assert house.rows("SELECT count(*) FROM apod") == "11"
    assert len(house.commits()) == 1
    found = house.compose("exec", "-T", "airflow-scheduler", "sh", "-c", "find /opt/apod/store -type f | wc -l")
    assert int(found) > 3


def test_how_long_runs_take_is_kept(house, durations):
    """A run with news and an empty DAG of the same shape, in turns: kept in `benchmarks/compose.md`, and no verdict."""
    news, empty = [], []
    day, title = house.rows("SELECT date, title FROM apod ORDER BY date DESC LIMIT 1").split("|", 1)
    house.unpause("empty_shape")
    house.timed_run("empty_shape")
    for said in ("Edited Once", "Edited Twice", title):  # a simulator that is started anew says what it said at first
        edit = json.dumps({"edit": {day: {"title": said}}}).encode()
        asked = f"import urllib.request as r; r.urlopen('http://nasa:8099/_control', data={edit!r}, timeout=9)"
        house.compose("exec", "-T", "airflow-scheduler", "python3", "-c", asked)
        for dag, found in (("apod_etl_pipeline", news), ("empty_shape", empty)):
            state, seconds = house.timed_run(dag)
            assert state == "success"
            found.append(seconds)
    assert len(house.commits()) == 1 + len(news)
    keep(durations["first"], statistics.median(news), statistics.median(empty))


def test_the_mirror_answers(house):
    """The old API, search and the gallery, from the tables that the DAG loaded, with the way back to the commit."""
    newest = json.loads(house.ask(f"{MIRROR}/planetary/apod"))
    assert newest["date"] == house.rows("SELECT max(date) FROM apod")
    told = json.loads(house.ask(f"{MIRROR}/api/entries/{newest['date']}"))
    assert told["provenance"]["version"] == house.commits()[0]
    assert json.loads(house.ask(f"{MIRROR}/api/search?year={newest['date'][:4]}"))["total"] > 0
    assert newest["date"] in house.ask(f"{MIRROR}/")


def test_a_second_data_set_stands_beside_it(house):
    """Its own DAG loads the same database, and the mirror shows both."""
    house.unpause("approaches_etl_pipeline")
    state, _ = house.timed_run("approaches_etl_pipeline")
    assert state == "success"
    count = int(house.rows("SELECT count(*) FROM approaches"))
    assert count > 100
    query = "SELECT count(*) FROM approaches c JOIN apod a USING (date)"
    assert int(house.rows(query)) > 0
    until(lambda: json.loads(house.ask(f"{MIRROR}/api/approaches/entries?dist_max=1"))["total"] == count, 60)
    assert "approaches" in house.ask(f"{MIRROR}/approaches")
    assert json.loads(house.ask(f"{MIRROR}/planetary/apod"))["media_type"]


def test_airflow_and_apod_keep_to_their_own_databases(house):
    """A role comes into its own database only, and the mirror's can only read."""
    query = (
        "SELECT has_database_privilege('airflow', 'apod', 'CONNECT'),"
        " has_database_privilege('apod_pipeline', 'airflow', 'CONNECT'),"
        " has_table_privilege('apod_reader', 'apod', 'SELECT'), has_table_privilege('apod_reader', 'apod', 'INSERT')"
    )
    assert house.rows(query) == "f|f|t|f"


def test_every_container_is_bound_and_limited(house):
    """No capability but PostgreSQL's five, no new privileges, memory and logs limited, ports on loopback only."""
    names = house.compose("ps", "--all", "--quiet").split()
    for told in json.loads(house.engine.docker("inspect", *names)):
        host, service = told["HostConfig"], told["Config"]["Labels"]["com.docker.compose.service"]
        if service in {"nasa", "jpl"}:
            continue  # the test's own
        assert host["CapDrop"] == ["ALL"], service
        assert len(host["CapAdd"] or []) == (5 if service == "postgres" else 0), service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"] > 0, service
        assert host["LogConfig"]["Config"]["max-size"], service
        assert service == "postgres" or told["Config"]["User"] not in {"", "0", "root"}, service
        bound = [where["HostIp"] for wheres in (host["PortBindings"] or {}).values() for where in wheres]
        assert set(bound) <= {"127.0.0.1"}, service


def test_no_secret_stands_in_a_variable_of_airflow(house):
    """What a task could print holds no password and no key."""
    told = house.compose("exec", "-T", "airflow-scheduler", "env")
    assert not [name for name in SECRETS if house.secret(name) in told]


def test_no_secret_is_shown_by_inspecting(house):
    """Whoever may look at containers sees no password and no key: not in variables, words or labels."""
    names = house.compose("ps", "--all", "--quiet").split()
    told = house.engine.docker("inspect", *names)
    assert not [name for name in SECRETS if house.secret(name) in told]


def test_a_killed_database_heals(house):
    """SIGKILL: it is started again by its engine, the mirror answers what it has not kept, the next run is green."""
    (name,) = house.compose("ps", "--quiet", "postgres").split()
    before = json.loads(house.engine.docker("inspect", name))[0]["State"]
    os.kill(before["Pid"], signal.SIGKILL)  # `docker kill` would be an order that it stays down

    def state() -> dict[str, Any]:
        return dict(json.loads(house.engine.docker("inspect", name))[0]["State"])

    until(lambda: state()["StartedAt"] != before["StartedAt"] and state()["Health"]["Status"] == "healthy", 90)
    until(lambda: json.loads(house.ask(f"{MIRROR}/api/random?count=2")), 60)
    assert house.run() == "success"
    assert house.rows("SELECT count(*) FROM apod") == "11"


def test_a_backup_is_made(house):
    """The service saves the database by itself, checked, into a volume of its own, for nobody else to read."""
    until(lambda: ".dump" in house.compose("exec", "-T", "backup", "ls", "/opt/apod/backups"), 180)
    modes = house.compose("exec", "-T", "backup", "find", "/opt/apod/backups", "-name", "*.dump", "-printf", "%m ")
    assert set(modes.split()) == {"600"}


def test_a_backup_that_was_killed_leaves_nothing(house):
    """What it had begun is swept away when the service begins again."""
    left = "/opt/apod/backups/.apod-20200101T000000Z.dump.partial"
    house.compose("exec", "-T", "backup", "touch", left)
    house.compose("restart", "backup")
    listed = ("exec", "-T", "backup", "ls", "-A", "/opt/apod/backups")
    # It saves the database anew as it begins, and holds the archive meanwhile: what comes next would be told so.

    def swept() -> bool:
        names = house.compose(*listed).split()
        return sum(name.startswith("apod-") for name in names) == 2 and not any(".partial" in name for name in names)

    until(swept, 120)


def test_the_command_line_works_where_the_documents_say(house):
    """In the container `backup`, `apod` sees the tables that the DAG loaded, and makes lost ones anew."""
    status = json.loads(house.compose("exec", "-T", "backup", "apod", "status", "--json"))
    assert status["entries"] == 11
    house.rows("DELETE FROM apod WHERE date = (SELECT max(date) FROM apod)")
    house.compose("exec", "-T", "backup", "apod", "recover", "database")
    assert house.rows("SELECT count(*) FROM apod") == "11"


def test_a_lost_archive_comes_back(house):
    """Its volume is emptied, and filled again from a Git remote and the store; nothing is wrong, and runs go on."""
    inside, remote = ("exec", "-T", "backup"), "/opt/apod/store/archive.git"
    house.compose(*inside, "git", "clone", "--quiet", "--bare", "/opt/apod/archive", remote)
    before = house.commits()
    house.compose(*inside, "find", "/opt/apod/archive", "-mindepth", "1", "-delete")
    house.compose(*inside, "apod", "recover", "archive", "--git-remote", remote)
    assert house.commits() == before
    house.compose(*inside, "apod", "verify")
    assert house.run() == "success"


def test_down_and_up_keeps_everything(house):
    """Rows, commits and connections are in volumes: afterwards all is there, and a run finds nothing new."""
    before = house.rows("SELECT count(*), max(updated_at) FROM apod"), house.commits()
    house.compose("down", "--timeout", "30", timeout=200)
    house.up()
    assert (house.rows("SELECT count(*), max(updated_at) FROM apod"), house.commits()) == before
    assert house.run() == "success"
    assert house.commits() == before[1]


def test_celery_takes_over(house):
    """With the profile `celery` a worker does what the scheduler's own processes did."""
    house.up(COMPOSE_PROFILES="celery", AIRFLOW_EXECUTOR="CeleryExecutor")
    assert house.run() == "success"
    worker = house.compose("exec", "-T", "airflow-worker", "hostname", COMPOSE_PROFILES="celery").strip()
    (last,) = house.airflow(f"{RUNS}?order_by=-start_date&limit=1")["dag_runs"]
    done = house.airflow(f"{RUNS}/{last['dag_run_id']}/taskInstances")["task_instances"]
    assert {one["hostname"] for one in done if one["state"] == "success"} == {worker}


def test_the_profile_that_looks_every_hour(house):
    """With its channel in the archive's own file, the container looks at the archive and says how it is."""
    place = "/opt/apod/archive/.apod/local.toml"
    told = 'extras = ["alerts"]\nalerts_slack_webhook = "http://nasa/hook"\n'
    house.compose("exec", "-T", "backup", "sh", "-c", f"umask 077; printf '%s' '{told}' > {place}")

    def said():
        return house.compose("--profile", "alerts", "logs", "--no-color", "alerts")

    try:
        house.compose("--profile", "alerts", "up", "--detach", "--no-deps", "alerts")
        until(lambda: re.search(r"all is well|the newest day|a day is missing|late", said()), 120)
        assert "Traceback" not in said()
    finally:
        house.compose("--profile", "alerts", "rm", "--stop", "--force", "alerts")
        house.compose("exec", "-T", "backup", "rm", place)
