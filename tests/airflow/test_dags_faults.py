"""The main DAG when something goes wrong: services, keys, processes, days that do not come."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal

import psycopg
import pytest

from airflow_bench import ORDER
from lab import Lab
from local_airflow.simulated_nasa import KEY

NEW = "wp-json"
"""What the path of every question to NASA's new service holds."""


def test_a_silent_service_is_asked_again(bench, first_run, day, airflow_nasa, eventually):
    """503 for a while: the task is tried again, and the run is green."""
    day -= dt.timedelta(days=80)
    airflow_nasa.fault("envoy_text")
    name = bench.trigger(day=day)
    eventually(lambda: bench.states(name).get("extract_apod_data") == "up_for_retry", 90)
    airflow_nasa.clear_faults()
    ended = bench.ended(name)
    assert ended.state == "success"
    assert ended.tasks["extract_apod_data"]["try_number"] >= 2
    assert str(day) in bench.entries()


def test_where_the_new_service_is_away_the_old_one_is_asked(bench, first_run, day, airflow_nasa):
    """503 from one of them for all of a run: every task is green at its first try, and the other one told the day."""
    day -= dt.timedelta(days=100)
    airflow_nasa.fault("envoy_text", match=NEW)
    try:
        ended = bench.run(day=day)
    finally:
        airflow_nasa.clear_faults()
    assert {task["state"] for task in ended.tasks.values()} == {"success"}
    assert ended.tasks["extract_apod_data"]["try_number"] == 1
    assert bench.rows(f"SELECT source FROM apod_reading WHERE date = '{day}'") == [("planetary",)]


def test_the_placeholder_is_red_at_once(bench, first_run, airflow_nasa):
    """The canary's words are in the log and in the notice, nothing is tried again, nothing is loaded."""
    airflow_nasa.fault("placeholder")
    try:
        ended = bench.run(**{"from": "2018-10-01", "to": "2018-10-05"})
    finally:
        airflow_nasa.clear_faults()
    assert ended.state == "failed"
    assert ended.tasks["extract_apod_data"]["try_number"] == 1
    log = bench.log(ended, "extract_apod_data")
    assert "placeholder" in log
    assert f"apod: apod_etl_pipeline.extract_apod_data of {ended.name} failed" in log
    assert "2018-10-01" not in bench.entries()


@pytest.fixture
def twin(bench, airflow_nasa, tmp_path, migrated_database):
    """Makes a copy of the session's archive, over a database of its own; Airflow knows nothing of it."""

    def copied():
        shutil.copytree(bench.archive.root, tmp_path / "archive", symlinks=True)
        copy = Lab(airflow_nasa, tmp_path / "archive", migrated_database, {"nasa_api_key": KEY})
        # The tables as the session's own are, to the newest day that any of its runs knew: between midnight and half
        # past in New York that is a day later than the one the first run stands for.
        newest = dt.date.fromisoformat(bench.rows("SELECT max(date) FROM apod_day")[0][0])
        copy.wired(lambda wired: wired.prepare(), today=newest)
        return copy

    return copied


def test_a_worker_killed_while_it_loads_is_replaced(bench, first_run, day, eventually, airflow_nasa, twin):
    """SIGKILL to the task's process in its transaction: tried again, and all is what a run makes that nobody killed."""
    day -= dt.timedelta(days=120)
    bench.run(day=day - dt.timedelta(days=1))  # what an earlier run left to be loaded would be, before the extract
    undisturbed = twin()
    undisturbed.run(today=day)
    with psycopg.connect(bench.database()) as blocking:
        blocking.execute("LOCK TABLE apod IN SHARE MODE")
        name = bench.trigger(day=day)
        waiting = "SELECT FROM pg_locks WHERE relation = 'apod'::regclass AND NOT granted"
        eventually(lambda: blocking.execute(waiting).fetchall(), 90)
        os.kill(int(bench.tasks(name)["load_to_postgres"]["pid"]), signal.SIGKILL)
    ended = bench.ended(name)
    assert ended.state == "success"
    assert ended.tasks["load_to_postgres"]["try_number"] == 2
    disturbed = Lab(airflow_nasa, bench.archive.root, bench.database())
    assert str(day) in disturbed.entries()
    assert disturbed.files() == undisturbed.files()
    assert disturbed.tables() == undisturbed.tables()
    assert (disturbed.versions(), disturbed.commits()) == (undisturbed.versions(), undisturbed.commits())


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


def test_a_key_that_is_changed_in_the_ui_counts_at_once(bench, first_run, airflow_nasa):
    """Only the old service answers: a refused key ends the run at once, the right one, typed in the UI, mends it."""
    path, own = "/connections/apod_nasa", {"connection_id": "apod_nasa", "conn_type": "http"}
    days = {"from": "2018-09-01", "to": "2018-09-02"}
    airflow_nasa.fault("envoy_text", match=NEW)
    try:
        bench.api.patch(f"{path}?update_mask=password", own | {"password": "wrong"})
        refused = bench.run(**days)
        bench.api.patch(f"{path}?update_mask=password", own | {"password": KEY})
        mended = bench.run(**days)
    finally:
        airflow_nasa.clear_faults()
    assert refused.state == "failed"
    assert refused.tasks["extract_apod_data"]["try_number"] == 1
    assert "NASA_API_KEY" in bench.log(refused, "extract_apod_data")
    assert mended.state == "success"
    assert bench.rows("SELECT DISTINCT source FROM apod_reading WHERE date = '2018-09-01'") == [("planetary",)]


def test_a_day_that_comes_late_is_waited_for(bench, first_run, day, airflow_nasa, eventually):
    """While it is waited for no worker is at it; when the day is out, the run has it, and ends green."""
    day -= dt.timedelta(days=240)
    airflow_nasa.hide(day)
    name = bench.trigger(day=day, patience=24 * 365, ask_every=1)
    eventually(lambda: bench.states(name).get("wait_for_publication") == "deferred")
    airflow_nasa.show(day)
    ended = bench.ended(name)
    assert {task["state"] for task in ended.tasks.values()} == {"success"}
    assert f"{day} is out" in bench.log(ended, "wait_for_publication")
    assert str(day) in bench.entries()


def test_a_run_that_takes_too_long_is_told_of(bench, tmp_path, eventually):
    """A missed deadline calls the notice, in the triggerer, while the run goes on."""
    may_end = tmp_path / "may end"
    name = bench.trigger("misses_its_deadline", may_end=str(may_end))
    notice = f"apod: {name} of misses_its_deadline has not ended"
    eventually(lambda: notice in (bench.airflow.home / "logs" / "parts" / "triggerer.log").read_text())
    may_end.touch()
    assert bench.ended(name, "misses_its_deadline").state == "success"
