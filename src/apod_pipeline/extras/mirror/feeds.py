"""The newest entries as feeds: Atom (RFC 4287) and JSON Feed 1.1.

Takes rows and the mirror's own address, gives bodies. Never gives markup of the texts' own, nor letters that XML
forbids.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apod_pipeline.archive import timestamp
from apod_pipeline.extras.mirror.parameters import as_of
from apod_pipeline.extras.mirror.picture_addresses import link
from apod_pipeline.extras.mirror.reading import Reading, Row

ENTRIES = 30
OPEN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"}
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Feeds:
    """The routes of the feeds.

    Args:
        reading: the SELECTs.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        loader = FileSystemLoader(Path(__file__).parent / "templates")
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        self._templates.filters.update(instant=timestamp, clean=lambda text: _FORBIDDEN.sub("", text))

    @property
    def routes(self) -> list[Route]:
        """What is answered where."""
        return [Route("/feed.xml", self._atom), Route("/feed.json", self._json)]

    async def _atom(self, request: Request) -> Response:
        rows = await self._reading.newest_first(ENTRIES, as_of(request))
        text = self._templates.get_template("feed.xml").render(
            base=_base(request), entries=rows, updated=timestamp(_updated(rows))
        )
        return Response(text, media_type="application/atom+xml", headers=OPEN)

    async def _json(self, request: Request) -> Response:
        base, rows = _base(request), await self._reading.newest_first(ENTRIES, as_of(request))
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "Astronomy Picture of the Day",
            "home_page_url": f"{base}/",
            "feed_url": f"{base}/feed.json",
            "language": "en",
            "items": [_item(base, row) for row in rows],
        }
        return Response(orjson.dumps(feed), media_type="application/feed+json", headers=OPEN)


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _updated(rows: Sequence[Row]) -> dt.datetime:
    return max((row["observed_from"] for row in rows), default=dt.datetime.fromtimestamp(0, dt.UTC))


def _item(base: str, row: Row) -> dict[str, Any]:
    address = f"{base}/day/{row['date']}"
    item = {
        "id": address,
        "url": address,
        "title": row["title"],
        "content_text": row["explanation"] or "",
        "date_published": f"{row['date']}T00:00:00Z",
        "date_modified": timestamp(row["observed_from"]),
        "authors": [{"name": row["credit"] or row["copyright"] or "NASA"}],
    }
    image = link(row["url"]) if row["media_type"] == "image" else row["thumbnail_url"]
    return item | ({"image": image} if image else {})
