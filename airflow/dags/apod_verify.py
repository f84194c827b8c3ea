"""The weekly audit: is everything what it was, here and on the remotes? What `apod verify` asks.

Takes nothing, gives a green task or a red one that names every difference. Never changes anything.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from apod_airflow.names import AirflowFailException, CronTriggerTimetable, Param, dag, task
from apod_airflow.notices import deadline, failed
from apod_airflow.runs import RETRYING, verify_archive
from apod_airflow.sets import APOD, served, set_of

SERVED = served()
DOC = """
### The weekly audit

Red means that something is not what it was (a reply, a file, a row, an object of DVC's, a commit), or that days are
missing. The log names it, with what to type (`docs/runbook.md`). Nothing was changed; when it is fixed, clear the
task.

On a DVC remote that is not a folder of the worker's, the objects are listed, and the param `remote_bytes` says how many
percent of them are read and hashed: 5 reads all of them in twenty weeks, another part every week.

By its clock it looks at every data set that this Airflow serves; triggered, at the one that the param `dataset` names.
"""


@dag(
    schedule=CronTriggerTimetable("0 6 * * 1", timezone="America/New_York"),
    start_date=dt.datetime(1995, 6, 16, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    tags=["apod"],
    params={
        "dataset": Param(
            APOD if APOD in SERVED else SERVED[0], enum=[*SERVED], title="Data set", description="whose archive"
        ),
        "remote_bytes": Param(
            5,
            type="number",
            minimum=0,
            maximum=100,
            title="Remote bytes, %",
            description="share of a remote elsewhere that is read",
        ),
    },
    doc_md=DOC,
    default_args={**RETRYING, "execution_timeout": dt.timedelta(hours=2), "on_failure_callback": failed},
    **deadline(dt.timedelta(hours=3)),
)
def apod_verify() -> None:
    """One task."""

    @task
    def audit(**context: Any) -> list[str]:
        """Look at everything once; fail loudly."""
        names = SERVED if context["dag_run"].run_type == "scheduled" else (set_of(context),)
        checks = [
            (f"{name}: " if len(names) > 1 else "", check) for name in names for check in verify_archive(context, name)
        ]
        wrong = [f"{of}{check.what}: {check.says} ({check.do})" for of, check in checks if not check.well]
        if wrong:
            raise AirflowFailException("; ".join(wrong))
        return [f"{of}{check.what}: {check.says}" for of, check in checks]

    audit()


apod_verify()
