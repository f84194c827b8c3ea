"""NASA's new service: `science.nasa.gov/wp-json/wp/v2/apod-basic`; no key, at most 25 days a page.

Takes days, gives requests; takes bodies, gives items. Never decides whether an answer is to be believed.
Oddities: unknown parameters are ignored without a word (the newest 25 come instead), a missing day is a 404 with
a code of WordPress, days are written YYMMDD.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apod_pipeline.dataset.json_items import json_items
from apod_pipeline.dataset.readings import Record
from apod_pipeline.dataset.sources import Request
from apod_pipeline.dataset.spans import Span


@dataclass(frozen=True, eq=False, repr=False)
class Science:
    """The new API at a base address."""

    base: str
    page_days: int = 25
    name: str = "science"

    @property
    def _list(self) -> str:
        return f"{self.base}/wp-json/wp/v2/apod-basic"

    def list_request(self, span: Span) -> Request:
        """All days of a span; at most `page_days`, so that one page holds them."""
        query = f"date_from={span.first:%y%m%d}&date_to={span.last:%y%m%d}&per_page={self.page_days}"
        return Request(f"{self._list}?{query}", span, "list")

    def day_request(self, day: dt.date) -> Request:
        """One day."""
        return Request(f"{self._list}/{day:%y%m%d}", Span(day, day), "day")

    def feed_request(self, span: Span) -> Request | None:
        """The newest thirty, as RSS."""
        return Request(f"{self.base}/feed/apod-basic/", span, "feed")

    def items(self, body: Path, form: str) -> Iterator[tuple[str | None, Any]]:
        """Every item with its day."""
        if form == "feed":
            from apod_pipeline.datasets.apod.sources.science_feed import feed_items

            yield from feed_items(body)
            return
        for item in json_items(body):
            told = item.get("date") if isinstance(item, dict) else None
            yield (told[:10] if isinstance(told, str) else None), item

    def settle(self, item: Any) -> Record:  # noqa: ANN401 - whatever the service's JSON held
        """One item without what changes from fetch to fetch."""
        from apod_pipeline.datasets.apod.sources.science_record import (
            settle,  # its parser is not needed where nobody is asked
        )

        return settle(item)

    def remark(self, body: Path) -> str | None:
        """Nothing: it tells no version of itself."""

    def denies(self, status: int, body: Path) -> bool:
        """The service's own words for "no such day"."""
        return status == 404 and _code(body) == "apod_basic_not_found"


def _code(body: Path) -> str | None:
    try:
        content = json.loads(body.read_bytes()[:10_000])
    except (ValueError, RecursionError):
        return None
    return content.get("code") if isinstance(content, dict) else None
