"""`/api/search`: PostgreSQL's full text over titles, credits and explanations.

Takes a request, gives a page of hits, best first, with the words that were found marked. Never takes a text apart to
find it: the words are kept in a table of their own.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, LiteralString, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request

from apod_pipeline.datasets.apod.fields import MEDIA_TYPES
from apod_pipeline.extras.mirror.highlighting import Highlighting
from apod_pipeline.extras.mirror.parameters import as_of, number
from apod_pipeline.extras.mirror.reads import Row
from apod_pipeline.extras.mirror.selects import AT, Selects
from apod_pipeline.extras.mirror.shelves import Shelf, VersionWatch

MOST_PAGES = 2000  # that are kept, some 10 KB each
MOST_LISTS = 100  # of days found, up to 130 KB each
DAY = len("YYYY-MM-DD ")
LONGEST_QUERY = 200
Q: LiteralString = "(SELECT websearch_to_tsquery('english', %(q)s))"
CREDIT: LiteralString = "(SELECT plainto_tsquery('english', %(credit)s))"
# Only what was asked for stands in the statement: one for all ("nothing asked or found") would never use the index once
# the server plans it without the values.
CONDITIONS: dict[str, LiteralString] = {
    "q": f"words @@ {Q}",
    "credit": f"words @@ {CREDIT} AND ts_filter(words, '{{b}}') @@ {CREDIT}",
    "media_type": "media_type = %(media_type)s",
    "year": "date >= %(year)s || '-01-01' AND date <= %(year)s || '-12-31'",
}
SHOW: LiteralString = f"""
SELECT date, media_type, url, thumbnail_url, credit, title, explanation FROM apod_revision
WHERE date = ANY(%(days)s) AND {AT} ORDER BY array_position(%(days)s, date)
"""  # noqa: S608 - put together of our own constants


class Asked(NamedTuple):
    """What was asked for, read and bounded; empty where it was not."""

    q: str
    credit: str
    media_type: str
    year: str
    at: dt.datetime | None

    def statement(self) -> LiteralString:
        """Finds every day, best first, as one text: the longest part, which is the same for all pages."""
        found: LiteralString = f"SELECT date, ts_rank(words, {Q}) AS rank FROM apod_search WHERE {AT}"  # noqa: S608 - put together of our own constants
        for name, condition in CONDITIONS.items():
            if getattr(self, name):
                found += f" AND {condition}"
        days: LiteralString = "coalesce(string_agg(date, ' ' ORDER BY rank DESC, date DESC), '') AS days"
        return f"SELECT querytree({Q}) AS tree, {days} FROM ({found}) AS found"  # noqa: S608 - as above


class Search:
    """The full text of one archive's entries.

    Args:
        reading: the SELECTs.
        watch: tells which version they show.
    """

    def __init__(self, reading: Selects, watch: VersionWatch) -> None:
        self._reading = reading
        self._finds: Shelf[tuple[str, Highlighting]] = Shelf(watch, MOST_LISTS)
        self._pages: Shelf[dict[str, Any]] = Shelf(watch, MOST_PAGES)

    async def page(self, request: Request) -> dict[str, Any]:
        """A page of what was found.

        Args:
            request: with `q`, `year`, `media_type`, `credit`, `as_of`, `page` and `per_page`.

        Raises:
            HTTPException: 400 for what cannot be asked, 503 while the words are not ready to be searched.
            DatabaseUnavailable: what was not asked before cannot be found now.
        """
        asked = _asked(request)
        page, count = number(request, "page", 1, 1000, "1"), number(request, "per_page", 1, 50, "10")
        return await self._pages.get((asked, page, count), lambda: self._shown(asked, page, count))

    async def _shown(self, asked: Asked, page: int, count: int) -> dict[str, Any]:
        days, highlighting = await self._finds.get(asked, lambda: self._found(asked))
        # A day is ten letters, and a space.
        here = days[(page - 1) * count * DAY : page * count * DAY].split()
        rows = await self._reading.rows(SHOW, at=asked.at, days=here) if here else []
        return {
            "total": (len(days) + 1) // DAY,
            "page": page,
            "per_page": count,
            "hits": [_hit(row, highlighting) for row in rows],
        }

    async def _found(self, asked: Asked) -> tuple[str, Highlighting]:
        (row,) = await self._reading.rows(asked.statement(), **asked._asdict())
        if not row["days"] and not await self._reading.rows("SELECT 1 FROM apod_searched"):
            raise HTTPException(503, "not ready for searching: start `apod serve` once with APOD_DATABASE_URL set")
        return row["days"], Highlighting(row["tree"])


def _asked(request: Request) -> Asked:
    told = request.query_params
    values = {name: told.get(name, "").strip() for name in ("q", "credit", "media_type", "year")}
    if not any(values.values()):
        raise HTTPException(400, "say what to search for: q=, or one of year=, media_type=, credit=")
    if any("\0" in value or len(value) > LONGEST_QUERY for value in values.values()):
        raise HTTPException(400, f"a search has at most {LONGEST_QUERY} characters, and no NUL")
    if values["media_type"] and values["media_type"] not in MEDIA_TYPES:
        raise HTTPException(400, f"media_type is one of {', '.join(MEDIA_TYPES)}")
    year = str(number(request, "year", 1995, 9998)) if values["year"] else ""
    return Asked(values["q"], values["credit"], values["media_type"], year, as_of(request))


def _hit(row: Row, highlighting: Highlighting) -> dict[str, Any]:
    told = {name: row[name] for name in ("date", "media_type", "url", "thumbnail_url", "credit")}
    shown = highlighting.piece(row["explanation"] or "")
    return {**told, "title_html": highlighting.whole(row["title"]), "snippet_html": shown}
