"""Many days: Airflow's own backfill of the main DAG, and the mapped one."""

from __future__ import annotations

import datetime as dt
import itertools

from airflow_bench import MAIN
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.datasets.apod.calendar import publishing_day


def test_airflows_own_backfill_runs_each_day(bench, first_run, day, eventually):
    """`airflow backfill create` on the main DAG: a green run for each date, and each asks for its own days."""
    first, last = day - dt.timedelta(days=200), day - dt.timedelta(days=198)
    # a run of 05:30 UTC stands for that day in US Eastern
    words = ["--from-date", f"{first}T00:00:00+00:00", "--to-date", f"{last}T23:00:00+00:00", "--max-active-runs", "1"]
    bench.airflow_cli("backfill", "create", "--dag-id", MAIN, *words)
    [made] = bench.api.get("/backfills", dag_id=MAIN)["backfills"]
    eventually(lambda: bench.api.get(f"/backfills/{made['id']}")["completed_at"], 120)
    runs = bench.api.get(f"/dags/{MAIN}/dagRuns", run_type="backfill")["dag_runs"]
    own = {run["dag_run_id"]: publishing_day(dt.datetime.fromisoformat(run["logical_date"])) for run in runs}
    assert sorted(own.values()) == [first, first + dt.timedelta(days=1), last]
    assert {run["state"] for run in runs} == {"success"}
    # The look-back is ten days: its oldest day only the first run asks for, and its own day only the last one.
    assert {str(first - dt.timedelta(days=10)), str(last)} <= {*bench.entries()}
    rows = dict(bench.rows("SELECT run, date_to FROM apod_run WHERE run LIKE '%backfill__%'"))
    assert rows == {f"{MAIN} {run}": str(date) for run, date in own.items()}


def test_a_backfill_is_mapped_and_makes_one_version(bench, first_run):
    """Sixty days in four parts, one after another, a slot for each request: one version, told by the asset.

    Triggered again, nothing is asked for.
    """
    before = len(Ledger(bench.archive).versions())
    days = {"from": "2018-05-01", "to": "2018-06-29", "days": 15}
    ended = bench.run("apod_backfill", **days)
    assert ended.state == "success", ended.tasks
    parts = bench.api.get(f"/dags/apod_backfill/dagRuns/{ended.name}/taskInstances/extract_part/listMapped")
    assert {(part["state"], part["pool"], part["pool_slots"]) for part in parts["task_instances"]} == {
        ("success", "nasa_api", 4)
    }
    assert parts["total_entries"] == 4
    times = sorted((part["start_date"], part["end_date"]) for part in parts["task_instances"])
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(times))
    assert len(Ledger(bench.archive).versions()) == before + 1
    events = bench.api.get("/assets/events", source_dag_id="apod_backfill")["asset_events"]
    assert [event["extra"]["commit"] for event in events] == [bench.git("rev-parse", "HEAD")]
    assert bench.rows("SELECT count(*) FROM apod WHERE date BETWEEN '2018-05-01' AND '2018-06-29'") == [(60,)]
    again = bench.run("apod_backfill", **days)
    assert again.state == "success"
    assert again.tasks["make_version"]["state"] == "skipped"


def test_a_part_that_fails_does_not_hold_the_others_back(bench, first_run, airflow_nasa):
    """One of two parts is refused: the other one's days are a version, the run is red and names what is missing."""
    days = {"from": "2018-07-01", "to": "2018-07-20", "days": 10}
    airflow_nasa.fault("placeholder", match="(2018-07-|1807)(0[1-9]|10)")
    try:
        ended = bench.run("apod_backfill", **days)
    finally:
        airflow_nasa.clear_faults()
    assert ended.state == "failed"
    assert (ended.tasks["make_version"]["state"], ended.tasks["report_missing"]["state"]) == ("success", "failed")
    assert "2018-07-01 and 9 more days, to 2018-07-10" in bench.log(ended, "report_missing")
    assert not {"2018-07-01", "2018-07-10"} & {*bench.entries()}
    assert {"2018-07-11", "2018-07-20"} <= {*bench.entries()}
    assert bench.run("apod_backfill", **days).state == "success"
    assert {"2018-07-01", "2018-07-10"} <= {*bench.entries()}
