"""The object store on Airflow: whether a set's versions go to one, its keys, and the tasks that bring them there.

Takes the environment of who reads DAG files, a connection, a run's context; gives tasks and settings. Where no store is
set it adds nothing: no task, no edge. `load_to_s3` stands beside `load_to_postgres` and holds nothing of the archive;
what follows both goes on where it failed for good, because rows and commits do not hang on a store.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from apod_airflow.sets import surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apod_pipeline.run.pipeline import Pipeline
    from apod_pipeline.settings import Settings

S3 = "apod_s3"
EXTRA = "objectstore"
BRINGS, LOADS = "load_to_s3", "load_to_postgres"
COMPLETES = "complete_s3"
"""The last task of a daily run with a store: it brings what came since, and fails where the store's branch did."""
NOT_BROUGHT = (
    "Not everything could be brought where versions go besides: the log of the run says what and why. Tables, files "
    "and commit are whole; the next run brings it there."
)


def has_store(dataset: str) -> bool:
    """Whether the environment says that a set's versions go to a store."""
    extras = {name.strip() for name in os.environ.get("APOD_EXTRAS", "").split(",")}
    return EXTRA in extras and bool(surroundings(dataset, os.environ).get("APOD_OBJECTSTORE_URL"))


def brings(task_id: str) -> Any:
    """A task that brings the last version to the store, also where this run made none: who is behind catches up."""
    from apod_airflow.names import AirflowSkipException, task

    @task(task_id=task_id, multiple_outputs=True, trigger_rule="none_failed")
    def bring(**context: Any) -> dict[str, Any]:
        """Send what is not there yet, then let everybody see the version."""
        from apod_airflow.runs import steps

        with steps(context, connections=[S3]) as run:
            brought = run.bring()
        if brought is None:
            raise AirflowSkipException("there is no version yet, or this set's versions go to no store")
        return brought

    return bring()


def shared_out(wired: Pipeline, context: Mapping[str, Any]) -> Pipeline:
    """A pipeline that brings versions where its task is to: those that bring to the store only there, others not."""
    if BRINGS not in context["dag"].task_ids:
        return wired  # there is no such task: the tracking one does it, or the only one
    here = context["ti"].task_id in {BRINGS, COMPLETES}
    return replace(wired, beside=tuple(one for one in wired.beside if one.apart == here))


def see_that_it_is_loaded(context: Mapping[str, Any]) -> None:
    """End a task at once that waits for both loads, where the tables were not loaded: the store's alone may fail.

    Raises:
        AirflowFailException: they were not.
    """
    from apod_airflow.names import AirflowFailException

    if BRINGS not in context["dag"].task_ids:
        return
    run = context["dag_run"]
    if hasattr(context["ti"], "get_task_states"):
        states = context["ti"].get_task_states(dag_id=run.dag_id, task_ids=[LOADS], run_ids=[run.run_id])
        state = states.get(run.run_id, {}).get(LOADS)
    else:  # Airflow 2
        state = run.get_task_instance(LOADS).state
    if state != "success":
        raise AirflowFailException(f"{LOADS} is {state or 'not done'}, so nothing is tracked: clear that one")


def with_store(settings: Settings, connection: Any) -> Settings:
    """Settings with what the connection `apod_s3` says: keys, and where it names them, server and region.

    An empty field leaves the word to the environment, `AWS_ACCESS_KEY_ID` and its like.
    """
    from apod_pipeline.extras.objectstore.settings import Keys

    if connection is None:
        return settings
    extra = connection.extra_dejson
    own = dict(settings.own)
    if endpoint := extra.get("endpoint_url"):
        own["objectstore_endpoint"] = str(endpoint).rstrip("/")
    own["objectstore_keys"] = Keys(
        connection.login or None,
        connection.password or None,
        extra.get("aws_session_token") or extra.get("session_token"),
        extra.get("region_name") or extra.get("region"),
    )
    return replace(settings, own=own)
