"""The project's other DAGs on Airflow 2.9.1: the backfill, the consumer, the run that keeps nothing."""

from __future__ import annotations

import json
import subprocess

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from apod_pipeline.archive.ledger import Ledger

BACKFILL = "apod_backfill"


def test_the_consumer_runs_because_of_a_version(bench, first_run):
    """The dataset that the commit changes makes the scheduler run the DAG that waits for it."""
    told = bench.first_of("apod_news")
    assert (told.state, told.tasks["tell"]["state"]) == ("success", "success")
    assert told.name.startswith("dataset_triggered__")


def test_a_backfill_is_mapped_and_makes_one_version(bench, first_run):
    """Sixty days in four parts, one after another: one version, every day once; again, nothing is asked for."""
    before = len(Ledger(bench.archive).versions())
    days = {"from": "2018-05-01", "to": "2018-06-29", "days": 15}
    ended = bench.run(dag=BACKFILL, **days)
    assert ended.state == "success", ended.tasks
    parts = bench.metadata(
        "SELECT state, map_index, pool, pool_slots FROM task_instance WHERE run_id = %s AND task_id = 'extract_part'"
        " ORDER BY map_index",
        ended.name,
    )
    assert parts == [("success", number, "default_pool", 1) for number in range(4)]
    assert len(Ledger(bench.archive).versions()) == before + 1
    assert bench.rows("SELECT count(*) FROM apod WHERE date BETWEEN '2018-05-01' AND '2018-06-29'") == [(60,)]
    again = bench.run(dag=BACKFILL, **days)
    assert (again.state, again.tasks["make_version"]["state"]) == ("success", "skipped")


@pytest.fixture
def elsewhere(bench, tmp_path, database_url):
    """Remotes and tables of its own for the run that keeps nothing, named by the connections."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(tmp_path / "versions.git")], check=True)
    parts = conninfo_to_dict(database_url)
    server = {"host": parts["host"], "port": int(parts.get("port") or 5432), "schema": parts["dbname"]}
    who = {"conn_type": "postgres", "login": parts["user"], "password": parts.get("password") or ""}
    file = tmp_path / "connections.json"
    file.touch(mode=0o600)
    places = {
        "apod_postgres": server | who,
        "apod_git": {"conn_type": "generic", "host": str(tmp_path / "versions.git")},
        "apod_dvc_remote": {"conn_type": "generic", "host": str(tmp_path / "objects")},
    }
    file.write_text(json.dumps(places))
    before = json.loads(bench.airflow.connections_file().read_text())
    bench.airflow.cli("connections", "import", "--overwrite", str(file))
    try:
        yield tmp_path / "versions.git"
    finally:
        file.write_text(json.dumps(before))
        bench.airflow.cli("connections", "import", "--overwrite", str(file))


def test_one_task_does_the_whole_run_and_keeps_nothing(bench, first_run, elsewhere, database_url, day):
    """Green: the remote has a commit, the tables have the days, and the worker's own archive is as it was."""
    before = bench.git("rev-parse", "HEAD")
    bench.airflow.cli("dags", "unpause", "apod_stateless")  # let go, it makes the run of today's date by itself
    ended = bench.first_of("apod_stateless")
    assert ended.tasks["run_stateless"]["state"] == "success", bench.log(ended, "run_stateless")
    told = bench.xcoms(ended, "run_stateless")
    tip = subprocess.check_output(["git", "-C", str(elsewhere), "rev-parse", "main"], text=True).strip()
    assert (told["commit"], told["inserted"]) == (tip, 11)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*), max(date) FROM apod").fetchall() == [(11, str(day))]
    assert bench.git("rev-parse", "HEAD") == before
