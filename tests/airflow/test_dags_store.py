"""Versions that go to an object store, on a real Airflow: beside the tables, with retries of their own."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from airflow_bench import SetBench
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.settings import Keys, Wishes
from s3_gateway import ACCESS, SECRET
from stores import newest

DAG, STORE = "sightings_etl_pipeline", "s3://sky/toys/sightings"
DAY = dt.date(2026, 3, 8)
LOADED = ("load_to_postgres", "dvc_track_data", "git_commit_metadata", "report_missing")


@pytest.fixture(scope="module")
def toy(airflow_instance, airflow_archive, first_run):
    """The session's Airflow, with what it makes of the toy data set, which has had its first run."""
    bench = SetBench(airflow_instance, airflow_archive.parent / "archives", "sightings")
    assert bench.by_its_clock(DAG).state == "success"
    return bench


@pytest.fixture
def bucket(airflow_store):
    """The bucket, as who has its keys sees it."""
    wishes = Wishes(STORE, airflow_store.url, timeout=20.0, patience=0.5, keys=Keys(ACCESS, SECRET, None, "us-east-1"))
    yield Bucket(wishes)
    airflow_store.fail = lambda _method, _path: None


def _run(toy, **conf):
    ended = toy.run(DAG, **conf)
    return ended, {name: task["state"] for name, task in ended.tasks.items()}


def _last(toy):
    return Ledger(toy.archive).versions()[-1].at


def test_it_stands_beside_the_tables(toy, bench):
    """Both loads follow the check and DVC waits for both; APOD, whose versions go to no store, has none of it."""
    tasks = {task["task_id"]: task for task in toy.api.get(f"/dags/{DAG}/tasks")["tasks"]}
    after = {name: {*task["downstream_task_ids"]} for name, task in tasks.items()}
    assert after["check_quality"] == {"load_to_postgres", "load_to_s3"}
    assert after["load_to_postgres"] == {"dvc_track_data"}
    assert after["load_to_s3"] == {"dvc_track_data", "complete_s3"}
    assert after["git_commit_metadata"] == {"report_missing", "complete_s3"}
    assert tasks["load_to_s3"]["retries"] == tasks["load_to_postgres"]["retries"] == 3
    apods = {task["task_id"]: task for task in bench.api.get("/dags/apod_etl_pipeline/tasks")["tasks"]}
    assert not {"load_to_s3", "complete_s3"} & {*apods}
    assert apods["dvc_track_data"]["trigger_rule"] == "all_success"


def test_a_run_brings_its_version(toy, bucket):
    """What the first run made is there, and the task tells of it; where nothing is new both store's tasks are green."""
    manifest = newest(bucket)
    assert (manifest.origin.dataset, manifest.at) == ("sightings", _last(toy))
    ended, states = _run(toy, **{"from": str(DAY), "to": str(DAY)})
    assert ended.state == "success"
    assert {states[name] for name in LOADED[:-1]} == {"skipped"}
    assert {states[name] for name in ("load_to_s3", "complete_s3", "report_missing")} == {"success"}
    told = toy.xcoms(ended, "load_to_s3")["version"]
    assert dt.datetime.fromisoformat(told) == manifest.at


def test_a_store_that_is_down_is_asked_again(toy, bucket, airflow_store, airflow_watch, eventually):
    """503 for a while: the store's task alone is tried again, the tables are loaded meanwhile, and the run is green."""
    airflow_store.fail = lambda _method, _path: (503, "SlowDown")
    airflow_watch.edit(DAY)
    name = toy.trigger(DAG, **{"from": str(DAY), "to": str(DAY)})
    eventually(lambda: toy.states(name, DAG).get("load_to_s3") == "up_for_retry", 120)
    eventually(lambda: toy.states(name, DAG).get("load_to_postgres") == "success")
    assert toy.states(name, DAG)["dvc_track_data"] is None
    airflow_store.fail = lambda _method, _path: None
    ended = toy.ended(name, DAG)
    assert ended.state == "success"
    assert (ended.tasks["load_to_s3"]["try_number"], ended.tasks["load_to_postgres"]["try_number"]) == (2, 1)
    assert newest(bucket).at == _last(toy)


def test_a_store_that_refuses_blocks_nothing(toy, bucket, airflow_watch):
    """Wrong keys in `apod_s3`: red at once and so is the run, rows and commit are there; the next run heals it."""
    wrong = {"connection_id": "apod_s3", "conn_type": "aws", "login": "somebody-else", "password": "quite-wrong"}
    toy.api.post("/connections", wrong)
    before, commit = newest(bucket).at, toy.git("rev-parse", "HEAD")
    airflow_watch.edit(DAY - dt.timedelta(days=1))
    ended, states = _run(toy, **{"from": str(DAY - dt.timedelta(days=1)), "to": str(DAY)})
    assert ended.state == "failed"
    assert {states[name] for name in LOADED} == {"success"}
    assert (states["load_to_s3"], states["complete_s3"]) == ("failed", "upstream_failed")
    assert ended.tasks["load_to_s3"]["try_number"] == 1
    log = toy.log(ended, "load_to_s3")
    assert "refuses us (403" in log
    assert "quite-wrong" not in log
    assert toy.git("rev-parse", "HEAD") != commit
    assert newest(bucket).at == before < _last(toy)
    right = wrong | {"login": ACCESS, "password": SECRET, "extra": json.dumps({"region_name": "us-east-1"})}
    toy.api.patch("/connections/apod_s3", right)
    ended, states = _run(toy, **{"from": str(DAY), "to": str(DAY)})
    toy.airflow_cli("connections", "delete", "apod_s3")
    assert (ended.state, states["load_to_s3"], states["dvc_track_data"]) == ("success", "success", "skipped")
    assert newest(bucket).at == _last(toy)


def test_a_backfill_brings_its_version(toy, bench, bucket, airflow_watch):
    """When the version is committed; a set whose versions go to no store skips that."""
    before = newest(bucket).entries
    seen = airflow_watch.sightings[0]
    airflow_watch.sightings.append(seen | {"name": "2026-01-25-F", "night": "2026-01-25"})
    given = {"from": "2026-01-20", "to": "2026-01-30", "days": 10}
    ended = toy.run("apod_backfill", dataset="sightings", **given)
    assert ended.tasks["load_to_s3"]["state"] == "success"
    airflow_watch.sightings.pop()
    assert newest(bucket).entries == before + 1
    assert newest(bucket).at == _last(toy)
    ended = bench.run("apod_backfill", **{"from": "2017-01-01", "to": "2017-01-02", "days": 10})
    assert ended.tasks["load_to_s3"]["state"] == "skipped"
    assert ended.tasks["make_version"]["state"] == "success"
