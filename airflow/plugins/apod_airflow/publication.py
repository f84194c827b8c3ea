"""The wait for a new day: it costs no worker, and at its end the run goes on whatever came.

Takes a run's day, gives a sensor that defers to a trigger, which asks the services every few minutes. Never fails a
run: at the deadline the run goes on without the day, and its last task says what is missing.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from apod_airflow.names import BaseSensorOperator

if TYPE_CHECKING:
    from collections.abc import Mapping


class Publication(BaseSensorOperator):
    """Waits until the run's day is out.

    Args:
        patience: how long after the run's date at most.
        every: how long between two questions.
    """

    def __init__(self, *, patience: dt.timedelta, every: dt.timedelta, **operator: Any) -> None:
        super().__init__(**operator)
        self.patience, self.every = patience, every

    def execute(self, context: Mapping[str, Any]) -> None:
        """Ask once; defer where the day is not out yet."""
        from apod_airflow.connections import settings
        from apod_airflow.runs import day_of, told_to_airflow

        if context["params"].get("from") or context["params"].get("to"):
            self.log.info("days were named: nothing is waited for")
            return
        day = day_of(context)
        with told_to_airflow():
            known = settings(day)
        if is_out(day, known.sources, known.science_url, known.planetary_url, known.nasa_api_key):
            self.log.info("%s is out", day)
            return
        run = context["dag_run"]
        begun = context.get("logical_date") or run.logical_date or run.run_after
        deadline = begun + self.patience
        self.log.info("%s is not out yet; asking every %s until %s", day, self.every, deadline)
        self.defer(
            trigger=PublicationTrigger(
                day=str(day), deadline=deadline.isoformat(), every=self.every.total_seconds(), sources=[*known.sources]
            ),
            method_name="go_on",
        )

    def go_on(self, context: Mapping[str, Any], event: dict[str, Any] | None = None) -> None:  # noqa: ARG002 - Airflow's
        """Say how the wait ended; the run goes on either way."""
        self.log.info((event or {}).get("message", "the wait is over"))


class PublicationTrigger(BaseTrigger):
    """Asks the services for one day until it is out, or the deadline has passed. Holds no key: it is kept as text."""

    def __init__(self, day: str, deadline: str, every: float, sources: list[str]) -> None:
        super().__init__()
        self.day, self.deadline, self.every, self.sources = day, deadline, every, sources

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the database keeps of it."""
        kept = {"day": self.day, "deadline": self.deadline, "every": self.every, "sources": self.sources}
        return "apod_airflow.publication.PublicationTrigger", kept

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: the day is out, or the deadline has passed."""
        deadline = dt.datetime.fromisoformat(self.deadline)
        day = dt.date.fromisoformat(self.day)
        while True:
            if await asyncio.to_thread(_is_out_here, day, self.sources):
                yield TriggerEvent({"message": f"{self.day} is out"})
                return
            left = (deadline - dt.datetime.now(dt.UTC)).total_seconds()
            if left <= 0:
                yield TriggerEvent({"message": f"{self.day} is not out by {self.deadline}; going on without it"})
                return
            await asyncio.sleep(min(self.every, left))


def _is_out_here(day: dt.date, sources: list[str]) -> bool:
    """Ask by the triggerer's environment: where the services are; the key of a connection is not needed for a look."""
    from apod_pipeline.settings import resolve

    known = resolve()
    return is_out(day, sources, known.science_url, known.planetary_url, known.nasa_api_key)


def is_out(day: dt.date, names: Any, science: str, planetary: str, key: str) -> bool:
    """True when one of the services has the day."""
    from apod_pipeline.probing import is_published
    from apod_pipeline.sources.http_client import HttpClient
    from apod_pipeline.sources.planetary import Planetary
    from apod_pipeline.sources.science import Science

    client = HttpClient(timeout=15.0, retries=0)
    known = {"science": Science(science), "planetary": Planetary(planetary, key)}
    try:
        return is_published(client, [known[name] for name in names if name in known], day)
    finally:
        client.close()
