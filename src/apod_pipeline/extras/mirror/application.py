"""The routes of `apod serve`, as an ASGI application.

Takes settings, gives the application; its database is opened when it starts and let go of when it ends. Never writes.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apod_pipeline.archive import Archive
from apod_pipeline.demo import MARK
from apod_pipeline.errors import DatabaseUnavailable
from apod_pipeline.extras.mirror.feeds import Feeds
from apod_pipeline.extras.mirror.gallery import PAGES, Gallery
from apod_pipeline.extras.mirror.gateway import NO_LIMIT, Header, KeyedGate, Passage, open_gate, read_keys
from apod_pipeline.extras.mirror.http_answers import Send, guarded, send_answer, send_kept, send_text
from apod_pipeline.extras.mirror.new_api import NewApi
from apod_pipeline.extras.mirror.old_api import Answer, OldApi
from apod_pipeline.extras.mirror.provenance import Provenance
from apod_pipeline.extras.mirror.reader_role import reading_door
from apod_pipeline.extras.mirror.reading import Reading
from apod_pipeline.extras.mirror.searching import Search
from apod_pipeline.extras.mirror.shelves import VersionWatch
from apod_pipeline.extras.mirror.watching import METRICS_TYPE, Watched, metrics
from apod_pipeline.planetary_api import NOTHING_HERE, Refused, as_json, refusal
from apod_pipeline.planetary_gateway import Refusal, form_of, key_of
from apod_pipeline.planetary_gateway import refusal as refusal_of
from apod_pipeline.settings import Settings, resolve
from apod_pipeline.wiring import database

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

OLD_PATHS = frozenset({"/planetary/apod", "/planetary/apod/", "/v1/apod", "/v1/apod/"})
METHODS = "GET, HEAD, OPTIONS"
NOT_ALLOWED = (
    "<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>\n<h1>Method Not Allowed</h1>\n"
    "<p>The method is not allowed for the requested URL.</p>\n"
)
CONNECTIONS = 8
LARGEST_BODY = 65_536  # bytes


class Mirror:
    """The application: the old API at once, all else through Starlette's routes.

    Args:
        settings: of the archive that is served.
        keys: a file of keys; without one everybody may ask, without a limit.
    """

    def __init__(self, settings: Settings, keys: Path | None = None) -> None:
        self._settings = settings
        archive = Archive(settings.archive)
        counts = (archive.private if archive.exists else Path(tempfile.gettempdir())) / "mirror-counts.sqlite"
        self._keyed = KeyedGate(read_keys(keys), counts) if keys else None
        self._gate: Callable[[str], Passage] = self._keyed or open_gate
        self._reading = Reading()
        watch = VersionWatch(self._reading, self._today)
        provenance = Provenance(archive, watch)
        search = Search(self._reading, watch)
        self._gallery = Gallery(self._reading, watch, provenance, search, demo=archive.is_marked(MARK))
        self._old = OldApi(self._reading, watch)
        routes = [
            Route("/health/live", self._live),
            Route("/health/ready", self._ready),
            Route("/health", self._ready),
            Route("/metrics", self._metrics),
            *NewApi(self._reading, provenance, search).routes,
            *Feeds(self._reading).routes,
            *self._gallery.routes,
        ]
        handlers = {HTTPException: self._refused, DatabaseUnavailable: _away}
        self._routes = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's entry."""
        if scope["type"] == "http" and _too_large(scope["headers"]):
            await send_text(Refusal(413, "text/plain; charset=utf-8", "There is nothing to be sent here.\n"), (), send)
        elif scope["type"] == "http" and scope["path"] in OLD_PATHS:
            await self._old_api(scope, send)
        else:
            await self._routes(scope, receive, guarded(send) if scope["type"] == "http" else send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        settings = self._settings
        with ExitStack() as held:
            alone = settings.read_database_url if not settings.database else None
            conninfo = alone or held.enter_context(database(settings, Archive(settings.archive)))
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
    async def _old_api(self, scope: Scope, send: Send) -> None:
        method, query = scope["method"], scope["query_string"]
        if self._keyed is None and method in {"GET", "HEAD"} and (kept := self._old.at_once(query)):
            await send_kept(kept, scope["headers"], NO_LIMIT, send, head=method == "HEAD")
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if method == "OPTIONS":
            await _preflight(send)
            return
        if method not in {"GET", "HEAD"}:
            await _not_allowed(send)
            return
        pairs = parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)
        passage = self._gate(key_of(headers, pairs))
        if passage.refused:
            await send_text(refusal_of(passage.refused, form_of(scope["path"], headers, pairs)), passage.headers, send)
            return
        arguments = {name: value for name, value in reversed(pairs) if name != "api_key"}
        try:
            answer = await self._old.answer(arguments, query)
            await send_answer(answer, headers, passage.headers, send, head=method == "HEAD")
        except DatabaseUnavailable as error:
            await send_answer(_unavailable(error), headers, passage.headers, send, head=method == "HEAD")

    # ---- health ----------------------------------------------------------------------------
    async def _live(self, _: Request) -> Response:
        return JSONResponse({"live": True})

    async def _metrics(self, _: Request) -> Response:
        return Response(metrics(), media_type=METRICS_TYPE)

    async def _ready(self, _: Request) -> Response:
        try:
            version = await self._reading.version()
        except DatabaseUnavailable as error:
            return JSONResponse({"live": True, "ready": False, "why": str(error)}, 503)
        return JSONResponse({"live": True, "ready": version is not None}, 200 if version else 503)

    async def _refused(self, request: Request, error: Exception) -> Response:
        """What is wrong with a request: as a page, in NASA's words where there is no such address, else as JSON."""
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these
        if request.url.path.startswith(PAGES):
            return self._gallery.refusal(error)
        if error.status_code == 404 and not request.url.path.startswith("/api/"):
            return Response(refusal(Refused(404, NOTHING_HERE, usage=True)), 404, media_type="application/json")
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def _too_large(headers: list[Header]) -> bool:
    """Whether a request brings a body that nobody would read; what comes without a length is never read either."""
    length = next((value for name, value in headers if name == b"content-length"), b"0")
    return not length.isdigit() or len(length) > 9 or int(length) > LARGEST_BODY


def _unavailable(error: DatabaseUnavailable) -> Answer:
    body = as_json({"code": 503, "msg": f"Service Unavailable: {error}", "service_version": "v1"}) + b"\n"
    return Answer(503, body, lasting=False)


async def _away(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 503)


ALLOW: Header = (b"allow", METHODS.encode())


async def _preflight(send: Send) -> None:
    methods, names = b"access-control-allow-methods", b"access-control-allow-headers"
    more = ALLOW, (methods, METHODS.encode()), (names, b"X-Api-Key, Authorization")
    await send_text(Refusal(200, "text/html; charset=utf-8", ""), more, send)


async def _not_allowed(send: Send) -> None:
    await send_text(Refusal(405, "text/html; charset=utf-8", NOT_ALLOWED), (ALLOW,), send)


FLAGS, KEYS, LOG = (
    "APOD_SERVE_FLAGS",
    "APOD_SERVE_KEYS",
    "APOD_SERVE_LOG",
)  # what was typed, handed to the worker processes


def from_environment() -> Watched:
    """The application of a worker process: the environment's settings, with what was typed on top."""
    keys = os.environ.get(KEYS)
    mirror = Mirror(resolve(json.loads(os.environ.get(FLAGS, "{}"))), Path(keys) if keys else None)
    return Watched(mirror, sys.stderr if os.environ.get(LOG) else None)
