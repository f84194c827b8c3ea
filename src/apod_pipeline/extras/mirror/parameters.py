"""The parameters of the new API: days, instants, numbers within bounds.

Takes a request, gives values; what is wrong is told as 400 in one sentence. Never answers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Collection
from functools import wraps

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from apod_pipeline.datasets.apod.calendar import FIRST_DAY
from apod_pipeline.datasets.apod.fields import MEDIA_TYPES
from apod_pipeline.versions.commits import moment

Answering = Callable[[Request], Awaitable[Response]]


def asked_only(names: Collection[str], answer: Answering) -> Answering:
    """An answer to requests that ask for what there is: a mistyped name would be taken for no wish at all.

    Args:
        names: the parameters there are; `api_key` may stand in any request.
        answer: to all other requests.
    """

    @wraps(answer)
    async def answered(request: Request) -> Response:
        for name in request.query_params:
            if name not in {*names, "api_key"}:
                there = ", ".join(sorted(names)) or "none"
                raise HTTPException(400, f"there is no parameter {name[:200]!r} here; there are: {there}")
        return await answer(request)

    return answered


def day_of(text: str) -> dt.date:
    """A day since the first picture."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise HTTPException(400, f"{text!r} is not a day: write it as YYYY-MM-DD") from None
    if day < FIRST_DAY:
        raise HTTPException(400, f"{day} is before the first picture, {FIRST_DAY}")
    return day


def as_of(request: Request) -> dt.datetime | None:
    """The instant that is asked about; None for now."""
    text = request.query_params.get("as_of")
    if not text:
        return None
    if (instant := moment(text)) is None:
        raise HTTPException(400, f"as_of={text!r} is neither a day (YYYY-MM-DD) nor an instant")
    return instant


def media_type(request: Request) -> str | None:
    """The kind that is asked for; None for all."""
    kind = request.query_params.get("media_type", "").strip()
    if kind and kind not in MEDIA_TYPES:
        raise HTTPException(400, f"media_type is one of {', '.join(MEDIA_TYPES)}")
    return kind or None


def number(request: Request, name: str, least: int, most: int, default: str = "") -> int:
    """A whole number within bounds."""
    text = request.query_params.get(name) or default
    # Beyond nine digits nothing is within any bounds; int() would refuse some of them in words of its own.
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise HTTPException(400, f"{name}={text!r} is not a number from {least} to {most}")
    return int(text)
