"""What NASA never had: full entries, their history and their past, this day in all years, coverage, status.

Takes requests, gives JSON; every read of entries can be asked `as_of` a day (its end, UTC) or an instant. Never writes.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apod_pipeline.datasets.apod.fields import ENTRY_FIELDS
from apod_pipeline.extras.mirror.description import PATHS
from apod_pipeline.extras.mirror.parameters import as_of, asked_only, day_of, media_type, number
from apod_pipeline.extras.mirror.placing import Placing
from apod_pipeline.extras.mirror.provenance import Provenance
from apod_pipeline.extras.mirror.reads import Row
from apod_pipeline.extras.mirror.records import Places
from apod_pipeline.extras.mirror.searching import Search
from apod_pipeline.extras.mirror.selects import Selects

MOST = 100
ADDRESSES = frozenset({"url", "hdurl", "thumbnail_url"})
PROVENANCE = ("observed_from", "observed_to", "cause", "changed", "source", "reply", "content_hash")


class NewApi:
    """The routes below `/api`.

    Args:
        reading: the SELECTs.
        provenance: the way back from a row to its bytes.
        search: the full text.
        placing: tells where pictures are.
    """

    def __init__(self, reading: Selects, provenance: Provenance, search: Search, placing: Placing) -> None:
        self._placing = placing
        self._reading = reading
        self._search = search
        self._provenance = provenance

    @property
    def routes(self) -> list[Route]:
        """What is answered where."""
        answers = {
            "/api/entries/{day}": self._entry,
            "/api/entries/{day}/history": self._history,
            "/api/search": self._found,
            "/api/on-this-day": self._on_this_day,
            "/api/random": self._random,
            "/api/coverage": self._coverage,
            "/api/status": self._status,
        }
        return [Route(path, asked_only(PATHS[path].asked, answer)) for path, answer in answers.items()]

    async def _entry(self, request: Request) -> Response:
        day = day_of(request.path_params["day"])
        row = await self._reading.entry(day, as_of(request))
        if row is None:
            raise HTTPException(404, await self._reading.why_none(day))
        return json_answer(await self._told(row, request))

    async def _history(self, request: Request) -> Response:
        day = day_of(request.path_params["day"])
        rows = await self._reading.history(day, as_of(request))
        if not rows:
            raise HTTPException(404, await self._reading.why_none(day))
        return json_answer({"date": str(day), "revisions": [await self._told(row, request) for row in rows]})

    async def _found(self, request: Request) -> Response:
        page = await self._search.page(request)
        return json_answer(page | {"hits": await self._placed(page["hits"], request)})

    async def _on_this_day(self, request: Request) -> Response:
        day = request.query_params.get("date")
        wanted = day_of(day) if day else dt.datetime.now(dt.UTC).date()
        rows = await self._reading.on_this_day(f"{wanted:-%m-%d}", as_of(request), media_type(request))
        return json_answer(
            {"month_day": f"{wanted:%m-%d}", "entries": [await self._told(row, request) for row in rows]}
        )

    async def _random(self, request: Request) -> Response:
        count = number(request, "count", 1, MOST, "1")
        rows = await self._reading.some(count, as_of(request), media_type(request))
        entries = [await self._told(row, request) for row in rows]
        return json_answer({"entries": entries}, {"Cache-Control": "no-store"})

    async def _coverage(self, request: Request) -> Response:
        years: dict[str, dict[str, int]] = defaultdict(dict)
        instant = as_of(request)
        for row in await (self._reading.coverage_at(instant) if instant else self._reading.coverage()):
            years[row["year"]][row["status"]] = row["days"]
        odd_days = [] if instant else await self._reading.odd_days()
        odd = {row["date"]: [row["status"], row["detail"]] for row in odd_days}
        return json_answer({"years": years, "days": odd})

    async def _status(self, request: Request) -> Response:
        instant = as_of(request)
        return json_answer(
            {**(await self._reading.numbers(instant) or {}), "runs": await self._reading.runs(10, instant)}
        )

    async def _told(self, row: Row, request: Request) -> dict[str, Any]:
        provenance = {name: row[name] for name in PROVENANCE} | await self._provenance.of(row)
        (entry,) = await self._placed([{name: row.get(name) for name in ENTRY_FIELDS}], request)
        return {"entry": entry, "provenance": provenance}

    async def _placed(self, rows: Sequence[Row], request: Request) -> Sequence[Row]:
        """Rows whose addresses answer."""
        if not self._placing.changes:
            return rows
        where = self._placing.where(request.scope)
        placed = zip(rows, await self._placing.rows(rows, as_of(request)), strict=True)
        return [_placed(row, where.of(found)) for row, found in placed]


def _placed(row: Row, place: Places) -> Row:
    return {name: place(value) if name in ADDRESSES and value else value for name, value in row.items()}


def json_answer(value: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """An answer for programs."""
    body = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)
    return Response(body, media_type="application/json", headers=headers)
