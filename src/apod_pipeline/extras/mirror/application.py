"""The routes of `apod serve`, as an ASGI application.

Takes settings, gives the application; its database is opened when it starts and let go of when it ends. Never writes.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import ExitStack, asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apod_pipeline.archive import Archive
from apod_pipeline.errors import DatabaseUnavailable
from apod_pipeline.extras.mirror.gateway import ALWAYS, limit_headers
from apod_pipeline.extras.mirror.http_answers import Send, send_answer
from apod_pipeline.extras.mirror.old_api import Answer, OldApi
from apod_pipeline.extras.mirror.reading import Reading, pool_of
from apod_pipeline.planetary_api import NOTHING_HERE, Refused, as_json, refusal
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


class Mirror:
    """The application: the old API at once, all else through Starlette's routes.

    Args:
        settings: of the archive that is served.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._old: OldApi | None = None
        self._reading: Reading | None = None
        routes = [Route("/health/live", self._live), Route("/health/ready", self._ready), Route("/health", self._ready)]
        self._routes = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers={404: _nothing_here})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's entry."""
        if scope["type"] == "http" and scope["path"] in OLD_PATHS:
            await self._old_api(scope, send)
        else:
            await self._routes(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        settings = self._settings
        with ExitStack() as held:
            conninfo = settings.read_database_url or held.enter_context(database(settings, Archive(settings.archive)))
            pool = pool_of(conninfo, CONNECTIONS)
            await pool.open()
            try:
                self._reading = Reading(pool)
                self._old = OldApi(self._reading, self._today)
                yield
            finally:
                await pool.close()

    def _today(self) -> dt.date:
        return self._settings.today or dt.datetime.now(dt.UTC).date()

    # ---- the old API -----------------------------------------------------------------------
    async def _old_api(self, scope: Scope, send: Send) -> None:
        method = scope["method"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if method == "OPTIONS":
            await _preflight(send)
            return
        if method not in {"GET", "HEAD"}:
            await _not_allowed(send)
            return
        pairs = parse_qsl(scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True)
        arguments = {name: value for name, value in reversed(pairs) if name != "api_key"}
        try:
            answer = await self._answer(arguments)
            await send_answer(answer, headers, limit_headers(), send, head=method == "HEAD")
        except DatabaseUnavailable as error:
            await send_answer(_unavailable(error), headers, limit_headers(), send, head=method == "HEAD")

    async def _answer(self, arguments: dict[str, str]) -> Answer:
        assert self._old is not None  # noqa: S101 - the lifespan comes first
        return await self._old.answer(arguments)

    # ---- health ----------------------------------------------------------------------------
    async def _live(self, _: Request) -> Response:
        return JSONResponse({"live": True})

    async def _ready(self, _: Request) -> Response:
        assert self._reading is not None  # noqa: S101 - the lifespan comes first
        try:
            version = await self._reading.version()
        except DatabaseUnavailable as error:
            return JSONResponse({"live": True, "ready": False, "why": str(error)}, 503)
        return JSONResponse({"live": True, "ready": version is not None}, 200 if version else 503)


def _unavailable(error: DatabaseUnavailable) -> Answer:
    body = as_json({"code": 503, "msg": f"Service Unavailable: {error}", "service_version": "v1"}) + b"\n"
    return Answer(503, body, lasting=False)


async def _nothing_here(_: Request, __: Exception) -> Response:
    return Response(refusal(Refused(404, NOTHING_HERE, usage=True)), 404, media_type="application/json")


async def _preflight(send: Send) -> None:
    headers = [
        *ALWAYS,
        (b"content-type", b"text/html; charset=utf-8"),
        (b"allow", METHODS.encode()),
        (b"access-control-allow-methods", METHODS.encode()),
        (b"access-control-allow-headers", b"X-Api-Key, Authorization"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _not_allowed(send: Send) -> None:
    body = NOT_ALLOWED.encode()
    headers = [
        *ALWAYS,
        (b"content-type", b"text/html; charset=utf-8"),
        (b"allow", METHODS.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 405, "headers": headers})
    await send({"type": "http.response.body", "body": body})


FLAGS = "APOD_SERVE_FLAGS"  # what was typed, handed to the worker processes


def from_environment() -> Mirror:
    """The application of a worker process: the environment's settings, with what was typed on top."""
    return Mirror(resolve(json.loads(os.environ.get(FLAGS, "{}"))))
