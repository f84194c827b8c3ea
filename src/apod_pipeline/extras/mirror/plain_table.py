"""The page of a data set that has none of its own: its entries in a table, the newest first, a page at a time.

Takes a data set, gives its views. Never knows what a field means: names, units and kinds are the set's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from psycopg.sql import SQL, Composed, Identifier, Placeholder
from starlette.exceptions import HTTPException

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.extras.mirror.selects import AT
from apod_pipeline.extras.mirror.set_api import day
from apod_pipeline.ports import Asked, View, Views

FOLDER = Path(__file__).parent / "table_page"
A_PAGE, MOST_PAGES = 100, 1000
DAYS = {"from": SQL(">="), "to": SQL("<=")}  # the first and the last that are shown


def plain_table(dataset: DataSet) -> Views:
    """The views of a set that names none."""
    return Views(dataset.about.title, FOLDER, (View("", "table.html", partial(_table, dataset)),), ("page", *DAYS))


async def _table(dataset: DataSet, asked: Asked) -> Mapping[str, Any]:
    columns, page = dataset.columns, _page(asked.query.get("page", "1"))
    days = {name: str(day(name, asked.query[name])) for name in DAYS if name in asked.query}
    narrowed = [SQL(" AND {} {} {}").format(Identifier(columns.day), DAYS[name], Placeholder(name)) for name in days]
    query = SQL(
        "SELECT * FROM {states} WHERE {at}{narrowed} ORDER BY {day} DESC, {key} OFFSET %(skip)s LIMIT %(most)s"
    ).format(
        states=Identifier(f"{dataset.name}_revision"),
        at=SQL(AT),
        narrowed=Composed(narrowed),
        day=Identifier(columns.day),
        key=Identifier(columns.key),
    )
    rows = await asked.select(query, at=asked.at, skip=(page - 1) * A_PAGE, most=A_PAGE + 1, **days)
    fields = columns.named(columns.output)
    shown = [(quote(row[columns.key], safe=""), [_text(row[field.name]) for field in fields]) for row in rows[:A_PAGE]]
    older = len(rows) > A_PAGE and page < MOST_PAGES
    return {"fields": fields, "rows": shown, "page": page, "older": older, "days": days, "typed": urlencode(days)}


def _page(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= MOST_PAGES):
        raise HTTPException(400, f"page={text!r} is not a number from 1 to {MOST_PAGES}")
    return int(text)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
