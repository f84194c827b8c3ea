"""The session's Airflow: healthy, its databases apart, its secrets secret."""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from contextlib import suppress
from itertools import chain
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from apod_pipeline.errors import SettingsError
from local_airflow import LocalAirflow, connections
from local_airflow.secret_files import SecretFiles
from local_airflow.surroundings import Surroundings
from plain_environment import plain_environment


@pytest.fixture(scope="module")
def secrets(airflow_instance):
    """Every secret of the instance, as the text that must not be seen anywhere."""
    files = [*SecretFiles(airflow_instance.home).folder.iterdir()]
    assert len(files) == 6
    return [airflow_instance.password, *(path.read_text().strip() for path in files)]


@pytest.fixture(scope="module")
def looked(airflow_instance):
    """The run of a DAG that prints its connections' passwords: its id."""
    return _run(airflow_instance.api, "looks_at_connections")


def _run(api, dag, seconds=60):
    deadline = time.monotonic() + seconds
    while not api.has(f"/dags/{dag}"):
        assert time.monotonic() < deadline, f"{dag} was not found: {api.get('/importErrors')}"
        time.sleep(0.1)
    run = api.post(f"/dags/{dag}/dagRuns", {"logical_date": None})["dag_run_id"]
    api.patch(f"/dags/{dag}", {"is_paused": False})
    while api.get(f"/dags/{dag}/dagRuns/{run}")["state"] not in {"success", "failed"}:
        assert time.monotonic() < deadline, "the run does not end"
        time.sleep(0.1)
    return run


def _of_each(instance, ask):
    """What each process of the instance answers; those that have ended meanwhile say nothing."""
    answers = []
    for part in instance.parts:
        for process in part.family():
            with suppress(psutil.Error):
                answers.append(ask(process))
    return answers


def test_every_part_is_healthy(airflow_instance):
    """Metadata, scheduler, triggerer and DAG processor say so, to whoever asks."""
    health = airflow_instance.api.health()
    assert {name: part["status"] for name, part in health.items()} == dict.fromkeys(
        ("metadatabase", "scheduler", "triggerer", "dag_processor"), "healthy"
    )


def test_a_task_runs_and_reaches_the_pipelines_database(airflow_instance, looked):
    """A run ends green, and its task is in the database `apod` as the role `apod_pipeline`."""
    path = f"/dags/looks_at_connections/dagRuns/{looked}"
    assert airflow_instance.api.get(path)["state"] == "success"
    answer = airflow_instance.api.get(f"{path}/taskInstances/look/xcomEntries/return_value")["value"]
    assert "apod_pipeline" in str(answer)
    assert airflow_instance.api.get("/importErrors")["total_entries"] == 0


@pytest.mark.parametrize(("role", "others"), [("airflow", "apod"), ("apod_pipeline", "airflow")])
def test_no_role_gets_into_the_others_database(airflow_instance, role, others):
    """Each role is refused by the other's database, enters its own, and is no superuser."""
    host = airflow_instance.api.get("/connections/apod_postgres")["host"]
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(make_conninfo(host=host, user=role, dbname=others))
    own = {"airflow": "airflow", "apod_pipeline": "apod"}[role]
    with psycopg.connect(make_conninfo(host=host, user=role, dbname=own)) as connection:
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)


def test_connections_and_pool_are_there(airflow_instance):
    """APOD's four connections and another set's two are there, none shows its password; the pool has four slots."""
    answer = airflow_instance.api.get("/connections")
    found = {one["connection_id"]: one for one in answer["connections"]}
    others = ["sightings_dvc_remote", "sightings_git"]
    assert sorted(found) == ["apod_dvc_remote", "apod_git", "apod_nasa", "apod_postgres", *others]
    assert answer["total_entries"] == 6
    assert {one["password"] for one in found.values()} == {None, "***"}
    assert (found["apod_postgres"]["login"], found["apod_postgres"]["schema"]) == ("apod_pipeline", "apod")
    assert airflow_instance.api.get("/pools/nasa_api")["slots"] == 4


def test_a_pool_that_is_too_small_grows(airflow_instance):
    """A task that takes more slots than its pool has would wait for ever: at the start the pool is made to hold it."""
    path = "/pools/nasa_api"
    connections.make_absent(airflow_instance.api, [], requests=6)
    assert airflow_instance.api.get(path)["slots"] == 6
    connections.make_absent(airflow_instance.api, [], requests=2)
    assert airflow_instance.api.get(path)["slots"] == 6
    as_it_was = {"pool": "nasa_api", "slots": 4, "include_deferred": False}
    airflow_instance.api.patch(f"{path}?update_mask=slots", as_it_was)


@pytest.mark.parametrize(("part", "code"), [("scheduler", 0), ("dag_processor", 0), ("triggerer", 0), ("nobody", 1)])
def test_containers_learn_how_a_part_is(airflow_instance, part, code):
    """What Compose asks for each part's health is answered by the API server, without loading Airflow."""
    script = Path(__file__).parents[2] / "deploy" / "airflow" / "container.py"
    told = {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{airflow_instance.url}/execution/"}
    words = [sys.executable, str(script), "healthy", part]
    assert subprocess.run(words, env=plain_environment(**told), check=False).returncode == code
    assert httpx.get(f"{airflow_instance.url}/execution/health", trust_env=False).status_code == 200


def test_secret_files_are_their_owners_alone(airflow_instance):
    """Every file with a secret in it has mode 0600; the folders around them are closed."""
    home, files = airflow_instance.home, SecretFiles(airflow_instance.home)
    for path in [*files.folder.iterdir(), files.users, home / "airflow.cfg"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for folder in (home, files.folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_no_secret_stands_in_a_log(airflow_instance, secrets, looked):
    """No log of any part or task holds a secret, though a task printed two of them."""
    logs = [path for path in (airflow_instance.home / "logs").rglob("*") if path.is_file()]
    text = {path: path.read_text(errors="replace") for path in logs}
    assert any("apod_postgres ***" in content for content in text.values())
    assert [path for path, content in text.items() for secret in secrets if secret in content] == []
    server = (airflow_instance.home / "postgres" / "postgres.log").read_text()
    assert [secret for secret in secrets if secret in server] == []


def test_no_secret_stands_in_an_argument(airflow_instance, secrets):
    """What `ps` shows of every process of the instance holds no secret."""
    seen = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            seen.append(" ".join(process.cmdline()))
    assert any("scheduler" in line for line in seen)
    assert [line for line in seen for secret in secrets if secret in line] == []


def test_it_listens_on_loopback_alone(airflow_instance):
    """No process of the instance can be reached from another machine."""
    sockets = chain.from_iterable(_of_each(airflow_instance, psutil.Process.net_connections))
    assert {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


def test_no_secret_stands_in_a_variable(airflow_instance, secrets):
    """What parts, workers and so tasks inherit holds no secret of the instance."""
    surroundings = _of_each(airflow_instance, psutil.Process.environ)
    assert any("APOD_ARCHIVE" in variables for variables in surroundings)
    assert [secret for secret in secrets if secret in str(surroundings)] == []


def test_variables_of_the_users_do_not_redirect_a_part(tmp_path):
    """Neither a superuser's URL nor another Airflow's database or key reaches a part; what tunes Airflow does."""
    users = {
        "APOD_AIRFLOW_POSTGRES": "postgresql://a:b@c/d",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://production/airflow",
        "AIRFLOW__API_AUTH__JWT_SECRET": "theirs",
        "AIRFLOW__API__PORT": "80",
        "AIRFLOW__CORE__PARALLELISM": "7",
    }
    variables = Surroundings(tmp_path, tmp_path, 8080, "postgresql://ours").variables(users)
    assert not {*users} & {*variables} - {"AIRFLOW__API__PORT", "AIRFLOW__CORE__PARALLELISM"}
    assert (variables["AIRFLOW__API__PORT"], variables["AIRFLOW__CORE__PARALLELISM"]) == ("8080", "7")


def test_one_home_has_one_airflow(airflow_instance):
    """A second start in a home where one runs is refused, and the first goes on."""
    second = LocalAirflow(airflow_instance.home, airflow_instance.dags)
    with pytest.raises(SettingsError, match="An Airflow runs in"), second.running():
        pass
    assert airflow_instance.api.health()


def test_the_scheduler_has_the_library_loaded(airflow_instance):
    """What tasks are forked from holds all that they would import: machine code of the last shows in its memory map."""
    scheduler = next(part for part in airflow_instance.parts if part.name == "scheduler")
    assert any("psycopg_binary" in mapped.path for mapped in psutil.Process(scheduler.process.pid).memory_maps())
