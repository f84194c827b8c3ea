"""The daily run in one task that keeps nothing on its worker: for where no folder can be shared.

Takes a run's date or its params, gives a version on the remotes. Never runs by itself beside `apod_etl_pipeline`: it is
created paused.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from apod_airflow.budget import ASKING
from apod_airflow.names import AirflowFailException, AirflowSkipException, CronTriggerTimetable, Param, dag, task
from apod_airflow.notices import deadline, failed
from apod_airflow.runs import RETRYING, stateless
from apod_airflow.sets import APOD, served
from apod_airflow.stores import NOT_BROUGHT, has_store
from apod_airflow.versions import ARCHIVE, linked, told

DOC = """
### The daily run, without a shared folder

What `apod run --stateless` does: clones the newest version from the Git remote, pulls what it needs from the DVC
remote, requests the run's day, the ten days before it and whatever is missing from NASA, loads, pushes, and forgets.
Needs `apod_postgres` (a server), `apod_git` and `apod_dvc_remote`. Unpause this *or* `apod_etl_pipeline`, not both.

| `run_stateless` | means | do |
|---|---|---|
| skipped | nothing new | nothing |
| up for retry | a day is not out yet, or a service or a remote is away | nothing: three more tries, within four hours |
| red | refused, or still not available; what was received is loaded and pushed | see the log; the next run asks again |

Where an object store is set, `report_store` is red when it did not take the version: the next run brings it.

Params `from` and `to` (YYYY-MM-DD) request those days.
"""

# There is no task that waits for the day's publication: the retries do.
PATIENT = {"retry_delay": dt.timedelta(minutes=30), "max_retry_delay": dt.timedelta(hours=3)}


@dag(
    schedule=CronTriggerTimetable("30 0 * * *", timezone="America/New_York"),
    start_date=dt.datetime(1995, 6, 16, tzinfo=dt.UTC),
    catchup=False,
    is_paused_upon_creation=True,
    max_active_runs=1,
    tags=["apod"],
    doc_md=DOC,
    params={
        "from": Param(None, type=["null", "string"], format="date", title="From", description="first day to request"),
        "to": Param(None, type=["null", "string"], format="date", title="To", description="last day to request"),
    },
    default_args={**RETRYING, **PATIENT, "execution_timeout": dt.timedelta(hours=2), "on_failure_callback": failed},
    **deadline(dt.timedelta(hours=9)),
)
def apod_stateless() -> None:
    """One task."""

    @task(multiple_outputs=True, outlets=[ARCHIVE], **ASKING)
    def run_stateless(**context: Any) -> dict[str, Any]:
        """From the remotes, into the database, back to the remotes."""
        done = stateless(context)
        if done["commit"] is None:
            raise AirflowSkipException("nothing new: no version was made")
        return told(context, done)

    @task(retries=0)
    def report_store(**context: Any) -> None:
        """Turn red where a version was made, and the object store did not take it."""
        if context["ti"].xcom_pull(task_ids="run_stateless", key="exit_code"):
            raise AirflowFailException(NOT_BROUGHT)

    done = linked(run_stateless())
    if has_store(APOD):
        done >> report_store()


if APOD in served():
    apod_stateless()
