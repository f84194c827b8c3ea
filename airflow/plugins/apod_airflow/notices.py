"""What is said when a task fails, and when a run takes too long: a line in the log, and an alert where alerts are on.

Takes Airflow's contexts, writes one line into the log of whoever runs it: a failure into the task's, a missed deadline
into the triggerer's. Never raises: a notice that fails must not fail the run once more.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Any

from apod_airflow.names import AsyncCallback, DeadlineAlert, DeadlineReference

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

log = logging.getLogger("apod_airflow.notices")

ASKED_BY = "APOD_AIRFLOW_DEADLINES"
"""The variable of whoever reads the DAG files that switches deadlines on."""


def failed(context: Mapping[str, Any]) -> None:
    """A task has failed for good."""
    task = context["ti"]
    log.error("apod: %s.%s of %s failed: %s", task.dag_id, task.task_id, task.run_id, context.get("exception"))
    try:
        from apod_airflow.alerting import tell_failed

        tell_failed(context)
    except Exception as error:  # noqa: BLE001 - see above
        log.warning("apod: no alert of it could be sent (%s)", type(error).__name__)


def deadline(after: dt.timedelta) -> dict[str, Any]:
    """Arguments of a DAG whose runs are to end so long after they were queued; none unless that is asked for.

    Airflow 3.3.2 ends `airflow dags test` with an error behind the last green task where a DAG has a deadline
    (apache/airflow#73428), so an Airflow that nobody set up for us has none. Airflow 2 knows none at all.
    """
    if DeadlineAlert is None or os.environ.get(ASKED_BY, "").lower() not in {"1", "true", "yes"}:
        return {}
    alert = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=after,
        callback=AsyncCallback(late, kwargs={"hours": after.total_seconds() / 3600}),
    )
    return {"deadline": alert}


async def late(context: Mapping[str, Any], hours: float) -> None:
    """A run has missed its deadline; it goes on."""
    run = context["dag_run"]
    log.error("apod: %s of %s has not ended %g hours after it was queued", run["dag_run_id"], run["dag_id"], hours)
    try:
        from apod_airflow.alerting import tell_overdue

        await asyncio.to_thread(tell_overdue, run["dag_id"], run["dag_run_id"], hours)
    except Exception as error:  # noqa: BLE001 - see above
        log.warning("apod: no alert of it could be sent (%s)", type(error).__name__)
