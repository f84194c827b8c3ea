"""The project's DAGs in an Airflow that somebody has already: both folders copied there, and nothing set up for them.

A slow lane has the same under a scheduler of its own: `make test-airflow-existing`.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from existing_airflow import existing_airflow

RUNS = {
    "apod_etl_pipeline": ["2018-12-25"],
    "apod_backfill": ["--conf", json.dumps({"from": "2018-11-01", "to": "2018-11-20", "days": 10})],
    "apod_news": [],
    "apod_verify": ["2018-12-25"],
    "apod_stateless": ["2018-12-27"],  # last: its tables are ahead of this machine's archive
}
# One process for all of them: Airflow's own start takes longer than any of the runs.
SCRIPT = """
import json, sys
from airflow.__main__ import main
codes = {}
for dag, words in json.loads(sys.argv[1]).items():
    sys.argv = ["airflow", "dags", "test", dag, *words]
    try:
        main()
        codes[dag] = 0
    except SystemExit as end:
        codes[dag] = end.code
    except BaseException as error:
        codes[dag] = repr(error)
print("codes:", json.dumps(codes))
"""
READ = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from apod_airflow.connections import settings
dags = DagBag().dags.values()
asks = {"extract_apod_data", "extract_part", "run_stateless"}
asking = {(task.pool, task.pool_slots) for dag in dags for task in dag.tasks if task.task_id in asks}
others = {(task.pool, task.pool_slots) for dag in dags for task in dag.tasks if task.task_id not in asks}
assert others == {("default_pool", 1)}
late = sorted(dag.dag_id for dag in dags if getattr(dag, "deadline", None))
print("read:", json.dumps([sorted(asking), len(late), settings(names=()).http_concurrency]))
"""


@pytest.fixture
def environment(nasa, tmp_path, migrated_database):
    """An Airflow that is somebody's, and what they tell our tasks by the environment: no connection is there."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(tmp_path / "versions.git")], check=True)
    return existing_airflow(
        tmp_path,
        nasa,
        APOD_DATABASE_URL=migrated_database,
        APOD_GIT_REMOTE=str(tmp_path / "versions.git"),
        APOD_DVC_REMOTE=str(tmp_path / "objects"),
    )


def test_airflow_dags_test_ends_well_for_each_dag(environment, tmp_path):
    """`airflow dags test` runs every task of every DAG and ends with 0; there are neither connections nor a pool."""
    airflow = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(airflow, env=environment, cwd=tmp_path, check=True, capture_output=True)
    words = [sys.executable, "-c", SCRIPT, json.dumps(RUNS)]
    done = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    codes = json.loads(next(line[7:] for line in done.stdout.splitlines() if line.startswith("codes: ")))
    assert codes == dict.fromkeys(RUNS, 0), done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.parametrize(
    ("told", "pool", "requests", "late"),
    [
        ({}, "default_pool", 4, 0),
        (
            {"APOD_AIRFLOW_POOL": "theirs", "APOD_HTTP_CONCURRENCY": "3", "APOD_AIRFLOW_DEADLINES": "True"},
            "theirs",
            3,
            4,
        ),
    ],
)
def test_who_reads_the_dag_files_is_asked(environment, tmp_path, told, pool, requests, late):
    """The environment names the pool, how many requests a task makes, and whether runs are to end in time.

    A pool that was made for requests has a slot for each; of the one that is everybody's, a task takes one.
    """
    private = tmp_path / "archive" / ".apod"
    private.mkdir(parents=True)
    (private / "local.toml").touch(mode=0o600)
    (private / "local.toml").write_text("http_concurrency = 9\n")  # would be more than a task holds slots for
    words = [sys.executable, "-c", READ]
    plugins = {"PYTHONPATH": environment["AIRFLOW__CORE__PLUGINS_FOLDER"]}
    more = environment | plugins | {"AIRFLOW__CORE__UNIT_TEST_MODE": "True"} | told
    done = subprocess.run(words, env=more, cwd=tmp_path, capture_output=True, text=True, check=False)
    read = [json.loads(line[6:]) for line in done.stdout.splitlines() if line.startswith("read: ")]
    slots = requests if pool == "theirs" else 1
    assert read == [[[[pool, slots]], late, requests]], done.stderr[-3000:]
