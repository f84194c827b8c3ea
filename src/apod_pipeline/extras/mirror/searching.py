"""`/api/search`: PostgreSQL's full text over titles, credits and explanations.

Takes a request, gives a page of hits, best first, with the words that were found marked. Never gives markup of the
texts' own: they are escaped, and `<mark>` is put in afterwards.
"""

from __future__ import annotations

import datetime as dt
from html import escape
from typing import Any, LiteralString, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request

from apod_pipeline.extras.mirror.parameters import as_of, number
from apod_pipeline.extras.mirror.reading import AT, Reading
from apod_pipeline.extras.mirror.shelves import Shelf, VersionWatch
from apod_pipeline.model import MEDIA_TYPES

MOST_KEPT = 500  # pages of hits, some 10 KB each
LONGEST_QUERY = 200
START, END = "\ue000", "\ue001"  # private letters, taken out of the texts first: no text can forge a mark
MARKS: LiteralString = "StartSel=\ue000, StopSel=\ue001"
SEARCH: LiteralString = f"""
WITH asked AS (SELECT websearch_to_tsquery('english', %(q)s) AS q, plainto_tsquery('english', %(credit)s) AS credit),
found AS MATERIALIZED (
    SELECT date, observed_from, ts_rank(words, q) AS rank FROM apod_search, asked
    WHERE {AT} AND (%(q)s = '' OR words @@ q) AND date >= %(first)s AND date < %(end)s
    AND media_type = coalesce(%(media_type)s, media_type)
    AND (%(credit)s = '' OR (words @@ credit AND ts_filter(words, '{{b}}') @@ credit))
),
page AS (SELECT * FROM found ORDER BY rank DESC, date DESC LIMIT %(per_page)s OFFSET %(skipped)s)
SELECT total, date, media_type, url, thumbnail_url, r.credit, rank,
       ts_headline('english', translate(title, '\ue000\ue001', ''), q, 'HighlightAll=true, {MARKS}') AS title,
       ts_headline('english', translate(coalesce(explanation, ''), '\ue000\ue001', ''), q,
                   'MinWords=20, MaxWords=40, {MARKS}') AS snippet
FROM asked, (SELECT count(*) AS total FROM found) AS counted
LEFT JOIN (page JOIN apod_revision r USING (date, observed_from)) ON true
ORDER BY rank DESC, date DESC
"""  # noqa: S608 - put together of our own constants


class Asked(NamedTuple):
    """What was asked for, read and bounded; days as text, `end` is the first one after."""

    q: str
    credit: str
    media_type: str | None
    first: str
    end: str
    at: dt.datetime | None
    page: int
    per_page: int


class Search:
    """The full text of one archive's entries.

    Args:
        reading: the SELECTs.
        watch: tells which version they show.
    """

    def __init__(self, reading: Reading, watch: VersionWatch) -> None:
        self._reading = reading
        self._pages: Shelf[dict[str, Any]] = Shelf(watch, MOST_KEPT)

    async def page(self, request: Request) -> dict[str, Any]:
        """A page of what was found.

        Args:
            request: with `q`, `year`, `media_type`, `credit`, `as_of`, `page` and `per_page`.

        Raises:
            HTTPException: 400 for what cannot be asked, 503 while the words are not ready to be searched.
            DatabaseUnavailable: what was not asked before cannot be found now.
        """
        asked = _asked(request)
        return await self._pages.get(asked, lambda: self._found(asked))

    async def _found(self, asked: Asked) -> dict[str, Any]:
        rows = await self._reading.rows(SEARCH, **asked._asdict(), skipped=(asked.page - 1) * asked.per_page)
        if not rows[0]["total"] and not await self._reading.rows("SELECT 1 FROM apod_search LIMIT 1"):
            raise HTTPException(503, "not ready to be searched: start `apod serve` once with APOD_DATABASE_URL set")
        hits = [_hit(row) for row in rows if row["date"]]
        return {"total": rows[0]["total"], "page": asked.page, "per_page": asked.per_page, "hits": hits}


def _asked(request: Request) -> Asked:
    told = request.query_params
    values = {name: told.get(name, "").strip() for name in ("q", "credit", "media_type", "year")}
    if not any(values.values()):
        raise HTTPException(400, "say what to search for: q=, or one of year=, media_type=, credit=")
    if any("\0" in value or len(value) > LONGEST_QUERY for value in values.values()):
        raise HTTPException(400, f"a search has at most {LONGEST_QUERY} letters, and none is NUL")
    if values["media_type"] and values["media_type"] not in MEDIA_TYPES:
        raise HTTPException(400, f"media_type is one of {', '.join(MEDIA_TYPES)}")
    year = number(request, "year", 1995, 9998) if values["year"] else None
    return Asked(
        values["q"],
        values["credit"],
        values["media_type"] or None,
        first=str(year or 0),
        end=str(year + 1 if year else 9999),
        at=as_of(request),
        page=number(request, "page", 1, 1000, "1"),
        per_page=number(request, "per_page", 1, 50, "10"),
    )


def _hit(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of any columns
    told = {name: row[name] for name in ("date", "media_type", "url", "thumbnail_url", "credit")}
    return {**told, "title_html": marked(row["title"]), "snippet_html": marked(row["snippet"])}


def marked(text: str) -> str:
    """A headline of PostgreSQL's as HTML: escaped, the hits in `<mark>`."""
    return escape(text).replace(START, "<mark>").replace(END, "</mark>")
