"""The project's DAGs under the scheduler of an Airflow that somebody has already: SQLite, and nothing made for them."""

from __future__ import annotations

import itertools
import json
import secrets
import socket
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import pytest

from apod_pipeline.simulator import Simulator
from existing_airflow import existing_airflow
from local_airflow import Part
from local_airflow.parts import stop, ticks

# Their log servers would listen on every address.
PARTS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
OURS = {"apod_etl_pipeline", "apod_backfill", "apod_verify", "apod_news", "apod_stateless"}


class Existing:
    """Somebody's Airflow that runs; asked by its command line, looked at in its metadata."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.home = Path(environment["AIRFLOW_HOME"])
        self.program = str(Path(environment["PATH"].partition(":")[0]) / "airflow")
        self.parts: list[Part] = []

    def start(self) -> None:
        """Migrate its database, and start its parts."""
        self.cli("db", "migrate")
        for name, words in PARTS.items():
            self.parts.append(Part(name, [self.program, *words], self.environment, self.home))

    def cli(self, *words: str) -> str:
        """What Airflow's command line answers."""
        command = [self.program, *words]
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"airflow {words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def metadata(self, query: str, *values: str) -> list[tuple[str, ...]]:
        """What Airflow's own database answers."""
        with closing(sqlite3.connect(f"file:{self.home / 'airflow.db'}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()

    def ended(self, dag: str, run: str, seconds: float = 240.0) -> tuple[str, dict[str, str]]:
        """How a run has ended, and each of its tasks; of mapped ones the last."""
        for _ in ticks(f"the end of {run}", self.parts, threading.Event(), seconds):
            found = self.metadata("SELECT state FROM dag_run WHERE dag_id = ? AND run_id = ?", dag, run)
            if found and found[0][0] in {"success", "failed"}:
                break
        tasks = self.metadata("SELECT task_id, state FROM task_instance WHERE dag_id = ? AND run_id = ?", dag, run)
        return found[0][0], dict(tasks)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def existing(tmp_path_factory):
    """It, with every DAG of ours read; no connection, no pool, no database of its own for the tables."""
    folder = tmp_path_factory.mktemp("existing")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Simulator() as nasa:
        environment = existing_airflow(
            folder,
            nasa,
            AIRFLOW__API__HOST="127.0.0.1",
            AIRFLOW__API__PORT=str(port),
            AIRFLOW__CORE__EXECUTION_API_SERVER_URL=f"http://127.0.0.1:{port}/execution/",
            AIRFLOW__CORE__PARALLELISM="4",
            AIRFLOW__API_AUTH__JWT_SECRET=secrets.token_hex(64),
        )
        one = Existing(folder, environment)
        try:
            one.start()
            for _ in ticks("every DAG", one.parts, threading.Event(), 120):
                if {dag for (dag,) in one.metadata("SELECT dag_id FROM dag")} >= OURS:
                    break
            yield one
        finally:
            stop(one.parts, 20)


def test_every_dag_is_read(existing):
    """No import error, and nothing was made for them: neither a connection nor a pool."""
    assert existing.metadata("SELECT filename, stacktrace FROM import_error") == []
    assert existing.metadata("SELECT conn_id FROM connection") == []
    assert existing.metadata("SELECT pool FROM slot_pool") == [("default_pool",)]


@pytest.mark.parametrize(
    ("dag", "conf"),
    [
        ("apod_backfill", {"from": "2018-05-01", "to": "2018-06-29", "days": 15}),
        ("apod_etl_pipeline", {"from": "2018-07-01", "to": "2018-07-05"}),
    ],
)
def test_a_run_that_is_triggered_ends_green(existing, dag, conf):
    """Triggered as one does it, each task is green, the parts in the pool that every Airflow has."""
    existing.cli("dags", "unpause", dag, "--yes")
    run = f"by_hand_{dag}"
    existing.cli("dags", "trigger", dag, "--run-id", run, "--conf", json.dumps(conf))
    state, tasks = existing.ended(dag, run)
    assert (state, {*tasks.values()}) == ("success", {"success"}), tasks


def test_parts_of_a_backfill_go_one_after_another(existing):
    """No part began before the one before it had ended, and each took a slot as any other task does."""
    parts = existing.metadata(
        "SELECT start_date, end_date, pool, pool_slots FROM task_instance WHERE task_id = 'extract_part'"
        " AND dag_id = 'apod_backfill' ORDER BY start_date"
    )
    assert len(parts) == 4
    assert {part[2:] for part in parts} == {("default_pool", 1)}
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(parts))
