"""What programs ask of any data set: its entries, narrowed and in pages; one of them; the history of a key or a name.

Takes requests, gives JSON made from the set's fields: numbers are numbers. Every read can be asked `as_of` a day (its
end, UTC) or an instant. Never writes.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from itertools import groupby
from operator import itemgetter
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.extras.mirror.new_api import json_answer
from apod_pipeline.extras.mirror.parameters import as_of, asked_only, number
from apod_pipeline.extras.mirror.provenance import Provenance
from apod_pipeline.extras.mirror.reads import Row
from apod_pipeline.extras.mirror.set_selects import NUMBERS, Filter, SetSelects, filters

STATE = ("observed_from", "observed_to", "cause", "changed", "reply", "content_hash")
LONGEST = 200  # letters of a key or a name
MOST_PAGES, MOST = 1000, 1000
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{0,20})?([eE][+-]?\d{1,3})?|[+-]?\.\d{1,20}", re.ASCII)


class SetApi:
    """The routes below `/api/NAME`.

    Args:
        dataset: whose entries they are.
        reading: the SELECTs.
        provenance: the way back from a row to its bytes.
    """

    def __init__(self, dataset: DataSet, reading: SetSelects, provenance: Provenance) -> None:
        self._dataset, self._reading, self._provenance = dataset, reading, provenance
        self._filters = filters(dataset)

    @property
    def routes(self) -> list[Route]:
        """What is answered where."""
        base = f"/api/{self._dataset.name}"
        narrowed = {*(one.name for one in self._filters), "as_of", "page", "per_page"}
        return [
            Route(f"{base}/entries", asked_only(narrowed, self._entries)),
            Route(f"{base}/entries/{{key:path}}", asked_only({"as_of"}, self._entry)),
            Route(f"{base}/history/{{name:path}}", asked_only({"as_of"}, self._history)),
        ]

    async def _entries(self, request: Request) -> Response:
        at = as_of(request)
        page, most = number(request, "page", 1, MOST_PAGES, "1"), number(request, "per_page", 1, MOST, "100")
        wanted = [one for one in self._filters if request.query_params.get(one.name)]
        values = {one.placeholder: value(one, request.query_params[one.name]) for one in wanted}
        total = await self._reading.count(wanted, values, at)
        rows = await self._reading.entries(wanted, values, at, (page - 1) * most, most)
        told = {"total": total, "page": page, "per_page": most}
        return json_answer(told | {"entries": [await self._told(row) for row in rows]})

    async def _entry(self, request: Request) -> Response:
        key = plain(request.path_params["key"])
        row = await self._reading.entry(key, as_of(request))
        if row is None:
            raise HTTPException(404, f"there is no entry {key!r}")
        return json_answer(await self._told(row))

    async def _history(self, request: Request) -> Response:
        name = plain(request.path_params["name"])
        rows = await self._reading.history(name, as_of(request))
        if not rows:
            raise HTTPException(404, f"nothing is known, and never was, that is called {name!r}")
        some = [(key, list(states)) for key, states in groupby(rows, itemgetter(self._dataset.columns.key))]
        entries = [
            {"key": key, "left_out": states[-1]["observed_to"], "revisions": [await self._told(row) for row in states]}
            for key, states in some
        ]
        return json_answer({"called": name, "entries": entries})

    async def _told(self, row: Row) -> dict[str, Any]:
        provenance = {name: row[name] for name in STATE} | await self._provenance.of(row)
        return {"entry": {name: row.get(name) for name in self._dataset.columns.every}, "provenance": provenance}


def plain(text: str) -> str:
    """A key or a name as somebody typed it, where it can be one."""
    if not text.strip() or len(text) > LONGEST or "\0" in text or "\ufffd" in text:
        raise HTTPException(400, f"a key or a name has 1 to {LONGEST} characters, no NUL and nothing that is no text")
    return text.strip()


def value(one: Filter, text: str) -> str | float:
    """What a filter is asked for, as its field has it.

    Raises:
        HTTPException: 400 for what is none of its kind.
    """
    if one.field.kind == "day":
        return str(day(one.name, text))
    if one.field.kind not in NUMBERS:
        return plain(text)
    found = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(found):
        raise HTTPException(400, f"{one.name}={text[:LONGEST]!r} is not a number")
    return found


def day(name: str, text: str) -> dt.date:
    """A calendar day, YYYY-MM-DD.

    Raises:
        HTTPException: 400 for anything else.
    """
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise HTTPException(400, f"{name}={text[:LONGEST]!r} is not a day: write it as YYYY-MM-DD") from None
