"""The daily run in one task that keeps nothing on its worker, on a real Airflow."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

DAG = "apod_stateless"


@contextmanager
def fields(bench, name, **values):
    """A connection with other fields for a while."""
    path = f"/connections/{name}"
    before = bench.api.get(path)
    own = {"connection_id": name, "conn_type": before["conn_type"]}
    mask = "&".join(f"update_mask={field}" for field in values)
    kept = {field: before[field] for field in values if field != "password"}
    if "password" in values:  # is not shown
        kept["password"] = (bench.airflow.home / "secrets" / "postgres_apod_pipeline").read_text()
    bench.api.patch(f"{path}?{mask}", own | values)
    try:
        yield
    finally:
        bench.api.patch(f"{path}?{mask}", own | kept)


@pytest.fixture
def remotes(bench, git_host, tmp_path, database_url):
    """Places of their own for versions, objects and tables, named by the connections."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(git_host / "me" / "stateless.git")], check=True)
    parts = conninfo_to_dict(database_url)
    server = {
        "host": parts["host"],
        "port": int(parts.get("port") or 5432),
        "login": parts["user"],
        "password": parts.get("password") or "",
        "schema": parts["dbname"],
    }
    with (
        fields(bench, "apod_git", host="https://git.example/me/stateless.git"),
        fields(bench, "apod_dvc_remote", host=str(tmp_path / "objects")),
        fields(bench, "apod_postgres", **server),
    ):
        yield git_host / "me" / "stateless.git"


def test_it_is_created_paused(bench, eventually):
    """Whoever has the daily DAG does not get a second one that runs beside it."""
    eventually(lambda: bench.api.has(f"/dags/{DAG}"))
    assert bench.api.get(f"/dags/{DAG}")["is_paused"] is True


def test_one_task_does_the_whole_run_and_keeps_nothing(bench, first_run, day, remotes, database_url, eventually):
    """Green: the remote has the commit that it tells of, the tables have the days; again, it is skipped."""
    before = bench.git("rev-parse", "HEAD")
    bench.api.patch(f"/dags/{DAG}", {"is_paused": False})  # let go, it makes the run of today's date by itself
    eventually(lambda: bench.api.get(f"/dags/{DAG}/dagRuns")["dag_runs"])
    ended = bench.ended(bench.api.get(f"/dags/{DAG}/dagRuns")["dag_runs"][0]["dag_run_id"], DAG)
    assert ended.tasks["run_stateless"]["state"] == "success", bench.log(ended, "run_stateless")
    told = bench.xcoms(ended, "run_stateless")
    tip = subprocess.check_output(["git", "-C", str(remotes), "rev-parse", "main"], text=True).strip()
    assert (told["commit"], told["inserted"]) == (tip, 11)
    links = bench.api.get(f"/dags/{DAG}/dagRuns/{ended.name}/taskInstances/run_stateless/links")
    assert links["extra_links"] == {"Commit": f"https://git.example/me/stateless/commit/{tip}"}
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*), max(date) FROM apod").fetchall() == [(11, str(day))]
    again = bench.run(DAG, **{"from": str(day), "to": str(day)})
    assert (again.state, again.tasks["run_stateless"]["state"]) == ("success", "skipped")
    assert bench.git("rev-parse", "HEAD") == before
