"""The main DAG's first run, which begins by itself when Airflow is up.

Takes Airflow's API and a DAG's name, gives a line for the user when something has happened, never begins a run
where there is one and never waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_airflow.rest import RestError

if TYPE_CHECKING:
    from local_airflow.rest import RestApi


class FirstRun:
    """The first run of a DAG, from its first sight to its end.

    Args:
        api: Airflow's.
        dag: The DAG's name; nothing happens while there is no such DAG.
    """

    def __init__(self, api: RestApi, dag: str) -> None:
        self._api = api
        self._dag = dag
        self._run: str | None = None
        self._done = False

    def look(self) -> str | None:
        """What is new, in one line; to be asked now and then."""
        import httpx

        try:
            return None if self._done else self._state() if self._run else self._begin()
        except (httpx.TransportError, RestError):
            # the API server rests or has ended; its end is told by whoever watches the parts
            return None

    def _begin(self) -> str | None:
        path = f"/dags/{self._dag}"
        if not self._api.has(path):
            return self._import_error()
        runs = self._api.get(f"{path}/dagRuns", limit=1)["total_entries"]
        if runs == 0:
            self._run = self._api.post(f"{path}/dagRuns", {"logical_date": None})["dag_run_id"]
        self._api.patch(path, {"is_paused": False})
        self._done = runs > 0
        return f"{self._dag} goes on, it has {runs} runs" if runs else f"{self._dag}: its first run begins"

    def _state(self) -> str | None:
        state = self._api.get(f"/dags/{self._dag}/dagRuns/{self._run}")["state"]
        if state not in {"success", "failed"}:
            return None
        self._done = True
        words = "has succeeded" if state == "success" else "has FAILED; its tasks' logs in the user interface say why"
        return f"{self._dag}: its first run {words}"

    def _import_error(self) -> str | None:
        errors = self._api.get("/importErrors", limit=1)["import_errors"]
        if not errors:
            return None
        self._done = True
        return f"{errors[0]['filename']} cannot be imported:\n{errors[0]['stack_trace']}"
