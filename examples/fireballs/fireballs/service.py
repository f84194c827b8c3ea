"""JPL's fireball service: its questions, and the rows of its answers.

Takes days and bodies, gives requests and records. Source: https://ssd-api.jpl.nasa.gov/doc/fireball.html.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apod_pipeline.dataset.json_items import json_items
from apod_pipeline.dataset.readings import Record
from apod_pipeline.dataset.sources import Request
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import Unreadable

FIELDS = {"date", "energy", "impact-e", "lat", "lat-dir", "lon", "lon-dir", "alt", "vel"}


@dataclass(frozen=True)
class FireballService:
    """The service: `dataset.sources.Source` says what each method must do."""

    base: str
    name: str = "jpl"
    page_days: int = 3660

    def list_request(self, span: Span) -> Request:
        """All of some days; JPL asks for one question at a time."""
        query = f"date-min={span.first}&date-max={span.last}T23:59:59"
        return Request(f"{self.base}/fireball.api?{query}", span, "list", alone=True)

    def day_request(self, day: dt.date) -> Request:
        """All of one day."""
        return self.list_request(Span(day, day))._replace(form="day")

    def feed_request(self, span: Span) -> Request | None:
        """There is none."""

    def items(self, body: Path, form: str) -> Iterator[tuple[str | None, Any]]:
        """Every row with its day.

        Raises:
            Unreadable: it is no answer of this service.
        """
        told = next(json_items(body), None)
        if not isinstance(told, dict) or "Fireball" not in str(told.get("signature")):
            raise Unreadable("it is not signed by the service that is asked")
        rows, names = told.get("data", []), told.get("fields", [])
        if str(told.get("count")) != str(len(rows)) or (rows and {*names} != FIELDS):
            raise Unreadable("it counts other rows than it holds, or its columns are not the ones that are known")
        for row in rows:
            record = dict(zip(names, row, strict=True))
            yield str(record["date"])[:10], record

    def settle(self, item: Any) -> Record:
        """One row as it is: nothing in it changes from answer to answer."""
        return dict(item)

    def remark(self, body: Path) -> str | None:
        """Nothing."""

    def denies(self, status: int, body: Path) -> bool:
        """It never does: of a day without a fireball it says that there is none."""
        return False
