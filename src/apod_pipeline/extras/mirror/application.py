"""The routes of `apod serve`, as an ASGI application.

Takes settings, gives the application; its database is opened when it starts and let go of when it ends. Never writes.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apod_pipeline.datasets.apod.old_api.planetary_api import NOTHING_HERE, QuestionRefused, as_json, refusal
from apod_pipeline.datasets.apod.old_api.planetary_gateway import GatewayRefusal, form_of, key_of
from apod_pipeline.datasets.apod.old_api.planetary_gateway import refusal as refusal_of
from apod_pipeline.errors import DatabaseUnavailable
from apod_pipeline.extras.metrics.exposition import exposed
from apod_pipeline.extras.metrics.of_tables import numbers
from apod_pipeline.extras.metrics.tally import counted
from apod_pipeline.extras.mirror.answers import Answer, Header
from apod_pipeline.extras.mirror.description import PARAMETERS
from apod_pipeline.extras.mirror.gallery import PAGES
from apod_pipeline.extras.mirror.gateway import NO_LIMIT, KeyedGate, Passage, open_gate, read_keys
from apod_pipeline.extras.mirror.http_answers import Message, Receive, Send, Sender
from apod_pipeline.extras.mirror.picture_files import PictureFiles
from apod_pipeline.extras.mirror.placing import Where
from apod_pipeline.extras.mirror.served import Served, ServedApod
from apod_pipeline.extras.mirror.served_set import ServedSet
from apod_pipeline.extras.mirror.site import Site
from apod_pipeline.extras.mirror.watching import METRICS_TYPE, Watched, metrics
from apod_pipeline.settings import Settings, resolve

APOD = "apod"
OLD_PATHS = frozenset({"/planetary/apod", "/planetary/apod/", "/v1/apod", "/v1/apod/"})
METHODS = "GET, HEAD, OPTIONS"
ALLOW: Header = (b"allow", METHODS.encode())
NOT_ALLOWED = GatewayRefusal(
    405,
    "text/html; charset=utf-8",
    "<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>\n<h1>Method Not Allowed</h1>\n"
    "<p>The method is not allowed for the requested URL.</p>\n",
)
NO_APOD = GatewayRefusal(
    404,
    "application/json",
    refusal(
        QuestionRefused(404, "This mirror has no Astronomy Picture of the Day: its archive is not among those served.")
    ).decode(),
)
NEVER_KEPT = {"Cache-Control": "no-store"}
CONNECTIONS = 8
LARGEST_BODY = 65_536  # bytes


class Mirror:
    """The application: the old API at once, all else through Starlette's routes.

    Args:
        settings: of the archive that is served.
        keys: a file of keys, and the file in which what they ask is counted; without them everybody may ask, without a
            limit.
        others: settings of archives of other data sets.
        pictures: whether answers to programs lead to the pictures that are kept here.
    """

    def __init__(
        self,
        settings: Settings,
        keys: tuple[Path, Path] | None = None,
        others: Sequence[Settings] = (),
        *,
        pictures: bool = False,
    ) -> None:
        served = [settings, *others]
        apod = next((one for one in served if one.dataset == APOD), None)
        sets = [ServedSet(one) for one in served if one is not apod]
        main: Served = sets[0] if apod is None else ServedApod(apod, pictures=pictures)
        self._keyed = KeyedGate(read_keys(keys[0]), keys[1]) if keys else None
        self._gate: Callable[[str], Passage] = self._keyed or open_gate
        self._sender = Sender(private=keys is not None)
        self._apod = main if isinstance(main, ServedApod) else None
        files = self._apod.kept.files if self._apod and self._apod.kept.is_here else None
        self._files = PictureFiles(files, private=keys is not None) if files else None
        self._served: list[Served] = [main, *(one for one in sets if one is not main)]
        added = main.pages()
        menu, described = [*added, *(one.link for one in sets)], [one.archive.dataset for one in sets]
        site = Site(menu, described, apod=bool(apod), pictures=self._files is not None)
        routes = [
            Route("/health/live", self._live),
            Route("/health/ready", self._ready),
            Route("/health", self._ready),
            Route("/metrics", self._metrics),
            *(route for one in self._served for route in one.routes(site)),
            *([] if self._apod else [sets[0].first_page(site)]),
            *site.routes,
            *site.extra_routes(added, main.reading.rows),
        ]
        self._site, self._sets = site, sets
        handlers = {HTTPException: self._refused, DatabaseUnavailable: self._away}
        self._routes = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)

    @property
    def parameters(self) -> set[str]:
        """Names that may stand in a query of the sets' own, and are no secret."""
        return {name for one in self._sets for name in one.parameters}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """ASGI's entry."""
        if scope["type"] != "http":
            await self._routes(scope, receive, send)
        elif _too_large(scope["headers"]):
            refused = GatewayRefusal(413, "text/plain; charset=utf-8", "Nothing can be sent here.\n")
            await self._sender.send_text(refused, (), send)
        elif (path := _one_slash(scope["path"])) in OLD_PATHS:
            await self._old_api(scope, send)
        elif self._files and scope["method"] in {"GET", "HEAD"} and (file := await self._files.find(path)):
            await self._files.send(file, scope, receive, send)
        else:
            await self._sender.respond(self._routes, {**scope, "path": path}, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as held:
            if self._keyed:
                held.callback(self._keyed.close)
            for one in self._served:
                await one.open(held, CONNECTIONS)
            yield

    # ---- the old API -----------------------------------------------------------------------
    async def _old_api(self, scope: Message, send: Send) -> None:
        method, query = scope["method"], scope["query_string"]
        if self._apod is None:
            await self._sender.send_text(NO_APOD, (), send)
            return
        where = self._apod.placing.where(scope)
        if self._keyed is None and method in {"GET", "HEAD"} and (kept := self._apod.old.at_once(query, where)):
            await self._sender.send_kept(kept, scope["headers"], NO_LIMIT, send, head=method == "HEAD")
            return
        if method == "OPTIONS":
            await self._preflight(send)
            return
        if method not in {"GET", "HEAD"}:
            await self._sender.send_text(NOT_ALLOWED, (ALLOW,), send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        pairs = parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)
        try:
            passage = self._gate(key_of(headers, pairs))
        except DatabaseUnavailable as error:
            await self._sender.send_answer(_unavailable(error), headers, (), send, head=method == "HEAD")
            return
        if passage.refused:
            refused = refusal_of(passage.refused, form_of(scope["path"], headers, pairs))
            await self._sender.send_text(refused, passage.headers, send)
            return
        answer = await self._answered(self._apod, pairs, query, where)
        try:
            await self._sender.send_answer(answer, headers, passage.headers, send, head=method == "HEAD")
        except DatabaseUnavailable as error:  # a range is read as it is sent
            answer = _unavailable(error)
            await self._sender.send_answer(answer, headers, passage.headers, send, head=method == "HEAD")

    async def _answered(self, apod: ServedApod, pairs: list[tuple[str, str]], query: bytes, where: Where) -> Answer:
        arguments = {name: value for name, value in reversed(pairs) if name != "api_key"}
        try:
            return await apod.old.answer(arguments, query, where)
        except DatabaseUnavailable as error:
            return _unavailable(error)

    async def _preflight(self, send: Send) -> None:
        methods, names = b"access-control-allow-methods", b"access-control-allow-headers"
        more = ALLOW, (methods, METHODS.encode()), (names, b"X-Api-Key, Authorization")
        await self._sender.send_text(GatewayRefusal(200, "text/html; charset=utf-8", ""), more, send)

    # ---- health ----------------------------------------------------------------------------
    async def _live(self, _: Request) -> Response:
        return JSONResponse({"live": True}, headers=NEVER_KEPT)

    async def _metrics(self, _: Request) -> Response:
        told = {}
        for one in self._served:
            with suppress(DatabaseUnavailable):  # the mirror's own counters say how that goes
                found = await numbers(one.archive.dataset.name, one.reading.rows)
                names = {sample.name for sample in found}
                more = (sample for sample in counted(one.archive) if sample.name not in names)
                told[one.archive.dataset.name] = [*found, *more]
        return Response(metrics() + exposed(told), media_type=METRICS_TYPE, headers=NEVER_KEPT)

    async def _ready(self, _: Request) -> Response:
        try:
            version = await self._served[0].reading.version()  # whatever another set has yet: its pages say so
        except DatabaseUnavailable as error:
            return JSONResponse({"live": True, "ready": False, "why": str(error)}, 503)
        return JSONResponse({"live": True, "ready": version is not None}, 200 if version else 503, NEVER_KEPT)

    async def _refused(self, request: Request, error: Exception) -> Response:
        """What is wrong with a request: as a page, in NASA's words where there is no such address, else as JSON."""
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these
        path, is_program = request.url.path, request.url.path.startswith("/api/")
        if own := self._set_of(path):
            return self._site.refusal(error, own.link)
        if path.startswith(PAGES):
            return self._site.refusal(error)
        if error.status_code == 404 and not is_program:
            return Response(refusal(QuestionRefused(404, NOTHING_HERE, usage=True)), 404, media_type="application/json")
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)

    async def _away(self, request: Request, error: Exception) -> Response:
        """That the tables cannot be read: as a page where it is one of a set's, else as JSON."""
        if own := self._set_of(request.url.path):
            return self._site.refusal(HTTPException(503, str(error)), own.link)
        return JSONResponse({"error": str(error)}, 503)

    def _set_of(self, path: str) -> ServedSet | None:
        """The set beside APOD whose page an address is; without APOD the first one has whatever is no answer."""
        rest = self._sets[:1] if self._apod is None and not path.startswith(("/api/", "/health")) else []
        return next((one for one in self._sets if one.has_page(path)), next(iter(rest), None))


def _one_slash(path: str) -> str:
    """A path as it was meant: whoever joins an address that ends in a slash to one that begins with it doubles it."""
    return re.sub("/{2,}", "/", path) if "//" in path else path


def _too_large(headers: list[Header]) -> bool:
    """Whether a request brings a body that nobody would read; what comes without a length is never read either."""
    length = next((value for name, value in headers if name == b"content-length"), b"0")
    return not length.isdigit() or len(length) > 9 or int(length) > LARGEST_BODY


def _unavailable(error: DatabaseUnavailable) -> Answer:
    body = as_json({"code": 503, "msg": f"Service Unavailable: {error}", "service_version": "v1"}) + b"\n"
    return Answer(503, body, lasting=False)


# What was typed, handed to the worker processes.
FLAGS, KEYS, COUNTS, LOG = "APOD_SERVE_FLAGS", "APOD_SERVE_KEYS", "APOD_SERVE_COUNTS", "APOD_SERVE_LOG"
PICTURES = "APOD_SERVE_PICTURES"


def from_environment() -> Watched:
    """The application of a worker process: the environment's settings, with what was typed on top."""
    keys, counts = os.environ.get(KEYS), os.environ.get(COUNTS)
    first, *others = [resolve(flags) for flags in json.loads(os.environ.get(FLAGS, "[{}]"))]
    counted_keys = (Path(keys), Path(counts)) if keys and counts else None
    mirror = Mirror(first, counted_keys, others, pictures=os.environ.get(PICTURES) == "1")
    return Watched(mirror, sys.stderr if os.environ.get(LOG) else None, PARAMETERS | mirror.parameters)
