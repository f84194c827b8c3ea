"""A running Airflow 2.9.1 with what the tests ask of it.

Takes an instance and the archive that its tasks fill, gives runs of the project's DAGs and what they left behind.
Begins runs by Airflow's command line, looks at them in its metadata; never writes there.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import psycopg

from airflow_bench import MAIN, Run, Traces

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from airflow_2_instance import Airflow2

    from local_airflow.databases import Database

_RUN_SECONDS = 150.0


class Bench2(Traces):
    """The session's Airflow 2.9.1, and the archive that its tasks fill."""

    def __init__(self, airflow: Airflow2, archive: Path) -> None:
        super().__init__(airflow.home, archive)
        self.airflow = airflow

    def run(self, at: dt.datetime | None = None, dag: str = MAIN, **conf: Any) -> Run:
        """A run from its beginning, by the command line, to its end."""
        self.airflow.cli("dags", "unpause", dag)
        name = f"test_{time.monotonic_ns()}"
        date = ["--exec-date", at.isoformat()] if at else []
        self.airflow.cli("dags", "trigger", "--run-id", name, "--conf", json.dumps(conf), *date, dag)
        return self.ended(name, dag)

    def ended(self, name: str, dag: str = MAIN) -> Run:
        """A run when it has come to its end; of mapped tasks the last."""
        for _ in self.airflow.eventually(f"the end of {name}", _RUN_SECONDS):
            [(state,)] = self.metadata("SELECT state FROM dag_run WHERE dag_id = %s AND run_id = %s", dag, name)
            if state in {"success", "failed"}:
                break
        found = self.metadata(
            "SELECT task_id, state, try_number FROM task_instance WHERE dag_id = %s AND run_id = %s", dag, name
        )
        return Run(dag, name, state, {task: {"state": state, "try_number": tries} for task, state, tries in found})

    def first_of(self, dag: str) -> Run:
        """The run that the scheduler makes of a DAG by itself, when it has ended."""
        for _ in self.airflow.eventually(f"a run of {dag}", 60):
            if found := self.metadata("SELECT run_id FROM dag_run WHERE dag_id = %s ORDER BY id", dag):
                break
        return self.ended(found[0][0], dag)

    def xcoms(self, run: Run, task: str) -> dict[str, Any]:
        """What a task of a run passed on, by key."""
        found = self.metadata(
            "SELECT key, value FROM xcom WHERE dag_id = %s AND run_id = %s AND task_id = %s", run.dag, run.name, task
        )
        return {key: json.loads(value) for key, value in found}

    def metadata(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What Airflow's own database answers."""
        with psycopg.connect(self._conninfo(self.airflow.metadata)) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def database(self) -> str:
        """How the tests reach the pipeline's database: as its own role."""
        return self._conninfo(self.airflow.loaded)

    def _conninfo(self, database: Database) -> str:
        found = database.fields(self.airflow.server)
        return psycopg.conninfo.make_conninfo(
            host=found["host"], port=found["port"], user=database.role, password=database.password, dbname=database.name
        )
