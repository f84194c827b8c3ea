"""The project's DAGs on CeleryExecutor: two workers share an archive, and one of them may die."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import Any

import psutil
import psycopg
import pytest
from workers import NAMES, Workers, eventually

from airflow_bench import MAIN, Bench
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.database.tables import Tables
from apod_pipeline.datasets.apod import DATA_SET
from local_airflow.secret_files import SecretFiles

BACKFILL = "apod_backfill"


@pytest.fixture(scope="module", autouse=True)
def scheduled_run(bench: Bench, all_workers: Workers) -> None:
    """The run that the scheduler makes by itself when the main DAG is let go has ended before the first test."""
    all_workers.complete()
    bench.api.patch(f"/dags/{MAIN}", {"is_paused": False})
    for _ in eventually("the scheduled run", all_workers.parts):
        if found := bench.api.get(f"/dags/{MAIN}/dagRuns")["dag_runs"]:
            assert bench.ended(found[0]["dag_run_id"]).state == "success"
            return


def test_the_daily_run_is_green(bench, workers):
    """Every task of a run that was triggered by REST ends green on a worker, and nowhere else."""
    before = _versions_and_commits(bench)
    ended = bench.run(**{"from": "2018-03-01", "to": "2018-03-05"})
    assert {task["state"] for task in ended.tasks.values()} == {"success"}
    assert {task["hostname"] for task in ended.tasks.values()} <= {*NAMES}
    _assert_one_version(bench, before, "2018-03-01", "2018-03-05", days=5)


def test_a_backfills_parts_go_one_after_another(bench, workers):
    """While a part is under way no other one holds a worker; every day is there once, in one version."""
    before = _versions_and_commits(bench)
    with psycopg.connect(bench.database()) as blocking:
        blocking.execute("SELECT pg_advisory_xact_lock(%s)", [Tables(DATA_SET).lock])
        name = bench.trigger(BACKFILL, **{"from": "2018-05-01", "to": "2018-06-29", "days": 15})
        _holding_the_archive(bench, workers, name)
        assert [part["state"] for part in _parts(bench, name) if part["state"] in {"queued", "running"}] == ["running"]
    ended = bench.ended(name, BACKFILL)
    assert ended.state == "success", ended.tasks
    parts = sorted(_parts(bench, name), key=lambda part: part["start_date"])
    assert {part["hostname"] for part in parts} <= {*NAMES}
    assert all(before["end_date"] <= after["start_date"] for before, after in itertools.pairwise(parts))
    _assert_one_version(bench, before, "2018-05-01", "2018-06-29", days=60)


def test_a_worker_killed_while_it_loads_is_replaced(bench, workers):
    """SIGKILL in the middle of the transaction: the other worker does the task again, and the run is green."""
    before = _versions_and_commits(bench)
    with psycopg.connect(bench.database()) as blocking:
        blocking.execute("LOCK TABLE apod IN SHARE MODE")
        name = bench.trigger(**{"from": "2018-03-11", "to": "2018-03-15"})
        waiting = "SELECT 1 FROM pg_locks WHERE relation = 'apod'::regclass AND NOT granted"
        for _ in eventually("a load that waits for its table", workers.parts):
            if blocking.execute(waiting).fetchone():
                break
        killed = bench.tasks(name)["load_to_postgres"]
        assert killed["state"] == "running"
        workers.kill(killed["hostname"])
    ended = bench.ended(name)
    assert {task["state"] for task in ended.tasks.values()} == {"success"}
    assert ended.tasks["load_to_postgres"]["try_number"] == 2
    assert ended.tasks["load_to_postgres"]["hostname"] != killed["hostname"]
    _assert_one_version(bench, before, "2018-03-11", "2018-03-15", days=5)


def test_a_worker_killed_in_a_backfill_is_replaced(bench, workers):
    """SIGKILL while it holds the archive's lock: the other worker does its part again, and every day is there once."""
    before = _versions_and_commits(bench)
    with psycopg.connect(bench.database()) as blocking:
        blocking.execute("SELECT pg_advisory_xact_lock(%s)", [Tables(DATA_SET).lock])
        name = bench.trigger(BACKFILL, **{"from": "2017-05-01", "to": "2017-06-29", "days": 15})
        killed = _holding_the_archive(bench, workers, name)
        workers.kill(killed["hostname"])
    ended = bench.ended(name, BACKFILL)
    assert ended.state == "success", ended.tasks
    again = next(part for part in _parts(bench, name) if part["map_index"] == killed["map_index"])
    assert again["try_number"] == 2
    assert again["hostname"] != killed["hostname"]
    _assert_one_version(bench, before, "2017-05-01", "2017-06-29", days=60)


def test_no_secret_is_shown_by_a_worker(bench, all_workers, broker):
    """No log and no argument holds the broker's password or another secret of the instance."""
    files = SecretFiles(bench.airflow.home).folder.iterdir()
    secrets = [broker.password, *(path.read_text() for path in files)]
    seen = [path.read_text(errors="replace") for path in (bench.airflow.home / "logs").rglob("*.log")]
    for part in [*all_workers.parts, *bench.airflow.parts]:
        for process in part.family():
            with suppress(psutil.Error):
                seen += process.cmdline()
    assert not [text for text in seen for secret in secrets if secret in text]


def _parts(bench: Bench, run: str) -> list[dict[str, Any]]:
    """A backfill's parts as they stand."""
    path = f"/dags/{BACKFILL}/dagRuns/{run}/taskInstances/extract_part/listMapped"
    return list(bench.api.get(path)["task_instances"])


def _holding_the_archive(bench: Bench, workers: Workers, run: str) -> dict[str, Any]:
    """The part of a backfill that has the archive's lock; the task before it may still stand in it."""
    for _ in eventually("a part that holds the archive", workers.parts):
        running = {str(part["pid"]): part for part in _parts(bench, run) if part["state"] == "running"}
        if holder := running.get((bench.archive.private / "lock").read_text().strip()):
            return holder
    return {}


def _versions_and_commits(bench: Bench) -> tuple[int, int]:
    return len(Ledger(bench.archive).versions()), int(bench.git("rev-list", "--count", "HEAD"))


def _assert_one_version(bench: Bench, before: tuple[int, int], first: str, last: str, *, days: int) -> None:
    """One version more and one commit more than before, and every day once: as a row and as a revision."""
    assert _versions_and_commits(bench) == (before[0] + 1, before[1] + 1)
    for table in ("apod", "apod_revision"):
        counted = f"SELECT count(*), count(DISTINCT date) FROM {table} WHERE date BETWEEN '{first}' AND '{last}'"
        assert bench.rows(counted) == [(days, days)], table
