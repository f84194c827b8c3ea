"""One task's passage: which day its run stands for, the step of the library, and what its errors mean to Airflow.

Takes a task's context, gives wired `Steps`. Never reads the wall clock: a run that is late, or cleared, asks for its
own day. An error that a later try can help is raised as it is, and Airflow tries again; any other ends the task at
once.
"""

from __future__ import annotations

import datetime as dt
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from apod_airflow.connections import ALL
from apod_airflow.sets import APOD, own_variable, set_of
from apod_airflow.stores import NOT_BROUGHT, shared_out

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from apod_pipeline.audit import Finding
    from apod_pipeline.dataset.spans import Span
    from apod_pipeline.run.pipeline import Wanted
    from apod_pipeline.run.steps import Steps

RETRIES = 3
RETRYING = {
    "owner": "apod",
    "retries": RETRIES,
    "retry_delay": dt.timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": dt.timedelta(minutes=10),
}


def date_of(context: Mapping[str, Any]) -> dt.datetime:
    """A run's own date, or where it has none, when it was to run."""
    run = context["dag_run"]
    # Airflow 2 has no `run_after`: there every run has a date.
    return context.get("logical_date") or run.logical_date or run.run_after


def day_of(context: Mapping[str, Any], dataset: str | None = None) -> dt.date:
    """The newest day that is due for a run, of its data set or another one."""
    from apod_pipeline.dataset.installed import data_set

    name = dataset or set_of(context)
    day = data_set(name).calendar.due(date_of(context))
    last = os.environ.get(own_variable("APOD_TODAY", name)) if name != APOD else None
    return min(day, dt.date.fromisoformat(last)) if last else day


def wanted(context: Mapping[str, Any]) -> Wanted:
    """What a run asks for: the days of its params, else what is due."""
    from apod_pipeline.run.pipeline import Wanted

    params = context["params"]
    return Wanted(name_of(context), span_of(context) if params.get("from") or params.get("to") else None)


def span_of(context: Mapping[str, Any]) -> Span:
    """The days that a run's params name: from the set's first day to the run's, where they leave it open.

    Raises:
        SettingsError: for a span that runs backwards, or begins after the run's day.
    """
    from apod_pipeline.dataset.installed import data_set
    from apod_pipeline.dataset.spans import Span
    from apod_pipeline.errors import SettingsError

    day, params = day_of(context), context["params"]
    first = (
        dt.date.fromisoformat(params["from"]) if params.get("from") else data_set(set_of(context)).calendar.first_day
    )
    last = dt.date.fromisoformat(params["to"]) if params.get("to") else day
    if last < first or first > day:
        raise SettingsError(
            f"from {first} to {last}: the first day must not be after the last, nor after {day}. "
            "Trigger again with other params."
        )
    return Span(first, last)


def wanted_part(context: Mapping[str, Any], part: Mapping[str, str]) -> Wanted:
    """What one part of a backfill asks for: its days that are not there yet."""
    from apod_pipeline.run.pipeline import Wanted

    return Wanted(name_of(context), _span(part), only_missing=True)


def gather(run: Steps, context: Mapping[str, Any], parts: Iterable[Mapping[str, str]]) -> None:
    """Take what the parts of a run have counted into the run's own outcome."""
    parts = list(parts)
    formerly = {name_of(context, part): _former_name(context, part) for part in parts}
    run.gather({name_of(context, part): _span(part) for part in parts}, formerly)


def _span(part: Mapping[str, str]) -> Span:
    from apod_pipeline.dataset.spans import Span

    return Span(dt.date.fromisoformat(part["from"]), dt.date.fromisoformat(part["to"]))


def is_last_try(context: Mapping[str, Any]) -> bool:
    """True when a failure of this try is not followed by another one."""
    return int(context["ti"].try_number) > RETRIES


def name_of(context: Mapping[str, Any], part: Mapping[str, str] | None = None) -> str:
    """What the library calls a run, or a part of one that keeps its own counts.

    No other run of any DAG has it: the id of a DAG holds neither a blank nor a bracket, whatever that of a run holds.
    """
    suffix = f"[{part['from']}]" if part else ""
    return f"{context['dag'].dag_id}{suffix} {context['run_id']}"


def _former_name(context: Mapping[str, Any], part: Mapping[str, str] | None = None) -> str:
    """What it was called when runs of two DAGs could have one name; one that is under way in an upgrade goes on."""
    suffix = f".{part['from']}" if part else ""
    return f"{context['run_id']}{suffix}"


@contextmanager
def steps(
    context: Mapping[str, Any], *, connections: Collection[str] = ALL, part: Mapping[str, str] | None = None
) -> Iterator[Steps]:
    """The steps of a task's run.

    Args:
        context: the task's.
        connections: those that the task can come to need.
        part: a part of the run that keeps its own counts.
    """
    from apod_airflow.alerting import with_notifiers
    from apod_airflow.connections import settings
    from apod_airflow.lineage import describe
    from apod_pipeline.run.steps import Steps
    from apod_pipeline.versioning.dvc import DvcVersioner
    from apod_pipeline.wiring import pipeline

    with told_to_airflow():
        known = settings(day_of(context), connections, dataset=set_of(context))
        describe(context["ti"].task, known)
        with pipeline(known, tell=_tell, dvc=DvcVersioner) as plain:
            wired = with_notifiers(shared_out(plain, context), context["ti"].task_id)
            yield Steps(wired, name_of(context, part), name_of(context), _former_name(context, part))


def stateless(context: Mapping[str, Any]) -> dict[str, Any]:
    """A whole run that keeps nothing on the worker; what it did, with its commit and that commit's page.

    Raises:
        AirflowFailException: days that are due were refused, or a later try cannot help.
        DaysMissing: days that are due are not to be had yet.
        ObjectStoreError: nothing was new, and the object store still lacks what is there. Where a version was made,
            `exit_code` tells that: the version is told of first.
    """
    from apod_airflow.connections import settings
    from apod_airflow.lineage import describe
    from apod_pipeline.archive.run_record import as_json
    from apod_pipeline.errors import DataRefused, DaysMissing
    from apod_pipeline.extras.objectstore.complaints import ObjectStoreError
    from apod_pipeline.jobs.stateless import run_stateless
    from apod_pipeline.versioning.git import commit_page

    with told_to_airflow():
        known = settings(day_of(context))
        describe(context["ti"].task, known)
        outcome = run_stateless(lambda archive: settings(day_of(context), archive=archive), wanted(context), _tell)
        if outcome.missing:
            day = min(outcome.missing)
            kind = DataRefused if outcome.exit_code == DataRefused.exit_code else DaysMissing
            raise kind(
                f"{day}{f' and {len(outcome.missing) - 1} more days' if outcome.missing.keys() - {day} else ''}: "
                f"{outcome.missing[day]}. Everything received is loaded and pushed; the next run requests these days "
                "again."
            )
        if outcome.exit_code == ObjectStoreError.exit_code and outcome.version is None:
            raise ObjectStoreError(NOT_BROUGHT)
    commit = outcome.version
    return as_json(outcome) | {"commit": commit, "commit_url": commit_page(known.git_remote, commit)}


@contextmanager
def told_to_airflow() -> Iterator[None]:
    """Let Airflow try again what a later try can help, and end at once what it cannot."""
    from apod_airflow.names import AirflowFailException
    from apod_pipeline.errors import ApodError

    try:
        yield
    except ApodError as error:
        if error.retryable:
            raise
        raise AirflowFailException(str(error)) from error


def _tell(message: str) -> None:
    import logging

    logging.getLogger("apod_pipeline").info(message)


def verify_archive(context: Mapping[str, Any], dataset: str) -> list[Finding]:
    """The audit of a set's archive, which the connections and the environment name, as of the run's day.

    The param `remote_bytes` says how much, in percent, of a DVC remote that is no folder of the worker's is read.
    """
    from apod_airflow.alerting import with_channels
    from apod_airflow.connections import settings
    from apod_airflow.lineage import describe
    from apod_pipeline.jobs.verify import verify

    with told_to_airflow():
        known = settings(day_of(context, dataset), dataset=dataset)
        describe(context["ti"].task, known)
        return verify(known, context["params"]["remote_bytes"] / 100, with_channels)
