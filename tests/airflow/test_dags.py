"""The project's DAGs on a real Airflow with its real scheduler, over the simulated NASA."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from airflow_bench import MAIN, Bench, Run
from apod_pipeline.calendar import publishing_day
from apod_pipeline.database.schema import LOCK
from apod_pipeline.ledger import Ledger
from local_airflow.simulated_nasa import KEY

ORDER = [
    "wait_for_publication",
    "extract_apod_data",
    "transform_apod_data",
    "check_quality",
    "load_to_postgres",
    "dvc_track_data",
    "git_commit_metadata",
    "report_missing",
]
KEYS = {
    "extract_apod_data": {"raw_apod_path"},
    "transform_apod_data": {"transformed_csv_path", "transformed_json_path", "transformed_df_json"},
    "dvc_track_data": {"dvc_file_path", "csv_md5"},
    "git_commit_metadata": {"commit"},
}


@pytest.fixture(scope="module")
def bench(airflow_instance: Any, airflow_archive: Path) -> Bench:
    """The session's Airflow with what the tests ask of it."""
    return Bench(airflow_instance, airflow_archive)


@pytest.fixture(scope="module")
def first_run(bench: Bench) -> Run:
    """The run that the scheduler makes by itself when the main DAG is let go; the consumer of its asset is on."""
    for dag in ("apod_news", MAIN):
        bench.api.patch(f"/dags/{dag}", {"is_paused": False})
    deadline = time.monotonic() + 60
    while not (found := bench.api.get(f"/dags/{MAIN}/dagRuns")["dag_runs"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return bench.ended(found[0]["dag_run_id"])


@pytest.fixture(scope="module")
def day(bench: Bench, first_run: Run) -> dt.date:
    """The day that the first run stands for."""
    date = bench.api.get(f"/dags/{MAIN}/dagRuns/{first_run.name}")["logical_date"]
    return publishing_day(dt.datetime.fromisoformat(date))


def test_every_dag_loads(bench):
    """No import error, and the project's four DAGs are there with owner, tags and words on what to do."""
    deadline = time.monotonic() + 60
    while len(dags := {dag["dag_id"]: dag for dag in bench.api.get("/dags")["dags"] if "apod" in dag["dag_id"]}) < 4:
        assert time.monotonic() < deadline, [*dags]
        time.sleep(0.2)
    assert bench.api.get("/importErrors")["import_errors"] == []
    assert {MAIN, "apod_backfill", "apod_verify", "apod_news"} <= {*dags}
    for name in (MAIN, "apod_backfill", "apod_verify", "apod_news"):
        told = bench.api.get(f"/dags/{name}/details")
        assert told["owners"] == ["apod"]
        assert told["doc_md"]
        assert [tag["name"] for tag in told["tags"]] == ["apod"]


def test_the_main_dags_structure(bench):
    """Ids and order of the tasks are the design document's, each with a timeout and retries."""
    tasks = {task["task_id"]: task for task in bench.api.get(f"/dags/{MAIN}/tasks")["tasks"]}
    assert {*tasks} == {*ORDER}
    for before, after in itertools.pairwise(ORDER):
        assert tasks[before]["downstream_task_ids"] == [after]
    assert all(task["execution_timeout"] for task in tasks.values())
    assert {task["retries"] for name, task in tasks.items() if name != "report_missing"} == {3.0}


def test_the_first_run_succeeds(bench, first_run, day):
    """Every task is green; XComs are there by key; rows, files, `.dvc` and commit are there and agree."""
    assert {name: task["state"] for name, task in first_run.tasks.items()} == dict.fromkeys(ORDER, "success")
    told = {task: bench.xcoms(first_run, task) for task in KEYS}
    for task, keys in KEYS.items():
        assert keys <= {*told[task]}
    days = [str(day - dt.timedelta(days=back)) for back in range(10, -1, -1)]
    assert [record["date"] for record in json.loads(told["transform_apod_data"]["transformed_df_json"])] == days
    assert [row[0] for row in bench.rows("SELECT date FROM apod ORDER BY date")] == days
    assert [*bench.entries()] == days
    for task, key in (("extract_apod_data", "raw_apod_path"), ("dvc_track_data", "dvc_file_path")):
        assert (bench.archive.root / told[task][key]).is_file()
    assert told["git_commit_metadata"]["commit"] == bench.git("rev-parse", "HEAD")
    assert bench.rows("SELECT inserted, version FROM apod_run") == [(11, bench.git("rev-parse", "HEAD"))]


def test_logs_tell_what_dvc_and_git_did(bench, first_run):
    """Every task has its log, DVC's and Git's own operations in them, and no secret in any."""
    logs = {task: bench.log(first_run, task) for task in ORDER}
    assert all(logs.values())
    assert "dvc push" in logs["dvc_track_data"]
    assert "git commit" in logs["git_commit_metadata"]
    password = (bench.airflow.home / "secrets" / "postgres_apod_pipeline").read_text()
    assert not [task for task, log in logs.items() if KEY in log or password in log]


def test_the_asset_tells_of_the_version(bench, first_run, eventually):
    """The commit emits the asset with the version in its extra, and the consumer runs because of it."""
    events = bench.api.get("/assets/events", source_dag_id=MAIN)["asset_events"]
    commit = bench.git("rev-parse", "HEAD")
    assert commit in {event["extra"].get("commit") for event in events}
    eventually(lambda: bench.api.get("/dags/apod_news/dagRuns")["dag_runs"])
    consumer = bench.ended(bench.api.get("/dags/apod_news/dagRuns")["dag_runs"][0]["dag_run_id"], "apod_news")
    assert consumer.state == "success"
    assert [event["commit"] for event in bench.xcoms(consumer, "tell")["return_value"]] == [commit]


def test_a_second_run_changes_nothing(bench, first_run, day):
    """The same date again: green, visibly skipped after the extract, no commit, no row but its own."""
    before = bench.git("rev-parse", "HEAD"), bench.rows("SELECT count(*) FROM apod_revision")
    again = bench.run(**{"from": str(day), "to": str(day)})
    states = {name: task["state"] for name, task in again.tasks.items()}
    assert again.state == "success"
    assert [states[name] for name in ORDER[:2]] == ["success", "success"]
    assert {states[name] for name in ORDER[2:-1]} == {"skipped"}
    assert states["report_missing"] == "success"
    assert (bench.git("rev-parse", "HEAD"), bench.rows("SELECT count(*) FROM apod_revision")) == before


def test_the_audit_is_green_and_then_red(bench, first_run, day):
    """What agrees is green; a row that was changed by hand is named."""
    assert bench.run("apod_verify", day=day).tasks["audit"]["state"] == "success"
    with psycopg.connect(bench.database()) as connection:
        connection.execute("UPDATE apod SET title = title || '!' WHERE date = %s", [str(day)])
    ended = bench.run("apod_verify", day=day - dt.timedelta(days=1))
    with psycopg.connect(bench.database()) as connection:
        connection.execute("UPDATE apod SET title = rtrim(title, '!') WHERE date = %s", [str(day)])
    assert ended.state == "failed"
    assert "other values than the CSV" in bench.log(ended, "audit")


def test_a_cleared_run_asks_for_its_own_day(bench, first_run, day, airflow_nasa):
    """A run of a day long ago asks for that day; cleared, it asks again, and finds what NASA edited since."""
    then = day - dt.timedelta(days=40)
    earlier = bench.run(day=then)
    assert str(then) in bench.entries()
    airflow_nasa.edit(then, title="Quite Another Title")
    bench.api.post(f"/dags/{MAIN}/dagRuns/{earlier.name}/clear", {"dry_run": False})
    assert bench.ended(earlier.name).state == "success"
    assert bench.entries()[str(then)]["title"] == "Quite Another Title"
    assert str(then + dt.timedelta(days=1)) not in bench.entries()


def test_a_silent_service_is_asked_again(bench, first_run, day, airflow_nasa):
    """503 for a while: the task is tried again, and the run is green."""
    day -= dt.timedelta(days=80)
    airflow_nasa.fault("envoy_text")
    name = bench.trigger(day=day)
    deadline = time.monotonic() + 90
    while bench.states(name).get("extract_apod_data") != "up_for_retry":
        assert time.monotonic() < deadline, bench.states(name)
        time.sleep(0.2)
    airflow_nasa.clear_faults()
    ended = bench.ended(name)
    assert ended.state == "success"
    assert ended.tasks["extract_apod_data"]["try_number"] >= 2
    assert str(day) in bench.entries()


def test_the_placeholder_is_red_at_once(bench, first_run, airflow_nasa):
    """The canary's words are in the log, nothing is tried again, nothing is loaded."""
    airflow_nasa.fault("placeholder")
    try:
        ended = bench.run(**{"from": "2018-10-01", "to": "2018-10-05"})
    finally:
        airflow_nasa.clear_faults()
    assert ended.state == "failed"
    assert ended.tasks["extract_apod_data"]["try_number"] == 1
    assert "placeholder" in bench.log(ended, "extract_apod_data")
    assert "2018-10-01" not in bench.entries()


def test_a_worker_killed_while_it_loads_is_replaced(bench, first_run, day):
    """SIGKILL to the task's process in the middle of its transaction: tried again, one version, all rows."""
    day -= dt.timedelta(days=120)
    with psycopg.connect(bench.database()) as blocking:
        blocking.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        name = bench.trigger(day=day)
        deadline = time.monotonic() + 90
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not (blocking.execute(waiting).fetchone() or (0,))[0]:
            assert time.monotonic() < deadline, bench.states(name)
            time.sleep(0.1)
        task = bench.tasks(name)
        running = next(found for found in task.values() if found["state"] == "running")
        os.kill(_process_of(running), signal.SIGKILL)
    ended = bench.ended(name)
    assert ended.state == "success"
    assert ended.tasks[running["task_id"]]["try_number"] == 2
    assert str(day) in {row[0] for row in bench.rows("SELECT date FROM apod")}


def _process_of(task: dict[str, Any]) -> int:
    return int(task["pid"])


def test_a_day_that_does_not_come_is_waited_for_and_named(bench, first_run, day, airflow_nasa):
    """The wait defers and gives up at its deadline; all that came is committed, and the last task names the day."""
    day -= dt.timedelta(days=160)
    airflow_nasa.hide(day)
    ended = bench.run(day=day)
    airflow_nasa.show(day)
    states = {name: task["state"] for name, task in ended.tasks.items()}
    assert states == dict.fromkeys(ORDER[:-1], "success") | {"report_missing": "failed"}
    waited = bench.log(ended, "wait_for_publication")
    assert f"{day} is not out yet; asking every" in waited
    assert f"{day} is not out by" in waited
    assert str(day) in bench.log(ended, "report_missing")
    assert str(day - dt.timedelta(days=1)) in bench.entries()


def test_airflows_own_backfill_runs_each_day(bench, first_run, day):
    """`airflow backfill create` on the main DAG: a run for each date, and each asks for its own day."""
    first, last = day - dt.timedelta(days=200), day - dt.timedelta(days=198)
    span = {
        end: dt.datetime.combine(date, dt.time(12), dt.UTC).isoformat()
        for end, date in (("from_date", first), ("to_date", last))
    }
    made = bench.api.post("/backfills", {"dag_id": MAIN, **span, "dag_run_conf": {}, "max_active_runs": 1})
    deadline = time.monotonic() + 120
    while not bench.api.get(f"/backfills/{made['id']}")["completed_at"]:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert {str(first + dt.timedelta(days=1)), str(last)} <= {*bench.entries()}


def test_a_key_that_is_changed_in_the_ui_counts_at_once(bench, first_run):
    """A refused key ends the next run at once and blames the key; the right one, typed in the UI, mends it."""
    path, own = "/connections/apod_nasa", {"connection_id": "apod_nasa", "conn_type": "http"}
    days = {"from": "2018-09-01", "to": "2018-09-02"}
    bench.api.patch(f"{path}?update_mask=password", own | {"password": "wrong"})
    refused = bench.run(**days)
    bench.api.patch(f"{path}?update_mask=password", own | {"password": KEY})
    assert refused.state == "failed"
    assert refused.tasks["extract_apod_data"]["try_number"] == 1
    assert "NASA_API_KEY" in bench.log(refused, "extract_apod_data")
    assert bench.run(**days).state == "success"


def test_a_backfill_is_mapped_and_makes_one_version(bench, first_run):
    """Sixty days in four parts: one version; triggered again, nothing is asked for."""
    before = len(Ledger(bench.archive).versions())
    days = {"from": "2018-05-01", "to": "2018-06-29", "days": 15}
    ended = bench.run("apod_backfill", **days)
    assert ended.state == "success", ended.tasks
    parts = bench.api.get(f"/dags/apod_backfill/dagRuns/{ended.name}/taskInstances/extract_part/listMapped")
    assert {part["state"] for part in parts["task_instances"]} == {"success"}
    assert parts["total_entries"] == 4
    assert len(Ledger(bench.archive).versions()) == before + 1
    assert bench.rows("SELECT count(*) FROM apod WHERE date BETWEEN '2018-05-01' AND '2018-06-29'") == [(60,)]
    again = bench.run("apod_backfill", **days)
    assert again.state == "success"
    assert again.tasks["make_version"]["state"] == "skipped"
