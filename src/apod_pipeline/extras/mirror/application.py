"""The routes of `apod serve`, as an ASGI application.

Takes settings, gives the application; its database is opened when it starts and let go of when it ends. Never writes.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apod_pipeline.archive.folder import DEMO_MARK
from apod_pipeline.datasets.apod.old_api.planetary_api import NOTHING_HERE, QuestionRefused, as_json, refusal
from apod_pipeline.datasets.apod.old_api.planetary_gateway import GatewayRefusal, form_of, key_of
from apod_pipeline.datasets.apod.old_api.planetary_gateway import refusal as refusal_of
from apod_pipeline.errors import DatabaseUnavailable
from apod_pipeline.extras.mirror.answers import Answer, Header
from apod_pipeline.extras.mirror.feeds import Feeds
from apod_pipeline.extras.mirror.gallery import PAGES, Gallery
from apod_pipeline.extras.mirror.gateway import NO_LIMIT, KeyedGate, Passage, open_gate, read_keys
from apod_pipeline.extras.mirror.http_answers import Message, Receive, Send, Sender
from apod_pipeline.extras.mirror.new_api import NewApi
from apod_pipeline.extras.mirror.old_api import OldApi
from apod_pipeline.extras.mirror.old_links import old_links
from apod_pipeline.extras.mirror.picture_addresses import places
from apod_pipeline.extras.mirror.provenance import Provenance
from apod_pipeline.extras.mirror.reader_role import reading_door
from apod_pipeline.extras.mirror.searching import Search
from apod_pipeline.extras.mirror.selects import Selects
from apod_pipeline.extras.mirror.shelves import VersionWatch
from apod_pipeline.extras.mirror.watching import METRICS_TYPE, Watched, metrics
from apod_pipeline.settings import Settings, resolve
from apod_pipeline.wiring import archive_of, database, extras

OLD_PATHS = frozenset({"/planetary/apod", "/planetary/apod/", "/v1/apod", "/v1/apod/"})
METHODS = "GET, HEAD, OPTIONS"
ALLOW: Header = (b"allow", METHODS.encode())
NOT_ALLOWED = GatewayRefusal(
    405,
    "text/html; charset=utf-8",
    "<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>\n<h1>Method Not Allowed</h1>\n"
    "<p>The method is not allowed for the requested URL.</p>\n",
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
    """

    def __init__(self, settings: Settings, keys: tuple[Path, Path] | None = None) -> None:
        self._settings = settings
        archive = archive_of(settings)
        self._keyed = KeyedGate(read_keys(keys[0]), keys[1]) if keys else None
        self._gate: Callable[[str], Passage] = self._keyed or open_gate
        self._sender = Sender(private=keys is not None)
        self._reading = Selects()
        watch = VersionWatch(self._reading, self._today)
        provenance = Provenance(archive, watch)
        search = Search(self._reading, watch)
        self._demo = archive.is_marked(DEMO_MARK)
        pages = [page for extra in extras(settings, archive) for page in extra.pages]
        self._gallery = Gallery(self._reading, watch, provenance, search, demo=self._demo, extra=pages)
        self._old = OldApi(self._reading, watch)
        routes = [
            Route("/health/live", self._live),
            Route("/health/ready", self._ready),
            Route("/health", self._ready),
            Route("/metrics", self._metrics),
            *NewApi(self._reading, provenance, search, demo=self._demo).routes,
            *Feeds(self._reading, demo=self._demo).routes,
            *old_links(),
            *self._gallery.routes,
        ]
        handlers = {HTTPException: self._refused, DatabaseUnavailable: _away}
        self._routes = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """ASGI's entry."""
        if scope["type"] != "http":
            await self._routes(scope, receive, send)
        elif _too_large(scope["headers"]):
            refused = GatewayRefusal(413, "text/plain; charset=utf-8", "Nothing can be sent here.\n")
            await self._sender.send_text(refused, (), send)
        elif (path := _one_slash(scope["path"])) in OLD_PATHS:
            await self._old_api(scope, send)
        else:
            await self._sender.respond(self._routes, {**scope, "path": path}, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        settings = self._settings
        with ExitStack() as held:
            alone = settings.read_database_url if not settings.database else None
            conninfo = alone or held.enter_context(database(settings, archive_of(settings)))
            await self._reading.open(reading_door(settings, conninfo), CONNECTIONS)
            try:
                yield
            finally:
                await self._reading.close()
                if self._keyed:
                    self._keyed.close()

    def _today(self) -> dt.date:
        return self._settings.today or dt.datetime.now(dt.UTC).date()

    # ---- the old API -----------------------------------------------------------------------
    async def _old_api(self, scope: Message, send: Send) -> None:
        method, query = scope["method"], scope["query_string"]
        if self._keyed is None and method in {"GET", "HEAD"} and (kept := self._old.at_once(query)):
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
        answer = await self._answered(pairs, scope)
        try:
            await self._sender.send_answer(answer, headers, passage.headers, send, head=method == "HEAD")
        except DatabaseUnavailable as error:  # a range is read as it is sent
            answer = _unavailable(error)
            await self._sender.send_answer(answer, headers, passage.headers, send, head=method == "HEAD")

    async def _answered(self, pairs: list[tuple[str, str]], scope: Message) -> Answer:
        arguments = {name: value for name, value in reversed(pairs) if name != "api_key"}
        try:
            if self._demo:  # its pictures are here, whatever name we are reached by
                base = str(Request(scope).base_url).rstrip("/")
                return await self._old.answer(arguments, place=places(base, demo=True))
            return await self._old.answer(arguments, scope["query_string"])
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
        return Response(metrics(), media_type=METRICS_TYPE, headers=NEVER_KEPT)

    async def _ready(self, _: Request) -> Response:
        try:
            version = await self._reading.version()
        except DatabaseUnavailable as error:
            return JSONResponse({"live": True, "ready": False, "why": str(error)}, 503)
        return JSONResponse({"live": True, "ready": version is not None}, 200 if version else 503, NEVER_KEPT)

    async def _refused(self, request: Request, error: Exception) -> Response:
        """What is wrong with a request: as a page, in NASA's words where there is no such address, else as JSON."""
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these
        if request.url.path.startswith(PAGES):
            return self._gallery.refusal(error)
        if error.status_code == 404 and not request.url.path.startswith("/api/"):
            return Response(refusal(QuestionRefused(404, NOTHING_HERE, usage=True)), 404, media_type="application/json")
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)


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


async def _away(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 503)


# What was typed, handed to the worker processes.
FLAGS, KEYS, COUNTS, LOG = "APOD_SERVE_FLAGS", "APOD_SERVE_KEYS", "APOD_SERVE_COUNTS", "APOD_SERVE_LOG"


def from_environment() -> Watched:
    """The application of a worker process: the environment's settings, with what was typed on top."""
    keys, counts = os.environ.get(KEYS), os.environ.get(COUNTS)
    settings = resolve(json.loads(os.environ.get(FLAGS, "{}")))
    mirror = Mirror(settings, (Path(keys), Path(counts)) if keys and counts else None)
    return Watched(mirror, sys.stderr if os.environ.get(LOG) else None)
