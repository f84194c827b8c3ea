"""NASA's oldest links: `/apod/ap181225.html` and its neighbours, which led to a page a day for thirty years.

Takes their paths, gives the page of our gallery that shows the same.
"""

from __future__ import annotations

import datetime as dt
import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

PAGES = {"": "/", "astropix.html": "/", "archivepix.html": "/calendar", "lib/apsearch.html": "/search"}
_ENTRY = re.compile(r"ap(\d\d)(\d\d)(\d\d)\.html?", re.IGNORECASE)
FIRST_YEAR = 95  # two digits that are less are of this century


def old_links() -> list[Route]:
    """What is answered where."""
    return [Route("/apod", _lead), Route("/apod/{name:path}", _lead)]


async def _lead(request: Request) -> Response:
    name = request.path_params.get("name", "")
    if (page := PAGES.get(name.lower()) or _entry(name)) is None:
        raise HTTPException(404, f"{request.url.path} is not one of NASA's links that are known here")
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(page + query, 301)


def _entry(name: str) -> str | None:
    """The page of the day that a file's name tells; None where it tells none."""
    if not (found := _ENTRY.fullmatch(name)):
        return None
    year, month, day = map(int, found.groups())
    try:
        return f"/day/{dt.date(year + (1900 if year >= FIRST_YEAR else 2000), month, day)}"
    except ValueError:
        return None
