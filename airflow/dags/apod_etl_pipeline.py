"""The daily run of the design document, on Airflow: eight tasks in a row, each a step of `apod_pipeline`.

Takes a run's date or its params, gives a version of the archive. Never holds SQL, HTTP or Git: what a task does is in
the library, what it may do again is in `apod_airflow`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from apod_airflow.budget import ASKING
from apod_airflow.connections import DVC_REMOTE, POSTGRES
from apod_airflow.names import AirflowSkipException, CronTriggerTimetable, Param, dag, task
from apod_airflow.notices import deadline, failed
from apod_airflow.publication import LONGEST, PARAMS, Publication
from apod_airflow.runs import RETRYING, is_last_try, steps, wanted
from apod_airflow.versions import ARCHIVE, linked, told

DOC = """
### The daily run

Requests the run's day, the ten days before it and whatever is missing from NASA; then loads, versions and commits.

| task | red means | do |
|---|---|---|
| `wait_for_publication` | never red: at its deadline the run goes on | look at `report_missing` |
| `extract_apod_data` | refused (the canary's words are in the log), or no answer four times | `apod doctor --probe` |
| `transform_apod_data` | a raw reply is damaged | the log names the reply and the command that brings it back |
| `check_quality` | the archive holds fewer entries than before; nothing was loaded | the log names both ways out |
| `load_to_postgres` | the database cannot be reached or refused | `apod doctor`; clear the task |
| `dvc_track_data` | the DVC remote cannot be written | connection `apod_dvc_remote`; clear the task |
| `git_commit_metadata` | the Git remote cannot be pushed to | connection `apod_git`; clear the task |
| `report_missing` | days are not available or refused; all others are committed | nothing: the next run asks again |

Skipped tasks after a green `transform_apod_data` mean: nothing new. Clearing a run requests *its* days again. Params
`from` and `to` (YYYY-MM-DD) request those days; `patience` and `ask_every` are the wait's.
"""


@dag(
    schedule=CronTriggerTimetable("30 0 * * *", timezone="America/New_York"),
    start_date=dt.datetime(1995, 6, 16, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    tags=["apod"],
    doc_md=DOC,
    params={
        "from": Param(None, type=["null", "string"], format="date", title="From", description="first day to request"),
        "to": Param(None, type=["null", "string"], format="date", title="To", description="last day to request"),
        **PARAMS,
    },
    default_args={**RETRYING, "execution_timeout": dt.timedelta(hours=2), "on_failure_callback": failed},
    **deadline(dt.timedelta(hours=9)),
)
def apod_etl_pipeline() -> None:
    """The design document's DAG."""

    @task(multiple_outputs=True, **ASKING)
    def extract_apod_data(**context: Any) -> dict[str, Any]:
        """Ask; what was told lies in the archive, byte for byte."""
        with steps(context) as run:
            return run.extract(wanted(context), last_try=is_last_try(context))

    @task(multiple_outputs=True)
    def transform_apod_data(**context: Any) -> dict[str, Any]:
        """Derive; nothing new ends here, visibly."""
        with steps(context, connections=()) as run:
            transformed = run.transform()
        if transformed is None:
            raise AirflowSkipException("nothing new: no entry changes, so no version is made")
        return transformed

    @task(multiple_outputs=True)
    def check_quality(**context: Any) -> dict[str, Any]:
        """Report on the files before anything is loaded."""
        with steps(context, connections=()) as run:
            return run.check_quality()

    @task(multiple_outputs=True)
    def load_to_postgres(**context: Any) -> dict[str, Any]:
        """One transaction, only what differs."""
        with steps(context, connections=[POSTGRES]) as run:
            return run.load()

    @task(multiple_outputs=True)
    def dvc_track_data(**context: Any) -> dict[str, Any]:
        """Track, push, look for every object on the remote."""
        with steps(context, connections=[DVC_REMOTE]) as run:
            return run.track()

    @task(multiple_outputs=True, outlets=[ARCHIVE])
    def git_commit_metadata(**context: Any) -> dict[str, Any]:
        """Commit what DVC points to, and push."""
        with steps(context) as run:
            return told(context, run.commit())

    @task(trigger_rule="none_failed", retries=0)
    def report_missing(**context: Any) -> None:
        """Record the run; name the days that are due and were not had."""
        with steps(context, connections=[POSTGRES]) as run:
            run.report_missing()

    asked = Publication(task_id="wait_for_publication", execution_timeout=LONGEST) >> extract_apod_data()
    loaded = asked >> transform_apod_data() >> check_quality() >> load_to_postgres()
    loaded >> dvc_track_data() >> linked(git_commit_metadata()) >> report_missing()


apod_etl_pipeline()
