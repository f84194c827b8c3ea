"""The newest entries as feeds: Atom (RFC 4287) and JSON Feed 1.1.

Takes rows and the mirror's own address, gives bodies. An entry's id is its day's, whatever name the mirror is reached
by: a reader never shows it twice. Never gives markup of the texts' own, nor letters that XML forbids.
"""

from __future__ import annotations

import datetime as dt
import mimetypes
import re
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apod_pipeline.archive.lines import timestamp
from apod_pipeline.extras.mirror.parameters import as_of, media_type
from apod_pipeline.extras.mirror.picture_addresses import link
from apod_pipeline.extras.mirror.picture_files import TYPES
from apod_pipeline.extras.mirror.placing import Placing, Where
from apod_pipeline.extras.mirror.reads import Row
from apod_pipeline.extras.mirror.selects import Selects

ENTRIES = 30
IDS = uuid.UUID("6d1f27a2-52f2-4f0e-9b1c-3c6f1a8f0e5d")  # ours, drawn once: all ids are made in its name
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Feeds:
    """The routes of the feeds.

    Args:
        reading: the SELECTs.
        placing: tells where pictures are.
    """

    def __init__(self, reading: Selects, placing: Placing) -> None:
        self._reading = reading
        self._placing = placing
        loader = FileSystemLoader(Path(__file__).parent / "templates")
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        self._templates.filters.update(instant=timestamp, clean=_clean, id=_id, kind=_kind)

    @property
    def routes(self) -> list[Route]:
        """What is answered where."""
        return [Route("/feed.xml", self._atom), Route("/feed.json", self._json)]

    async def _atom(self, request: Request) -> Response:
        base, where, rows = *self._here(request), await self._rows(request)
        template = self._templates.get_template("feed.xml")
        query = f"?{request.url.query}" if request.url.query else ""
        entries = [{**row, "picture": _picture(row, where), "shown": _shown(row, where)} for row in rows]
        text = template.render(
            base=base, query=query, feed_id=_id("feed"), entries=entries, updated=timestamp(_updated(rows))
        )
        return Response(text, media_type="application/atom+xml")

    async def _json(self, request: Request) -> Response:
        base, where, rows = *self._here(request), await self._rows(request)
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "Astronomy Picture of the Day",
            "home_page_url": f"{base}/",
            "feed_url": str(request.url),
            "language": "en",
            "items": [_item(base, row, where) for row in rows],
        }
        return Response(orjson.dumps(feed), media_type="application/feed+json")

    async def _rows(self, request: Request) -> Sequence[Row]:
        instant = as_of(request)
        return await self._placing.rows(
            await self._reading.newest_first(ENTRIES, instant, media_type(request)), instant
        )

    def _here(self, request: Request) -> tuple[str, Where]:
        return str(request.base_url).rstrip("/"), self._placing.where(request.scope)


def _id(what: str) -> str:
    """The id of a day's entry, or of the feed: the same from every mirror, at every name."""
    return f"urn:uuid:{uuid.uuid5(IDS, what)}"


def _updated(rows: Sequence[Row]) -> dt.datetime:
    return max((row["observed_from"] for row in rows), default=dt.datetime.fromtimestamp(0, dt.UTC))


def _picture(row: Row, where: Where) -> str | None:
    """The address of what a reader may show beside the text; None where nothing is known."""
    address = link(row["url"]) if row["media_type"] == "image" else link(row["thumbnail_url"])
    return where.of(row)(address) if address else None


def _kind(address: str) -> str:
    ours = TYPES.get(address.rpartition(".")[2]) if "/pictures/" in address else None
    return ours or mimetypes.guess_type(address)[0] or "image/jpeg"


def _shown(row: Row, where: Where) -> str:
    """The entry as a piece of HTML: its picture, and its text as a paragraph."""
    picture, alt = _picture(row, where), row["alt"] or row["title"]
    image = Markup('<p><img src="{}" alt="{}"></p>').format(picture, alt) if picture else Markup("")
    return str(image + Markup("<p>{}</p>").format(row["explanation"] or ""))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("", text)


def _item(base: str, row: Row, where: Where) -> dict[str, Any]:
    item = {
        "id": _id(row["date"]),
        "url": f"{base}/day/{row['date']}",
        "title": row["title"],
        "content_text": row["explanation"] or "",
        "date_published": f"{row['date']}T00:00:00Z",
        "date_modified": timestamp(row["observed_from"]),
        "authors": [{"name": row["credit"] or row["copyright"] or "NASA"}],
    }
    picture = _picture(row, where)
    return item | ({"image": picture} if picture else {})
