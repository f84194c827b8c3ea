"""The project's DAGs on a real Airflow with its real scheduler, over the simulated NASA."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import subprocess

import psycopg

from airflow_bench import KEYS, MAIN, ORDER
from apod_pipeline.extras.traces.identity import identity
from local_airflow.simulated_nasa import KEY
from told_spans import spans_told


def test_every_dag_loads(bench, eventually):
    """No import error; each of the project's five DAGs has an owner, a tag, words, timeouts, and params with words."""
    ours = {MAIN, "apod_backfill", "apod_verify", "apod_news", "apod_stateless"}
    eventually(lambda: ours <= {dag["dag_id"] for dag in bench.api.get("/dags")["dags"]})
    assert bench.api.get("/importErrors")["import_errors"] == []
    for name in ours:
        told = bench.api.get(f"/dags/{name}/details")
        assert told["owners"] == ["apod"]
        assert told["doc_md"]
        assert [tag["name"] for tag in told["tags"]] == ["apod"]
        assert all(task["execution_timeout"] for task in bench.api.get(f"/dags/{name}/tasks")["tasks"])
        assert all(param["description"] for param in told["params"].values())


def test_the_main_dags_structure(bench):
    """Ids and order are the design document's, with retries; the wait may take as long as its params say."""
    tasks = {task["task_id"]: task for task in bench.api.get(f"/dags/{MAIN}/tasks")["tasks"]}
    assert {*tasks} == {*ORDER}
    for before, after in itertools.pairwise(ORDER):
        assert tasks[before]["downstream_task_ids"] == [after]
    patience = bench.api.get(f"/dags/{MAIN}/details")["params"]["patience"]["schema"]["maximum"]
    assert tasks["wait_for_publication"]["execution_timeout"]["days"] * 24 > patience
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
    assert bench.rows("SELECT DISTINCT source FROM apod_reading") == [("science",)]
    recorded = (f"{MAIN} {first_run.name}", 11, bench.git("rev-parse", "HEAD"))
    assert bench.rows("SELECT run, inserted, version FROM apod_run") == [recorded]


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
    assert f"apod: 1 rows differ: {day} (apod recover database)" in bench.log(ended, "audit")


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


def test_the_commit_has_a_link(bench, first_run, day, git_host):
    """With a Git remote that has pages, the task that commits shows a button that leads to the commit's own."""
    subprocess.run(["git", "init", "-q", "--bare", str(git_host / "me" / "apod.git")], check=True)
    path, own = "/connections/apod_git", {"connection_id": "apod_git", "conn_type": "generic"}
    bench.api.patch(f"{path}?update_mask=host", own | {"host": "https://git.example/me/apod.git"})
    ended = bench.run(day=day - dt.timedelta(days=60))
    bench.api.patch(f"{path}?update_mask=host", own | {"host": ""})
    links = bench.api.get(f"/dags/{MAIN}/dagRuns/{ended.name}/taskInstances/git_commit_metadata/links")
    assert links["extra_links"] == {"Commit": f"https://git.example/me/apod/commit/{bench.git('rev-parse', 'HEAD')}"}


def test_a_run_is_one_trace(bench, first_run, airflow_collector):
    """Every task's process adds its stages to the trace that the run's name makes; the last adds the run's span."""
    own = identity("", "apod", f"{MAIN} {first_run.name}").fields
    *stages, run = [span for span in spans_told(airflow_collector) if span.trace == own["trace_id"]]
    names = ["extract", "transform", "check_quality", "load", "dvc", "git", "push", "record"]
    assert [span.name for span in stages] == names
    assert (run.name, run.id, run.attributes["apod.inserted"]) == ("apod run", own["span_id"], 11)
    assert {span.parent for span in stages} == {run.id}


def test_openlineage_is_told_what_each_task_reads_and_writes(bench, first_run, eventually):
    """With a transport set, each task's end is an event with its run, inputs and outputs, and without a secret."""
    file = bench.archive.root.parent / "lineage.jsonl"

    def ends():
        events = [json.loads(line) for line in file.read_text().splitlines()]
        ours = [event for event in events if event["job"]["name"].startswith(f"{MAIN}.")]
        ended = [event for event in ours if event["eventType"] == "COMPLETE"]
        runs = [event["run"]["facets"]["airflow"]["dagRun"]["run_id"] for event in ended]
        return {event["job"]["name"]: event for event, run in zip(ended, runs, strict=True) if run == first_run.name}

    def names(task, side):
        return {one["name"].rpartition("/")[2] for one in ends()[f"{MAIN}.{task}"][side]}

    eventually(lambda: {*ends()} == {f"{MAIN}.{task}" for task in ORDER})
    assert names("extract_apod_data", "inputs") == {"apod-basic", "apod"}
    assert names("extract_apod_data", "outputs") == {"raw"}
    files = {"apod_data.csv", "apod_transformed.json", "apod_entries.parquet"}
    assert names("transform_apod_data", "inputs") == {"raw"}
    assert names("transform_apod_data", "outputs") == names("load_to_postgres", "inputs") == files
    assert names("load_to_postgres", "outputs") == {
        f"apod.public.{table}" for table in ("apod", "apod_revision", "apod_reading")
    }
    assert names("git_commit_metadata", "outputs") == {".git"}
    assert KEY not in file.read_text()
