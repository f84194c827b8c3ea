"""JPL's close-approach service (CAD, version 1.5): its questions, and the rows of its answers.

Takes days and bodies, gives requests and records. A row is mapped by the names that the answer gives its columns.
Source: https://ssd-api.jpl.nasa.gov/doc/cad.html.
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
from apod_pipeline.datasets.approaches.rules.times import day_of
from apod_pipeline.errors import Unreadable

NAME = "NASA/JPL SBDB Close Approach Data API"
VERSIONS = ("1.3", "1.4", "1.5")
_USUAL = ("des", "orbit_id", "jd", "cd", "dist", "dist_min", "dist_max", "v_rel", "v_inf", "t_sigma_f", "h")
FIELDS = frozenset((*_USUAL, "diameter", "diameter_sigma", "fullname"))


@dataclass(frozen=True)
class Jpl:
    """The service.

    Attributes:
        base: its address.
        dist_max: how close an approach is, as the service takes it.
        page_days: how many days one list is asked for.
    """

    base: str
    dist_max: str = "0.05"
    page_days: int = 366
    name: str = "jpl"

    def list_request(self, span: Span) -> Request:
        """All approaches of some days."""
        return self._request(span, "list")

    def day_request(self, day: dt.date) -> Request:
        """All approaches of one day."""
        return self._request(Span(day, day), "day")

    def _request(self, span: Span, form: str) -> Request:
        # The calendar day is that of the time to the minute, which is rounded: half a minute before midnight it is the
        # next day's. A bare day would be its 00:00, so that the last one would be lost.
        before = "0001-01-01" if span.first == dt.date.min else str(span.first - dt.timedelta(days=1))
        query = (
            f"date-min={before}T23:59:30&date-max={span.last}T23:59:30&dist-max={self.dist_max}"
            "&diameter=true&fullname=true"
        )
        return Request(f"{self.base}/cad.api?{query}", span, form, alone=True)

    def feed_request(self, span: Span) -> Request | None:
        """There is none."""

    def items(self, body: Path, form: str) -> Iterator[tuple[str | None, Any]]:
        """Every row with its day.

        Raises:
            Unreadable: it is no answer of this service, or of a form that is not known.
        """
        told = _object(body)
        count, rows = told.get("count"), told.get("data", [])
        if not str(count).isdigit() or not isinstance(rows, list) or int(str(count)) != len(rows):
            raise Unreadable(f"it counts {count!r} rows and holds {len(rows) if isinstance(rows, list) else 'no list'}")
        names = told.get("fields", [])
        if not rows and not names:
            return
        if not isinstance(names, list) or len(names) != len(FIELDS) or {*map(str, names)} != FIELDS:
            raise Unreadable(f"its columns are not the ones that are known: {names!r:.300}")
        for row in rows:
            if not isinstance(row, list) or len(row) != len(names):
                raise Unreadable(f"a row has other columns than the answer: {row!r:.100}")
            record = dict(zip(names, row, strict=True))
            yield day_of(record.get("cd"), record.get("jd")), record

    def settle(self, item: Any) -> Record:  # noqa: ANN401 - whatever the service's JSON held
        """One row; full names come with blanks before them."""
        record: dict[str, Any] = dict(item)
        if isinstance(record["fullname"], str):
            record["fullname"] = record["fullname"].strip() or None
        return record

    def denies(self, status: int, body: Path) -> bool:
        """It never does: of a day without an approach it says that there is none."""
        return False

    def remark(self, body: Path) -> str | None:
        """What is to be known of an answer that is taken all the same: a version that nobody here has seen."""
        version = _object(body)["signature"].get("version")
        return None if version in VERSIONS else f"the service calls itself version {version!r}, which is not known here"


def _object(body: Path) -> dict[str, Any]:
    told = next(json_items(body), None)
    if not isinstance(told, dict):
        raise Unreadable("a list where an object belongs")
    signature = told.get("signature")
    if not isinstance(signature, dict) or signature.get("source") != NAME:
        message = told.get("message")
        raise Unreadable(f"the service says: {message}" if message else "it is not signed by the service that is asked")
    return told
