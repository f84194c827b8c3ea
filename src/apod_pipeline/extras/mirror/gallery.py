"""The pages for people: today's picture, the grid, entries and their history, search, calendar, status.

Takes requests, gives HTML that needs no script and loads nothing from elsewhere but NASA's pictures. Whatever came from
the web is escaped by the templates. Never writes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterator
from itertools import groupby, pairwise
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apod_pipeline.datasets.apod.drawn_pictures import format_of, stem_of
from apod_pipeline.datasets.apod.drawn_pictures import picture as drawn
from apod_pipeline.datasets.apod.fields import ENTRY_FIELDS
from apod_pipeline.extras.mirror.kept_pictures import KeptPictures
from apod_pipeline.extras.mirror.parameters import as_of, day_of, number
from apod_pipeline.extras.mirror.picture_addresses import DRAWN, link, picture
from apod_pipeline.extras.mirror.provenance import Provenance
from apod_pipeline.extras.mirror.reads import Row
from apod_pipeline.extras.mirror.searching import Search
from apod_pipeline.extras.mirror.selects import Selects
from apod_pipeline.extras.mirror.shelves import Shelf
from apod_pipeline.extras.mirror.site import Site
from apod_pipeline.versions.wording import as_text, changed_words

PAGES = ("/day/", "/grid", "/search", "/calendar", "/status", "/wall", "/duplicates")  # whose errors are pages too
A_PAGE = 24  # pictures of the grid; divides by 2, 3, 4 and 6 columns


class Gallery:
    """The routes for people.

    Args:
        reading: the SELECTs.
        provenance: the way back from a row to its bytes.
        search: the full text.
        kept: the pictures that are here.
        demo: whether the archive is a demo's, whose pictures are drawn here.
        site: what all pages share.
        standing: tells how the archive stands; nothing where its folder is elsewhere.
    """

    def __init__(
        self,
        reading: Selects,
        provenance: Provenance,
        search: Search,
        kept: KeptPictures,
        *,
        demo: bool,
        site: Site,
        standing: Callable[[], Awaitable[dict[str, str]]],
    ) -> None:
        self._reading, self._page, self._standing = reading, site.page, standing
        self._search, self._kept = search, kept
        self._pages: Shelf[Response] = Shelf(kept.watch, len(PAGES))  # what every visitor gets alike
        self._provenance = provenance
        self._demo = demo
        site.tell(picture=self._picture, link=link, has_pictures=lambda: kept.count > 0)

    @property
    def routes(self) -> list[Route]:
        """What is answered where."""
        pages = [
            Route("/", self._front),
            Route("/grid", self._grid),
            Route("/day/{day}", self._day),
            Route("/day/{day}/history", self._history),
            Route("/search", self._found),
            Route("/calendar", self._calendar),
            Route("/status", self._status),
        ]
        return [*pages, Route(f"{DRAWN}/{{path:path}}", _drawn)] if self._demo else pages

    def _picture(self, address: str | None, width: int = 0) -> Any:  # noqa: ANN401 - for the templates
        return picture(address, demo=self._demo, width=width)

    async def _front(self, request: Request) -> Response:
        instant = as_of(request)
        rows = await self._reading.newest_first(7, instant)
        if not rows:
            return self._page("empty.html", instant)
        entry, *others = await self._kept.beside(rows, instant)
        return self._page("front.html", instant, entry=entry, others=others)

    async def _grid(self, request: Request) -> Response:
        before, instant = request.query_params.get("before"), as_of(request)
        rows = await self._reading.before(day_of(before) if before else dt.date.max, A_PAGE, instant)
        older = rows[-1]["date"] if len(rows) == A_PAGE else None
        part = request.query_params.get("part") == "1"
        return self._page(
            "grid_part.html" if part else "grid.html",
            instant,
            entries=await self._kept.beside(rows, instant),
            older=older,
        )

    async def _day(self, request: Request) -> Response:
        day, instant = day_of(request.path_params["day"]), as_of(request)
        row = await self._reading.entry(day, instant)
        if row is None:
            raise HTTPException(404, await self._reading.why_none(day))
        around = await self._reading.around(day, instant)
        states = await self._reading.history(day, instant)
        came = await self._provenance.of(row)
        (entry,) = await self._kept.beside([row], instant)
        alike = [] if instant else await self._kept.alike(str(day))
        told = {"around": around, "states": len(states), "came": came, "alike": alike}
        return self._page("day.html", instant, entry=entry, **told)

    async def _history(self, request: Request) -> Response:
        day, instant = day_of(request.path_params["day"]), as_of(request)
        rows = await self._reading.history(day, instant)
        if not rows:
            raise HTTPException(404, await self._reading.why_none(day))
        changes = [(new, list(_changes(old, new))) for old, new in pairwise(rows)]
        return self._page("history.html", instant, day=str(day), first=rows[0], changes=changes)

    async def _found(self, request: Request) -> Response:
        asked = request.query_params
        wanted = any(asked.get(name, "").strip() for name in ("q", "credit", "media_type", "year"))
        found = await self._search.page(request) if wanted else None
        if found:
            found = found | {"hits": await self._kept.beside(found["hits"], as_of(request))}
        name = "search_part.html" if asked.get("part") == "1" else "search.html"
        page = number(request, "page", 1, 1000, "1")
        kept = {name: asked.get(name, "") for name in ("q", "year", "media_type", "credit")}
        return self._page(name, as_of(request), found=found, asked=kept, page=page)

    async def _calendar(self, request: Request) -> Response:
        if instant := as_of(request):
            return await self._calendar_drawn(instant)
        return await self._pages.get("calendar", self._calendar_drawn)

    async def _calendar_drawn(self, instant: dt.datetime | None = None) -> Response:
        days = await self._reading.every_day(instant)
        years = [(year, list(some)) for year, some in groupby(days, lambda row: row["date"][:4])]
        drawn = [(year, _first_weekday(some), some) for year, some in years[::-1]]
        return self._page("calendar.html", instant, years=drawn)

    async def _status(self, request: Request) -> Response:
        instant, reading = as_of(request), self._reading
        return self._page(
            "status.html",
            instant,
            numbers=await reading.numbers(instant) or {},
            pictures=await self._kept.numbers(instant),
            standing={} if instant else await self._standing(),
            runs=await reading.runs(12, instant),
            years=await reading.kinds(instant),
            quality=await reading.quality(instant),
            recent=(await reading.every_day(instant))[-60:],
        )


def _first_weekday(days: list[Row]) -> int:
    """Row of a year's first cell: Monday is 1."""
    return dt.date.fromisoformat(days[0]["date"]).isoweekday()


def _changes(old: Row, new: Row) -> Iterator[tuple[str, list[Any], list[Any]]]:
    """Name of each field that differs, its words before and its words after."""
    for name in ENTRY_FIELDS:
        if old.get(name) != new.get(name):
            pieces = list(changed_words(as_text(old.get(name)), as_text(new.get(name))))
            yield (
                name,
                [piece for piece in pieces if piece.change != "added"],
                [piece for piece in pieces if piece.change != "removed"],
            )


async def _drawn(request: Request) -> Response:
    """A picture of a demo, as its simulator drew it."""
    width = number(request, "w", 0, 4096, "0")
    path = "/" + request.path_params["path"]
    form = format_of(path) or "png"
    body = drawn(stem_of(path), width, 0, form)
    return Response(body, media_type=f"image/{form}", headers={"Cache-Control": "public, max-age=604800"})
