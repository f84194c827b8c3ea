"""Many days at once, in parts that are asked for one after another within a budget, and one version at the end.

Takes `from`, `to` and the size of a part, gives a version that holds all that came. Never asks for a day that is there.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from apod_airflow.budget import PARTS
from apod_airflow.connections import POSTGRES
from apod_airflow.names import AirflowFailException, AirflowSkipException, Param, dag, task
from apod_airflow.notices import deadline, failed
from apod_airflow.runs import RETRYING, gather, is_last_try, span_of, steps, wanted_part
from apod_airflow.sets import APOD, served
from apod_airflow.stores import BRINGS, brings, has_store
from apod_airflow.versions import linked, outlet_of, told

SERVED = served()
OUTLET = outlet_of(SERVED, "apod_backfill")
DOC = """
### Backfill

Trigger with `from` and `to`, and with `dataset` where this Airflow serves more than one. Only days that are not there
yet are requested: after a failure, trigger it again with the same params, and it continues where it stopped. The parts
run one after another, each with at most `APOD_HTTP_CONCURRENCY` concurrent requests. Everything received is one
version, made at the end.

If a part is red, its log says which service refused what. What the other parts received is in the version all the same,
and `report_missing` is red and names what is not. Clear the part, or trigger again. `load_to_s3`, where an object store
is set, brings the version there when it is committed.
"""


@dag(
    schedule=None,
    start_date=dt.datetime(1995, 6, 16, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    tags=["apod"],
    doc_md=DOC,
    params={
        "dataset": Param(
            APOD if APOD in SERVED else SERVED[0], enum=[*SERVED], title="Data set", description="whose archive"
        ),
        "from": Param(
            "1995-06-16",
            type=["null", "string"],
            format="date",
            title="From",
            description="first day; the set's first if empty",
        ),
        "to": Param(
            None, type=["null", "string"], format="date", title="To", description="last day; the newest if empty"
        ),
        "days": Param(
            366, type="integer", minimum=1, maximum=4000, title="Days per part", description="size of a part, in days"
        ),
    },
    default_args={**RETRYING, "execution_timeout": dt.timedelta(hours=6), "on_failure_callback": failed},
    **deadline(dt.timedelta(hours=24)),
)
def apod_backfill() -> None:
    """Parts, then one version."""

    @task
    def plan(**context: Any) -> list[dict[str, str]]:
        """What is missing, in parts; none skips all that follows."""
        with steps(context, connections=()) as run:
            return run.chunks(span_of(context), context["params"]["days"])

    @task(**PARTS, map_index_template="{{ part['from'] }} to {{ part['to'] }}")
    def extract_part(part: dict[str, str], **context: Any) -> dict[str, Any]:
        """Ask for one part's days."""
        with steps(context, part=part) as run:
            return run.extract(wanted_part(context, part), last_try=is_last_try(context))

    @task(multiple_outputs=True, trigger_rule="none_skipped", outlets=[OUTLET])
    def make_version(parts: list[dict[str, str]] | None, **context: Any) -> dict[str, Any]:
        """One version of all that came, through all the stages; also when a part failed."""
        if parts is None:
            raise AirflowFailException("nothing was requested: the log of `plan` says why")
        with steps(context) as run:
            gather(run, context, parts)
            version = run.publish()
        if version is None:
            raise AirflowSkipException("nothing new: no entry changes, so no version is made")
        return told(context, version, OUTLET)

    @task(trigger_rule="none_failed", retries=0)
    def report_missing(**context: Any) -> None:
        """Record the run; name the days that were not had."""
        with steps(context, connections=[POSTGRES]) as run:
            run.report_missing()

    parts = plan()
    made = extract_part.expand(part=parts) >> linked(make_version(parts))
    made >> report_missing()
    if any(map(has_store, SERVED)):
        made >> brings(BRINGS)


apod_backfill()
