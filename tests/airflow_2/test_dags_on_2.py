"""The project's own DAG files on Airflow 2.9.1 with its real scheduler: the daily run and the audit."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from contextlib import suppress

import psutil
import psycopg
from airflow_2_instance import VERSION

from airflow_bench import KEYS, MAIN, ORDER, PROJECTS_DAGS
from local_airflow.secret_files import SecretFiles
from local_airflow.simulated_nasa import KEY


def test_every_dag_loads(bench, dags):
    """It is 2.9.1, and reads the files of the sets that are served, where they lie for Airflow 3, without an error."""
    assert bench.airflow.cli("version") == VERSION
    assert bench.metadata("SELECT filename, stacktrace FROM import_error") == []
    files = {path.stem: str(path) for path in PROJECTS_DAGS.glob("*.py")}
    assert dags == {name: path for name, path in files.items() if name != "approaches_etl_pipeline"}


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
    assert (bench.archive.root / told["extract_apod_data"]["raw_apod_path"]).is_file()
    tracked = told["dvc_track_data"]
    assert tracked["csv_md5"] in bench.git("show", f"HEAD:{tracked['dvc_file_path']}")
    assert tracked["csv_md5"] == hashlib.md5(bench.archive.csv.read_bytes(), usedforsecurity=False).hexdigest()
    commit = bench.git("rev-parse", "HEAD")
    assert told["git_commit_metadata"]["commit"] == commit
    assert bench.rows("SELECT inserted, version FROM apod_run") == [(11, commit)]


def test_a_second_run_changes_nothing(bench, first_run, day):
    """The same days again, by params: green, visibly skipped after the extract, no commit, no revision."""
    before = bench.git("rev-parse", "HEAD"), bench.rows("SELECT count(*) FROM apod_revision")
    again = bench.run(**{"from": str(day - dt.timedelta(days=10)), "to": str(day)})
    expected = dict.fromkeys(ORDER, "success") | dict.fromkeys(ORDER[2:-1], "skipped")
    assert again.state == "success"
    assert {name: task["state"] for name, task in again.tasks.items()} == expected
    assert (bench.git("rev-parse", "HEAD"), bench.rows("SELECT count(*) FROM apod_revision")) == before


def test_the_audit_is_green_and_then_red(bench, first_run, day):
    """What agrees is green; a row that was changed by hand is named."""
    at = dt.datetime.combine(day, dt.time(6), dt.UTC)
    assert bench.run(at, "apod_verify").tasks["audit"]["state"] == "success"
    with psycopg.connect(bench.database()) as connection:
        connection.execute("UPDATE apod SET title = title || '!' WHERE date = %s", [str(day)])
    try:
        ended = bench.run(at + dt.timedelta(minutes=1), "apod_verify")
    finally:
        with psycopg.connect(bench.database()) as connection:
            connection.execute("UPDATE apod SET title = rtrim(title, '!') WHERE date = %s", [str(day)])
    assert ended.state == "failed"
    assert f"apod: 1 rows differ: {day} (apod recover database)" in bench.log(ended, "audit")


def test_the_placeholder_is_red_at_once(bench, first_run, nasa):
    """The canary's words are in the log and in the notice, nothing is tried again, nothing is loaded."""
    nasa.fault("placeholder")
    try:
        ended = bench.run(**{"from": "2018-10-01", "to": "2018-10-05"})
    finally:
        nasa.clear_faults()
    assert ended.state == "failed"
    assert ended.tasks["extract_apod_data"] == {"state": "failed", "try_number": 1}
    log = bench.log(ended, "extract_apod_data")
    assert "placeholder" in log
    assert f"apod: {MAIN}.extract_apod_data of {ended.name} failed" in log
    assert "2018-10-01" not in bench.entries()


def test_a_day_that_does_not_come_is_waited_for_and_named(bench, first_run, day, nasa):
    """The wait defers and gives up at its deadline; all that came is committed, and the last task names the day."""
    day -= dt.timedelta(days=160)
    before = bench.git("rev-parse", "HEAD")
    nasa.hide(day)
    try:
        ended = bench.run(dt.datetime.combine(day, dt.time(6), dt.UTC))
    finally:
        nasa.show(day)
    states = {name: task["state"] for name, task in ended.tasks.items()}
    assert states == dict.fromkeys(ORDER[:-1], "success") | {"report_missing": "failed"}
    waited = bench.log(ended, "wait_for_publication")
    assert f"{day} is not out yet; asking every" in waited
    assert "Pausing task as DEFERRED" in waited
    assert f"{day} is not out by" in waited
    assert str(day) in bench.log(ended, "report_missing")
    assert str(day - dt.timedelta(days=1)) in bench.entries()
    assert bench.git("rev-parse", "HEAD^") == before


def test_no_secret_is_shown(bench, first_run):
    """No log and no argument holds a secret of the instance."""
    secrets = [path.read_text() for path in SecretFiles(bench.home).folder.iterdir()]
    secrets += [bench.airflow.metadata.password, bench.airflow.loaded.password, KEY]
    seen = [path.read_text(errors="replace") for path in (bench.home / "logs").rglob("*.log")]
    for part in bench.airflow.parts:
        for process in part.family():
            with suppress(psutil.Error):
                seen += process.cmdline()
    assert not [text for text in seen for secret in secrets if secret in text]
