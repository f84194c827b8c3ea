"""The daily run of a data set on Airflow: eight tasks in a row, each a step of `apod_pipeline`; two more with a store.

Takes a set's name, gives a DAG; none for a set that this Airflow does not serve. Never holds SQL, HTTP or Git: what a
task does is in the library, what it may do again is in `apod_airflow`.

A set's DAG file is these three lines, for a set of anybody's, with the package that provides it beside this one:

    from apod_airflow.daily import make_daily

    dag = make_daily("approaches")

It makes `approaches_etl_pipeline`, with the tasks of `apod_etl_pipeline`, where `APOD_DATASETS` names the set:
`APOD_DATASETS=apod,approaches`. Its clock is the set's own: half past midnight where its days begin. A file that names
the zone, `make_daily("approaches", zone="UTC")`, is read without loading the set; `schedule` is another cron line. What
makes a version tells the asset `approaches_archive` of it.
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
from apod_airflow.sets import APOD, served, zone_of
from apod_airflow.stores import BRINGS, COMPLETES, brings, has_store, see_that_it_is_loaded
from apod_airflow.versions import asset_of, linked, told

DOC = """
### The daily run

Requests the run's day, the ten days before it and whatever is missing from {whom}; then loads, versions and commits.

| task | red means | do |
|---|---|---|
| `wait_for_publication` | never red: at its deadline the run goes on | look at `report_missing` |
| `extract_apod_data` | refused (the canary's words are in the log), or no answer four times | `apod doctor --probe` |
| `transform_apod_data` | a raw reply is damaged | the log names the reply and the command that brings it back |
| `check_quality` | the archive holds fewer entries than before; nothing was loaded | the log names both ways out |
| `load_to_postgres` | the database cannot be reached or refused | `apod doctor`; clear the task |
| `dvc_track_data` | the DVC remote cannot be written | connection `{set}_dvc_remote`; clear the task |
| `git_commit_metadata` | the Git remote cannot be pushed to | connection `{set}_git`; clear the task |
| `report_missing` | days are not available or refused; all others are committed | nothing: the next run asks again |

Skipped tasks after a green `transform_apod_data` mean: nothing new. Clearing a run requests *its* days again. Params
`from` and `to` (YYYY-MM-DD) request those days; `patience` and `ask_every` are the wait's.
"""
STORES = """
An object store is set, so `load_to_s3` stands beside `load_to_postgres`; it also runs where nothing is new.

| task | red means | do |
|---|---|---|
| `load_to_s3` | the store refused, or was away four times; rows and commit are made | the log; the next run heals it |
| `complete_s3` | the same, of what came since; upstream failed: `load_to_s3` is red | the same |
"""
DAYS = {
    "from": Param(None, type=["null", "string"], format="date", title="From", description="first day to request"),
    "to": Param(None, type=["null", "string"], format="date", title="To", description="last day to request"),
}


def make_daily(dataset: str, *, zone: str | None = None, schedule: str = "30 0 * * *") -> Any:
    """The DAG `<set>_etl_pipeline`; None where this Airflow does not serve the set.

    Args:
        dataset: the set's name.
        zone: of its clock; by default where its days begin.
        schedule: when it runs, as a line of cron.
    """
    if dataset not in served():
        return None
    # APOD's runs have no such param: who names no set means APOD
    whose = (
        {} if dataset == APOD else {"dataset": Param(dataset, const=dataset, title="Data set", description="its own")}
    )

    stored = has_store(dataset)

    @dag(
        dag_id=f"{dataset}_etl_pipeline",
        schedule=CronTriggerTimetable(schedule, timezone=zone or zone_of(dataset)),
        start_date=dt.datetime(1995, 6, 16, tzinfo=dt.UTC),
        catchup=False,
        max_active_runs=1,
        tags=[dataset],
        doc_md=DOC.format(whom="NASA" if dataset == APOD else "its sources", set=dataset) + (STORES if stored else ""),
        params={**DAYS, **PARAMS, **whose},
        default_args={**RETRYING, "execution_timeout": dt.timedelta(hours=2), "on_failure_callback": failed},
        **deadline(dt.timedelta(hours=9)),
    )
    def etl_pipeline() -> None:
        """The design document's DAG."""
        _tasks(asset_of(dataset), stored=stored)

    return etl_pipeline()


def _tasks(archive: Any, *, stored: bool) -> None:
    """The design document's tasks, in its order; and where versions go to a store, those that bring them there."""

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

    # It waits for both loads, and only the store's may have failed.
    @task(multiple_outputs=True, **({"trigger_rule": "none_skipped"} if stored else {}))
    def dvc_track_data(**context: Any) -> dict[str, Any]:
        """Track, push, look for every object on the remote."""
        see_that_it_is_loaded(context)
        with steps(context, connections=[DVC_REMOTE]) as run:
            return run.track()

    @task(multiple_outputs=True, outlets=[archive])
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
    checked = asked >> transform_apod_data() >> check_quality()
    tracked = checked >> load_to_postgres() >> dvc_track_data()
    committed = tracked >> linked(git_commit_metadata())
    committed >> report_missing()
    if stored:
        sent = brings(BRINGS)
        checked >> sent >> tracked
        [sent, committed] >> brings(COMPLETES)
