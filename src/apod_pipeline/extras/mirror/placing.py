"""Where answers to programs say that pictures are: where the source has them, or here.

Takes rows and the mirror's own address as whoever asks reaches it, gives addresses. A demo's pictures are always here,
because its source has ended; kept ones with `apod serve --pictures`. What is neither keeps its address.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, MutableMapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from starlette.requests import Request

from apod_pipeline.extras.mirror.kept_pictures import KeptPictures
from apod_pipeline.extras.mirror.picture_addresses import places
from apod_pipeline.extras.mirror.reads import Row
from apod_pipeline.extras.mirror.records import Places

NONE: Mapping[str, str] = {}


class Where(NamedTuple):
    """Where pictures are, for one who asks.

    Attributes:
        base: the mirror's own address, as he reaches it; empty where all addresses stay what they are.
        demo: whether the archive was made by `apod demo`.
    """

    base: str = ""
    demo: bool = False

    def of(self, row: Row) -> Places:
        """Where an address of a row is to be found now."""
        if not self.base:
            return str
        here, drawn = row.get("here") or NONE, places(self.base, demo=self.demo)
        return lambda address: f"{self.base}{here[address]}" if address in here else drawn(address)


AS_TOLD = Where()


class Placing:
    """How one archive's answers tell of pictures.

    Args:
        kept: what is kept here, where that is to be told; None tells the source's addresses.
        demo: whether the archive was made by `apod demo`.
    """

    def __init__(self, kept: KeptPictures | None, *, demo: bool) -> None:
        self._kept, self._demo = kept, demo
        self.changes = demo or kept is not None

    @property
    def newest(self) -> dt.datetime | None:
        """When the last picture was kept, if that changes an answer."""
        return self._kept.newest if self._kept else None

    def where(self, scope: MutableMapping[str, Any]) -> Where:
        """Where pictures are for whoever sent a request."""
        if not self.changes:
            return AS_TOLD
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        server = tuple(scope["server"]) if scope.get("server") else None
        return Where(_base(scope["scheme"], host, server, scope.get("root_path", "")), self._demo)

    async def rows(self, rows: Sequence[Row], instant: dt.datetime | None = None) -> Sequence[Row]:
        """Rows with what is kept of them, where that is to be told."""
        return await self._kept.beside(rows, instant) if self._kept else rows


@lru_cache(maxsize=1024)
def _base(scheme: str, host: bytes, server: tuple[str, int | None] | None, root: str) -> str:
    headers = [(b"host", host)] if host else []
    scope = {"type": "http", "scheme": scheme, "server": server, "headers": headers, "root_path": root, "path": root}
    return str(Request(scope).base_url).rstrip("/")
