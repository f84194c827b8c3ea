"""An archive of any data set, served: its answers to programs, and its pages.

Takes settings, gives routes. Pages of a set's own are found by their entry point; a set without any has a plain table.
Never writes, never names a data set.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import entry_points
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apod_pipeline.extras.mirror.parameters import as_of
from apod_pipeline.extras.mirror.plain_table import plain_table
from apod_pipeline.extras.mirror.served import Served
from apod_pipeline.extras.mirror.set_api import SetApi, plain
from apod_pipeline.extras.mirror.set_selects import SetSelects, filters
from apod_pipeline.extras.mirror.shelves import Shelf
from apod_pipeline.extras.mirror.site import Link, Site
from apod_pipeline.ports import Asked, View, Views
from apod_pipeline.settings import Settings
from apod_pipeline.wiring import data_set_of

GROUP = "apod_pipeline.pages"
MOST_KEPT = 50  # pages, some 200 KB each
STYLE = "style.css"


class ServedSet(Served):
    """A data set beside APOD, or without it.

    Args:
        settings: of the archive.
    """

    def __init__(self, settings: Settings) -> None:
        dataset = data_set_of(settings)
        self._selects = SetSelects(dataset)
        super().__init__(settings, self._selects)
        self.dataset = dataset
        point = next(iter(entry_points(group=GROUP, name=dataset.name)), None)
        self._views: Views = point.load() if point else plain_table(dataset)
        self._kept: Shelf[Response] = Shelf(self.watch, MOST_KEPT)

    @property
    def link(self) -> Link:
        """Its first page, as the menu has it."""
        return Link(f"/{self.dataset.name}", self._views.title)

    @property
    def parameters(self) -> set[str]:
        """Names that may stand in a query, and are no secret."""
        return {*self._views.parameters, *(one.name for one in filters(self.dataset))}

    def has_page(self, path: str) -> bool:
        """Whether an address is one of its pages'."""
        return path == self.link.path or path.startswith(f"{self.link.path}/")

    def routes(self, site: Site) -> list[Route]:
        """What is answered where."""
        name, views = self.dataset.name, self._views
        site.add(name, views.folder)
        pages = [Route(f"/{name}{view.path}", self._page(view, site)) for view in views.pages]
        style = Route(f"/{name}/{STYLE}", _file(views.folder / STYLE))
        return [*SetApi(self.dataset, self._selects, self.provenance).routes, style, *pages]

    def first_page(self, site: Site) -> Route:
        """Its first page as the mirror's own."""
        return Route("/", self._page(self._views.pages[0], site))

    def _page(self, view: View, site: Site) -> Callable[[Request], Awaitable[Response]]:
        async def drawn(request: Request) -> Response:
            at, today = as_of(request), self.today()
            parts = {name: plain(value) for name, value in request.path_params.items()}
            typed = {name: request.query_params.get(name) for name in self._views.parameters}
            query = {name: plain(value) for name, value in typed.items() if value}
            told = await view.values(Asked(self._selects.rows, parts, query, today, at))
            return site.page(f"{self.dataset.name}/{view.template}", at, here=self.link, dataset=self.dataset, **told)

        async def shown(request: Request) -> Response:
            if request.query_params or request.path_params:
                return await drawn(request)
            return await self._kept.get(view.path, lambda: drawn(request))

        return shown


def _file(path: Path) -> Callable[[Request], Awaitable[Response]]:
    async def style(_: Request) -> Response:
        return Response(path.read_bytes(), media_type="text/css")

    return style
