"""A running Airflow with what tests ask of it.

Takes an instance and the archive that its tasks fill, gives runs of the project's DAGs and what they left behind:
states, XComs, logs, files, commits, rows. Never asks Airflow otherwise than by its REST API.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.processed import Table
from apod_pipeline.dataset.installed import data_set
from apod_pipeline.datasets.apod import DATA_SET

PROJECTS_DAGS = Path(__file__).parents[1] / "airflow" / "dags"
MAIN = "apod_etl_pipeline"
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
"""The main DAG's tasks."""
KEYS = {
    "extract_apod_data": {"raw_apod_path"},
    "transform_apod_data": {"transformed_csv_path", "transformed_json_path", "transformed_df_json"},
    "dvc_track_data": {"dvc_file_path", "csv_md5"},
    "git_commit_metadata": {"commit"},
}
"""What its tasks pass on, as the design document names it."""


class Run(NamedTuple):
    """A DAG run that has ended."""

    dag: str
    name: str
    state: str
    tasks: dict[str, Any]


class Traces:
    """What runs leave behind, on whichever Airflow: logs in its home, the archive's entries and commits, rows."""

    def __init__(self, home: Path, archive: Path) -> None:
        self.home, self.archive = home, Archive(archive, DATA_SET)

    def database(self) -> str:
        """How the tests reach the pipeline's database: as its own role."""
        raise NotImplementedError

    def log(self, run: Run, task: str) -> str:
        """The files of a task's log, all tries."""
        folder = self.home / "logs" / f"dag_id={run.dag}" / f"run_id={run.name}" / f"task_id={task}"
        return "".join(path.read_text() for path in sorted(folder.rglob("*.log")))

    def git(self, *words: str) -> str:
        """Git in the archive."""
        command = ["git", "-C", str(self.archive.root), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def entries(self) -> dict[str, dict[str, Any]]:
        """The archive's entries."""
        return {row["date"]: row for row in Table.of(self.archive).rows()}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the pipeline's database answers."""
        with psycopg.connect(self.database()) as connection:
            return connection.execute(query.encode()).fetchall()


class Bench(Traces):
    """The session's Airflow, and the archive that its tasks fill."""

    def __init__(self, airflow: Any, archive: Path) -> None:
        super().__init__(airflow.home, archive)
        self.airflow, self.api = airflow, airflow.api

    def airflow_cli(self, *words: str) -> str:
        """What Airflow's command line answers, beside the instance."""
        command = [str(Path(sys.executable).with_name("airflow")), *words]
        variables = self.airflow.variables
        return subprocess.run(command, env=variables, cwd=self.home, capture_output=True, text=True, check=True).stdout

    def trigger(self, dag: str = MAIN, day: dt.date | None = None, **conf: Any) -> str:
        """Begin a run that stands for a day; gives its name."""
        self.api.patch(f"/dags/{dag}", {"is_paused": False})
        at = dt.datetime.combine(day, dt.time(6), dt.UTC).isoformat() if day else None
        body = {"logical_date": at, "conf": conf, "run_after": at} if at else {"logical_date": None, "conf": conf}
        name = f"test_{dag}_{day}_{time.monotonic_ns()}"
        return str(self.api.post(f"/dags/{dag}/dagRuns", body | {"dag_run_id": name})["dag_run_id"])

    def ended(self, name: str, dag: str = MAIN, seconds: float = 150.0) -> Run:
        """A run when it has come to its end."""
        deadline = time.monotonic() + seconds
        while (state := self.api.get(f"/dags/{dag}/dagRuns/{name}")["state"]) not in {"success", "failed"}:
            assert time.monotonic() < deadline, f"{name} is still {state}: {self.states(name, dag)}"
            time.sleep(0.5)  # a question costs the API server more than the wait
        return Run(dag, name, state, self.tasks(name, dag))

    def run(self, dag: str = MAIN, day: dt.date | None = None, **conf: Any) -> Run:
        """A run from its beginning to its end."""
        return self.ended(self.trigger(dag, day, **conf), dag)

    def tasks(self, name: str, dag: str = MAIN) -> dict[str, Any]:
        """A run's task instances by id; of mapped ones the last."""
        found = self.api.get(f"/dags/{dag}/dagRuns/{name}/taskInstances")["task_instances"]
        return {task["task_id"]: task for task in found}

    def states(self, name: str, dag: str = MAIN) -> dict[str, str]:
        """How a run's tasks stand."""
        return {task: instance["state"] for task, instance in self.tasks(name, dag).items()}

    def xcoms(self, run: Run, task: str) -> dict[str, Any]:
        """What a task of a run passed on, by key."""
        path = f"/dags/{run.dag}/dagRuns/{run.name}/taskInstances/{task}/xcomEntries"
        keys = [entry["key"] for entry in self.api.get(path)["xcom_entries"]]
        return {key: self.api.get(f"{path}/{key}")["value"] for key in keys}

    def database(self) -> str:
        """How the tests reach the pipeline's database: as its own role."""
        found = self.api.get("/connections/apod_postgres")
        password = (self.airflow.home / "secrets" / "postgres_apod_pipeline").read_text()
        return psycopg.conninfo.make_conninfo(
            host=found["host"], port=found["port"], user=found["login"], password=password, dbname=found["schema"]
        )


class SetBench(Bench):
    """The same Airflow, with what it makes of another data set."""

    def __init__(self, airflow: Any, archives: Path, dataset: str) -> None:
        super().__init__(airflow, archives / dataset)
        self.archive = Archive(archives / dataset, data_set(dataset))

    def events(self, **by: str) -> list[tuple[str, str | None]]:
        """Events of assets, as the assets' names and the commits they tell of."""
        found = self.api.get("/assets/events", **by)["asset_events"]
        return [(event["name"], event["extra"].get("commit")) for event in found]

    def by_its_clock(self, dag: str) -> Run:
        """The run that the scheduler makes by itself when a DAG is let go."""
        self.api.patch(f"/dags/{dag}", {"is_paused": False})
        deadline = time.monotonic() + 60
        while not (found := self.api.get(f"/dags/{dag}/dagRuns", run_type="scheduled")["dag_runs"]):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        return self.ended(found[0]["dag_run_id"], dag)
