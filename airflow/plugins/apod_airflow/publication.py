"""The wait for a new day: it costs no worker, and at its end the run goes on whatever came.

Takes a run's day and params, gives a sensor that defers to a trigger, which asks the services every few minutes. Never
fails a run for a day that does not come: at the deadline the run goes on without it, and its last task says what is
missing.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from apod_airflow.names import BaseSensorOperator, Param
from apod_airflow.sets import APOD, set_of

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = dt.timedelta(days=366)
"""Of the wait's `execution_timeout`: Airflow 2 counts the time in the triggerer, and fails a task that is over it."""
PARAMS = {
    "patience": Param(
        6,
        type="number",
        minimum=0,
        maximum=LONGEST.days * 24 - 1,
        title="Patience",
        description="maximum hours to wait for the day",
    ),
    "ask_every": Param(
        300, type="number", minimum=1, maximum=3600, title="Ask every", description="seconds between two requests"
    ),
}
"""What a DAG with such a wait takes."""


class Publication(BaseSensorOperator):
    """Waits until the run's day is out, at most so long after the run's date as its params say."""

    def execute(self, context: Mapping[str, Any]) -> None:
        """Ask once; defer where the day is not out yet."""
        from apod_airflow.runs import date_of, day_of, told_to_airflow

        params = context["params"]
        if params.get("from") or params.get("to"):
            self.log.info("days were given: not waiting")
            return
        day, dataset = day_of(context), set_of(context)
        with told_to_airflow():
            if is_out(day, dataset):
                self.log.info("%s is out", day)
                return
        deadline, every = date_of(context) + dt.timedelta(hours=params["patience"]), float(params["ask_every"])
        self.log.info("%s is not out yet; asking every %s seconds until %s", day, every, deadline)
        trigger = PublicationTrigger(day=str(day), deadline=deadline.isoformat(), every=every, dataset=dataset)
        self.defer(trigger=trigger, method_name="go_on")

    def go_on(self, context: Mapping[str, Any], event: dict[str, Any] | None = None) -> None:  # noqa: ARG002 - Airflow's
        """Say how the wait ended; the run goes on either way."""
        self.log.info((event or {}).get("message", "the wait is over"))


class PublicationTrigger(BaseTrigger):
    """Asks the services for one day until it is out, or the deadline has passed. Holds no key: it is kept as text."""

    def __init__(self, day: str, deadline: str, every: float, dataset: str = APOD) -> None:
        super().__init__()
        self.day, self.deadline, self.every, self.dataset = day, deadline, every, dataset

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What the database keeps of it."""
        kept = {"day": self.day, "deadline": self.deadline, "every": self.every, "dataset": self.dataset}
        return "apod_airflow.publication.PublicationTrigger", kept

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: the day is out, or the deadline has passed."""
        deadline = dt.datetime.fromisoformat(self.deadline)
        while True:
            if await asyncio.to_thread(is_out, dt.date.fromisoformat(self.day), self.dataset):
                yield TriggerEvent({"message": f"{self.day} is out"})
                return
            left = (deadline - dt.datetime.now(dt.UTC)).total_seconds()
            if left <= 0:
                yield TriggerEvent({"message": f"{self.day} is not out by {self.deadline}; continuing without it"})
                return
            await asyncio.sleep(min(self.every, left))


def is_out(day: dt.date, dataset: str = APOD) -> bool:
    """True when one of the services has the day; the settings are looked up at each question.

    A day that may have no entry, or many, is out when it is due: nothing tells whether all of it is there.
    """
    from apod_airflow.connections import NASA, settings
    from apod_pipeline.fetching.http_client import HttpClient
    from apod_pipeline.fetching.probing import is_published
    from apod_pipeline.wiring import data_set_of, readers

    known = settings(day, [NASA], dataset=dataset)
    of = data_set_of(known)
    if of.identity is not None:
        return True
    client = HttpClient(timeout=15.0, retries=0)
    try:
        return is_published(client, [readers(known)[name] for name in known.sources], day, of)
    finally:
        client.close()
