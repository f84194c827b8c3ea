"""What was asked, how it ended and how long it took: a JSON line a request, and counters for Prometheus.

Takes an ASGI application, gives one that is watched. Never writes a key down, wherever in the query it stands, and
never a header.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from functools import cache, lru_cache
from typing import Any, TextIO

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

from apod_pipeline.datasets.apod.old_api.planetary_gateway import masked, masked_path
from apod_pipeline.extras.mirror.description import PARAMETERS

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

REQUESTS = Counter("apod_mirror_requests", "requests answered", ["part", "status"])
SECONDS = Histogram(
    "apod_mirror_seconds",
    "seconds until the whole answer was sent",
    ["part"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Watched:
    """An application whose requests are counted and, if wanted, told.

    Args:
        application: what answers.
        log: where a line a request goes; None tells nothing.
        known: the only names in a query whose values are told.
    """

    def __init__(self, application: App, log: TextIO | None = sys.stderr, known: Collection[str] = PARAMETERS) -> None:
        self._application, self._known = application, known
        self._log = log

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """ASGI's entry."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        begun, told = time.perf_counter(), {"status": 500, "bytes": 0}

        async def watched_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
            else:
                told["bytes"] += len(message.get("body", b""))
            await send(message)

        try:
            await self._application(scope, receive, watched_send)
        finally:
            self._count(scope, told, time.perf_counter() - begun)

    def _count(self, scope: Message, told: dict[str, int], seconds: float) -> None:
        requests, timed = _counters(_part(scope["path"]), told["status"])
        requests.inc()
        timed.observe(seconds)
        if self._log is not None:
            line = {"at": round(time.time(), 3), "method": scope["method"], "path": masked_path(scope["path"]), **told}
            query = masked(scope["query_string"].decode("utf-8", "replace"), self._known)
            client = scope["client"][0] if scope.get("client") else None
            line |= {"query": query, "seconds": round(seconds, 4), "client": client}
            self._log.write(json.dumps(line) + "\n")


@cache
def _counters(part: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(part, status), SECONDS.labels(part)


@lru_cache(maxsize=4096)
def _part(path: str) -> str:
    """The part of the house that answers; a few names, so that no visitor can make many counters."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return {"planetary": "old", "v1": "old", "api": "api", "health": "health", "metrics": "metrics"}.get(first, "other")


def metrics() -> bytes:
    """All counters in Prometheus' text form; of all processes where there are several."""
    registry = CollectorRegistry()
    try:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    except ValueError:  # one process: its own counters are all
        return generate_latest()
    return generate_latest(registry)
