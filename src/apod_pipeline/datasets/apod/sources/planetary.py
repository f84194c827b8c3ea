"""NASA's old service, `api.nasa.gov/planetary/apod`, and every mirror that speaks it.

Takes days, gives requests; takes bodies, gives items. Never decides whether an answer is to be believed.
Oddities: the key goes into a header (the service behind the gateway refuses it as a parameter, and an address
is kept); a range silently leaves out days that failed upstream; a day that is not there is a 404.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apod_pipeline.dataset.json_items import json_items
from apod_pipeline.dataset.readings import Record
from apod_pipeline.dataset.sources import Request
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod.sources.planetary_record import settle


@dataclass(frozen=True, eq=False, repr=False)
class Planetary:
    """The old API at a base address, with a key.

    A base whose path ends in `/apod` is the service itself, as NASA's own code answers where it is installed by oneself
    (`http://host:5000/v1/apod/`); else the service lies at `/planetary/apod` below it.
    """

    base: str
    key: str = field(repr=False, default="DEMO_KEY")
    page_days: int = 366
    name: str = "planetary"

    @property
    def _service(self) -> str:
        base = self.base.rstrip("/")
        if base.endswith("/v1/apod"):
            return f"{base}/"  # without the slash, NASA's code sends every question on
        return self.base if base.endswith("/apod") else f"{base}/planetary/apod"

    def _request(self, query: str, asked: Span, form: str) -> Request:
        return Request(f"{self._service}?{query}", asked, form, {"X-Api-Key": self.key})

    def list_request(self, span: Span) -> Request:
        """All days of a span."""
        return self._request(f"start_date={span.first}&end_date={span.last}", span, "list")

    def day_request(self, day: dt.date) -> Request:
        """One day."""
        return self._request(f"date={day}", Span(day, day), "day")

    def feed_request(self, span: Span) -> Request | None:  # noqa: ARG002 - the silhouette of a source
        """The old service has no feed that says as much as an answer."""
        return None

    def items(self, body: Path, form: str) -> Iterator[tuple[str | None, Any]]:  # noqa: ARG002 - the same for all forms
        """Every item with its day."""
        for item in json_items(body):
            told = item.get("date") if isinstance(item, dict) else None
            yield (told if isinstance(told, str) else None), item

    def settle(self, item: Any) -> Record:  # noqa: ANN401 - whatever the service's JSON held
        """One item without what changes from fetch to fetch."""
        return settle(item)

    def remark(self, body: Path) -> str | None:
        """Nothing: it tells no version of itself."""

    def denies(self, status: int, body: Path) -> bool:
        """The service's own words for "no such day", or for a newest day that is not there yet by its own clock.

        A 404 of anybody else (a web server, a gateway), or of an address that the service does not know, says nothing
        of the day.
        """
        words = _DENIALS.get(status)
        return words is not None and _said(body).startswith(words)


_DENIALS = {404: "No data available for date", 400: "Date must be between"}


def _said(body: Path) -> str:
    try:
        content = json.loads(body.read_bytes()[:10_000])
    except (ValueError, RecursionError):
        return ""
    message = content.get("msg") if isinstance(content, dict) else None
    return message if isinstance(message, str) else ""
