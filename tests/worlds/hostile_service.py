"""Services that lie: both of NASA's, answered in this process, with whatever a world wants to be wrong."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from apod_pipeline.dataset.sources import Request
from apod_pipeline.errors import SourceUnavailable
from apod_pipeline.ports import Answer
from apod_pipeline.simulator.gateway import Gateway
from apod_pipeline.simulator.message import Request as Asked
from apod_pipeline.simulator.services import Services
from apod_pipeline.simulator.world import World
from lab import KEY

TODAY = dt.date(2018, 12, 31)
DAYS = [TODAY - dt.timedelta(days=number) for number in range(9, -1, -1)]
__all__ = ["DAYS", "KEY", "TODAY", "WHOLE", "HostileTransport", "Lie", "services"]
WHOLE = ("bytes", "status", "silence", "wrap", "reverse", "same")  # lies about a reply, not about one day of it


class Lie(NamedTuple):
    """One thing that is wrong.

    Attributes:
        kind: what is done: one of `WHOLE`, or `field`, `without`, `item`, `twice`, `left out`, `other day`.
        source: whose answers; None for both.
        form: which answers: `list`, `day`, `feed`; None for all.
        day: number of the day in `DAYS`.
        field: which field of the day's item.
        value: what stands there instead.
    """

    kind: str
    source: str | None = None
    form: str | None = None
    day: int = 0
    field: str = "title"
    value: Any = ""

    def touches(self) -> set[dt.date]:
        """The days that may suffer from it in the same run."""
        if self.kind in WHOLE:
            return set(DAYS)
        told = [day for day in DAYS if isinstance(self.value, str) and self.value.startswith(str(day))]
        return {DAYS[self.day], *told}


@dataclass(eq=False)
class HostileTransport:
    """The wire: what the simulator's services answer, with lies told."""

    services: Services
    lies: tuple[Lie, ...] = ()
    asked: int = 0

    def abandon(self) -> None:
        """Nothing is on its way for longer than a moment."""

    def download(self, request: Request, into: Path) -> Answer:
        """An answer, written into a file."""
        self.asked += 1
        parts = urlsplit(request.address)
        source = "planetary" if "planetary" in parts.path else "science"
        headers = {name.lower(): value for name, value in request.headers.items()}
        said = self.services.answer(Asked("GET", parts.path, parts.query, headers))
        lies = [lie for lie in self.lies if lie.source in {None, source} and lie.form in {None, request.form}]
        status, body = _told(lies, said.status, said.whole(), request)
        into.write_bytes(body)
        return Answer(status, dt.datetime.now(dt.UTC), len(body), hashlib.sha256(body).hexdigest())


def services() -> Services:
    """Both services on their best behaviour, the same at every call."""
    return Services(World(TODAY), Gateway(10**9), 0)


def _told(lies: list[Lie], status: int, body: bytes, request: Request) -> tuple[int, bytes]:
    if any(lie.kind == "silence" for lie in lies):
        raise SourceUnavailable(
            f"{request.asked}: no answer. What was received before is kept; type the same command again later."
        )
    for lie in lies:
        if lie.kind == "bytes":
            body = _bytes(lie.value, body)
        elif lie.kind == "status":
            status = lie.value if isinstance(lie.value, int) else 500
        elif request.form == "feed":
            body = body.replace(b"<title>", f"<title>{lie.value}".encode("utf-8", "surrogatepass"), 3)
        elif status == 200:
            body = _worded(lie, body)
    return status, body


def _bytes(value: Any, body: bytes) -> bytes:
    if isinstance(value, float):
        return body[: int(len(body) * value)]
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def _worded(lie: Lie, body: bytes) -> bytes:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):  # another lie made it no JSON
        return body
    if lie.kind == "wrap":
        return _dumped(said[0] if isinstance(said, list) and said else [said, said])
    items = said if isinstance(said, list) else [said]
    items = [changed for item in items for changed in _changed(lie, item)]
    if lie.kind == "reverse":
        items.reverse()
    return _dumped(items if isinstance(said, list) else items[0] if items else None)


def _changed(lie: Lie, item: Any) -> list[Any]:
    if not isinstance(item, dict):
        return [item]
    if lie.kind == "same":
        return [item | {"title": "A Lamp", lie.field: lie.value}]
    if not str(item.get("date", "")).startswith(str(DAYS[lie.day])):
        return [item]
    return {
        "field": [item | {lie.field: lie.value}],
        "without": [{name: value for name, value in item.items() if name != lie.field}],
        "item": [lie.value],
        "twice": [item, item | {lie.field: lie.value}],
        "left out": [],
        "other day": [item | {"date": lie.value}],
    }.get(lie.kind, [item])


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode()
