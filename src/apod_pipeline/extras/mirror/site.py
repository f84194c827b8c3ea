"""What all pages of the mirror share: templates, head and foot, refusals, the files they load, what tells of the API.

Takes what is served, gives pages. Whatever came from the web is escaped by the templates. Never asks a database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined, select_autoescape
from jinja2.loaders import ChoiceLoader
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from apod_pipeline import __version__
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.extras.mirror import set_description
from apod_pipeline.extras.mirror.description import description
from apod_pipeline.ports import Page, Select

HERE = Path(__file__).parent
STYLE, SCRIPT, PICTURE = "text/css", "text/javascript", "image/svg+xml"
STATIC = {
    **dict.fromkeys(("gallery.css", "menu.css", "viewer.css", "wall.css"), STYLE),
    **dict.fromkeys(("gallery.js", "viewer.js", "wall.js"), SCRIPT),
    "icon.svg": PICTURE,
}


class Link(NamedTuple):
    """A line of the menu: where it leads, and what it says."""

    path: str
    title: str


class Site:
    """The pages' common ground.

    Args:
        menu: what stands in the menu beside the pages of APOD.
        sets: the data sets that are served beside APOD, or without it.
        apod: whether APOD is served.
        pictures: whether files of pictures are.
    """

    def __init__(
        self, menu: Sequence[Any], sets: Sequence[DataSet] = (), *, apod: bool = True, pictures: bool = True
    ) -> None:
        self._folders: dict[str, FileSystemLoader] = {}
        self._templates = Environment(
            loader=ChoiceLoader([FileSystemLoader(HERE / "templates"), PrefixLoader(self._folders)]),
            undefined=StrictUndefined,
            autoescape=select_autoescape(default=True),
            trim_blocks=True,
        )
        layout = "base.html" if apod else "base_of_sets.html"
        self._templates.globals.update(extra_pages=menu, layout=layout, with_apod=apod, has_pictures=lambda: False)
        self._templates.filters |= {"utc": _utc, "size": _size}
        paths = {path: told for one in sets for path, told in set_description.paths(one).items()}
        schemas = {name: told for one in sets for name, told in set_description.schemas(one).items()}
        self._description = description(__version__, paths, schemas, apod=apod, pictures=pictures)

    def extra_routes(self, pages: Sequence[Page], select: Select) -> list[Route]:
        """Pages that extras add, over the tables of an archive."""
        return [Route(page.path, self._extra_page(page, select)) for page in pages]

    def _extra_page(self, page: Page, select: Select) -> Callable[[Request], Awaitable[Response]]:
        async def shown(_: Request) -> Response:
            return self.page("extra.html", title=page.title, body=Markup(await page.render(select)))  # noqa: S704 - an installed extra's own

        return shown

    @property
    def routes(self) -> list[Route]:
        """What is answered where."""
        return [
            Route("/docs", self._docs),
            Route("/openapi.json", self._openapi),
            Route("/static/{name}", _static),
        ]

    def tell(self, **values: object) -> None:
        """Let every template know something."""
        self._templates.globals.update(values)

    def add(self, name: str, folder: Path) -> None:
        """Let a data set's own templates be found below its name."""
        self._folders[name] = FileSystemLoader(folder)

    def page(self, name: str, instant: dt.datetime | None = None, **values: object) -> Response:
        """A page; its links lead to pages of the same instant."""
        told = f"as_of={quote(instant.isoformat())}" if instant else ""
        past = {"instant": instant, "at": told and f"?{told}", "also": told and f"&{told}"}
        return HTMLResponse(self._templates.get_template(name).render(**past, **values))

    def refusal(self, error: HTTPException, here: Link | None = None) -> Response:
        """What is wrong with a request for a page, as a page; of a data set's where it is one of those."""
        status, why = error.status_code, error.detail
        if here:
            page = self.page("set_error.html", status=status, why=why, here=here)
        else:
            page = self.page("error.html", status=status, why=why)
        return HTMLResponse(page.body, status, error.headers)

    async def _docs(self, _: Request) -> Response:
        return self.page("docs.html", api=self._description)

    async def _openapi(self, _: Request) -> Response:
        return JSONResponse(self._description)


def _utc(instant: dt.datetime) -> str:
    return f"{instant.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def _size(size: int) -> str:
    """Bytes as people say them."""
    for unit, of in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if size >= of:
            return f"{size / of:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"


async def _static(request: Request) -> Response:
    """A file of the pages' own."""
    if (kind := STATIC.get(request.path_params["name"])) is None:
        raise HTTPException(404, "there is no such file")
    return Response((HERE / "static" / request.path_params["name"]).read_bytes(), media_type=kind)
