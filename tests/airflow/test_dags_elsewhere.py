"""The project's DAGs in an Airflow that somebody has already: both folders copied there, and nothing set up for them.

A slow lane has the same under a scheduler of its own: `make test-airflow-existing`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.settings import Keys, Wishes
from existing_airflow import existing_airflow
from plain_environment import plain_environment
from s3_gateway import ACCESS, SECRET, Gateway
from stores import CREDENTIALS, moto_server, newest

RUNS = {
    "apod_etl_pipeline": ["2018-12-25"],
    "apod_backfill": ["--conf", json.dumps({"from": "2018-11-01", "to": "2018-11-20", "days": 10})],
    "apod_news": [],
    "apod_verify": ["2018-12-25"],
    "apod_stateless": ["2018-12-27"],  # last: its tables are ahead of this machine's archive
}
# One process for all of them: Airflow's own start takes longer than any of the runs.
SCRIPT = """
import json, os, sys
from airflow.__main__ import main
codes = {}
for dag, words, told in json.loads(sys.argv[1]):
    os.environ |= told
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
# Each case in a fork of its own, as if it were the first.
READ = """
import json, os, sys
from airflow.dag_processing.dagbag import DagBag
for told in json.loads(sys.argv[1]):
    if not os.fork():
        os.environ |= told
        dags = DagBag().dags.values()
        from apod_airflow.connections import settings
        asks = {"extract_apod_data", "extract_part", "run_stateless"}
        asking = {(task.pool, task.pool_slots) for dag in dags for task in dag.tasks if task.task_id in asks}
        others = {(task.pool, task.pool_slots) for dag in dags for task in dag.tasks if task.task_id not in asks}
        assert others == {("default_pool", 1)}
        late = sorted(dag.dag_id for dag in dags if getattr(dag, "deadline", None))
        read = [sorted(asking), len(late), settings(names=()).http_concurrency]
        print("read:", json.dumps(read), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, told
"""


@pytest.fixture(scope="module")
def their_database(tmp_path_factory):
    """Airflow's own database as `airflow db migrate` makes it."""
    home = tmp_path_factory.mktemp("home")
    words = [str(Path(sys.executable).with_name("airflow")), "db", "migrate"]
    subprocess.run(words, env=plain_environment(AIRFLOW_HOME=str(home)), capture_output=True, check=True)
    return home / "airflow.db"


@pytest.fixture
def environment(nasa, tmp_path, migrated_database, their_database):
    """An Airflow that is somebody's, and what they tell our tasks by the environment: no connection is there."""
    (tmp_path / "home").mkdir()
    shutil.copy(their_database, tmp_path / "home")
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
    codes, said = _run([(dag, words, {}) for dag, words in RUNS.items()], environment, tmp_path)
    assert codes == dict.fromkeys(RUNS, 0), said[-6000:]


def _run(runs, environment, folder):
    """Runs one after the other: by DAG its exit code, and all that was said."""
    words = [sys.executable, "-c", SCRIPT, json.dumps(runs)]
    done = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    codes = next((json.loads(line[7:]) for line in done.stdout.splitlines() if line.startswith("codes: ")), None)
    return codes, done.stdout + done.stderr


def test_who_reads_the_dag_files_is_asked(environment, tmp_path):
    """The environment names the pool, how many requests a task makes, and whether runs are to end in time.

    A pool that was made for requests has a slot for each; of the one that is everybody's, a task takes one.
    """
    private = tmp_path / "archive" / ".apod"
    private.mkdir(parents=True)
    (private / "local.toml").touch(mode=0o600)
    (private / "local.toml").write_text("http_concurrency = 9\n")  # would be more than a task holds slots for
    theirs = {"APOD_AIRFLOW_POOL": "theirs", "APOD_HTTP_CONCURRENCY": "3", "APOD_AIRFLOW_DEADLINES": "True"}
    words = [sys.executable, "-c", READ, json.dumps([{}, theirs])]
    plugins = {"PYTHONPATH": environment["AIRFLOW__CORE__PLUGINS_FOLDER"]}
    more = environment | plugins | {"AIRFLOW__CORE__UNIT_TEST_MODE": "True"}
    done = subprocess.run(words, env=more, cwd=tmp_path, capture_output=True, text=True, check=False)
    read = [json.loads(line[6:]) for line in done.stdout.splitlines() if line.startswith("read: ")]
    assert read == [[[["default_pool", 1]], 0, 4], [[["theirs", 3]], 4, 3]], done.stderr[-3000:]


STORED = {"apod_etl_pipeline": ["2018-12-25"], "apod_stateless": ["2018-12-27"]}


def test_versions_go_to_a_store(environment, tmp_path):
    """With a store the daily DAG brings what it loads; the one of one task is red in its last one where it is away."""
    with moto_server(tmp_path) as address, Gateway(address) as store:
        assert httpx.put(f"{address}/sky").status_code == 200
        store.fail = lambda _method, path: (503, "SlowDown") if "stateless" in path else None
        told = CREDENTIALS | {
            "APOD_EXTRAS": "objectstore",
            "APOD_OBJECTSTORE_ENDPOINT": store.url,
            "APOD_OBJECTSTORE_PATIENCE": "1",
        }
        runs = [(dag, words, {"APOD_OBJECTSTORE_URL": f"s3://sky/{dag}"}) for dag, words in STORED.items()]
        codes, said = _run(runs, environment | told, tmp_path)
        assert codes["apod_etl_pipeline"] == 0, said[-6000:]
        keys = Keys(ACCESS, SECRET, None, "us-east-1")
        bucket = Bucket(Wishes("s3://sky/apod_etl_pipeline", store.url, patience=1.0, keys=keys))
        assert newest(bucket).entries == 11
        assert codes["apod_stateless"] != 0
        assert "Not everything could be brought where versions go besides" in said
