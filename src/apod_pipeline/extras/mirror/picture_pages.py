"""Pages of the pictures themselves: a wall screen, and a contact sheet of those that look alike.

Takes requests, gives HTML; the wall shows its newest picture without a script. Never writes.
"""

from __future__ import annotations

from typing import Any, LiteralString, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apod_pipeline.extras.mirror.kept_pictures import ADDRESSES, PICTURES, Kept, KeptPictures
from apod_pipeline.extras.mirror.parameters import number
from apod_pipeline.extras.mirror.picture_addresses import Shown, picture
from apod_pipeline.extras.mirror.reads import Row
from apod_pipeline.extras.mirror.selects import Selects
from apod_pipeline.extras.mirror.shelves import Shelf
from apod_pipeline.extras.mirror.site import Site

ON_A_WALL, LOOKED_AT = 30, 60  # pictures; entries among which they are found
SECONDS = (3, 86_400, "60")  # for which one of them is shown: least, most, unless it is asked for
A_SHEET = 24  # pairs
PAIRS: LiteralString = f"""
SELECT a.date AS later, a.role AS later_role, a.other AS before, a.other_role AS before_role, a.bits,
       l.title AS later_title, b.title AS before_title, count(*) OVER () AS total
FROM apod_alike a JOIN apod_entry l ON l.date = a.date JOIN apod_entry b ON b.date = a.other
ORDER BY a.date DESC, a.other DESC, a.role, a.other_role LIMIT {A_SHEET} OFFSET %(after)s
"""  # noqa: S608 - put together of our own constants


class Slide(NamedTuple):
    """A picture on a wall.

    Attributes:
        entry: of which it is.
        kept: the file that is here; None where it comes from NASA.
        shown: where it comes from then.
    """

    entry: Row
    kept: Kept | None
    shown: Shown | None


class PicturePages:
    """The routes of these pages.

    Args:
        reading: the SELECTs.
        kept: the pictures that are here.
        demo: whether the archive is a demo's, whose pictures are drawn here.
        site: what all pages share.
    """

    def __init__(self, reading: Selects, kept: KeptPictures, *, demo: bool, site: Site) -> None:
        self._reading, self._kept, self._demo, self._page = reading, kept, demo, site.page
        self._walls: Shelf[Response] = Shelf(kept.watch, 16)

    @property
    def routes(self) -> list[Route]:
        """What is answered where."""
        files = [Route(f"{PICTURES}/{{name}}", _no_such), Route("/duplicates", self._duplicates)]
        return [Route("/wall", self._wall), *(files if self._kept.is_here else [])]

    # ---- the wall --------------------------------------------------------------------------
    async def _wall(self, request: Request) -> Response:
        seconds = number(request, "seconds", *SECONDS)
        return await self._walls.get(seconds, lambda: self._hung(seconds))

    async def _hung(self, seconds: int) -> Response:
        rows = await self._kept.beside(await self._reading.newest_first(LOOKED_AT))
        slides = [slide for row in rows if (slide := self._slide(row))]
        return self._page("wall.html", slides=slides[:ON_A_WALL], seconds=seconds)

    def _slide(self, row: dict[str, Any]) -> Slide | None:
        if row["kept"]:
            return Slide(row, row["kept"], None)
        addresses = ADDRESSES[1:] if row["media_type"] == "image" else ADDRESSES[2:]
        shown = next((one for name in addresses if (one := picture(row[name], demo=self._demo))), None)
        return Slide(row, None, shown) if shown else None

    # ---- the contact sheet -----------------------------------------------------------------
    async def _duplicates(self, request: Request) -> Response:
        page = number(request, "page", 1, 100_000, "1")
        rows = await self._reading.rows(PAIRS, after=(page - 1) * A_SHEET) if await self._kept.any() else []
        days = {(row[side], row[f"{side}_role"]) for row in rows for side in ("later", "before")}
        files = await self._kept.named(days)
        pairs = [
            {**row, "files": [files.get((row[side], row[f"{side}_role"])) for side in ("before", "later")]}
            for row in rows
        ]
        total = rows[0]["total"] if rows else 0
        return self._page("duplicates.html", pairs=pairs, page=page, total=total, more=page * A_SHEET < total)


async def _no_such(_: Request) -> Response:
    """What no file answers: those that are here are given before any route is looked for."""
    raise HTTPException(404, "there is no such picture")
