"""An answer before it is sent: its bytes, plain and compressed, and the tag of each.

Takes bodies, or pieces of one, gives what `http_answers` sends. Never knows who asked.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

Header = tuple[bytes, bytes]

SMALLEST_ZIPPED = 600  # bytes; below that compression saves nothing


@dataclass(slots=True)
class Answer:
    """Bytes to send, or pieces of them.

    Attributes:
        status: HTTP status.
        body: the whole body; empty where it comes in pieces.
        pieces: the body as it is read.
        tag: what names the body: the digest of what it is, or is made of; empty where it is never asked for again.
        modified: the version's instant, as HTTP writes it.
        lasting: whether it may be kept by caches.
        zipped: the body compressed, once somebody wanted it so.
        ready: lists of headers that were sent with it before, by what was wished.
    """

    status: int
    body: bytes = b""
    pieces: AsyncIterator[bytes] | None = None
    tag: bytes = b""
    modified: bytes | None = None
    lasting: bool = True
    zipped: bytes | None = None
    ready: dict[Any, list[Header]] = field(default_factory=dict)

    def worth_zipping(self) -> bool:
        """Whether compression saves anything."""
        return self.pieces is not None or len(self.body) >= SMALLEST_ZIPPED

    def compressed(self) -> bytes:
        """The body compressed, at the first time."""
        if self.zipped is None:
            self.zipped = gzip.compress(self.body, 6, mtime=0)
        return self.zipped

    def etag(self, *, zipped: bool) -> bytes:
        """The `ETag` of one encoding: two that differ in a byte never share one."""
        if not self.tag:
            return b""
        return (b'W/"' if self.pieces else b'"') + self.tag + (b'-gzip"' if zipped else b'"')


def tag_of(body: bytes) -> bytes:
    """What names these bytes."""
    return hashlib.sha256(body).hexdigest()[:32].encode()


@lru_cache(maxsize=256)
def accepts_gzip(accepted: str) -> bool:
    """Whether an `Accept-Encoding` takes gzip: by name, by `*`, and not with a weight of nothing (RFC 9110, 12.5.3)."""
    weights = {}
    for offer in accepted.lower().split(","):
        name, _, parameters = offer.partition(";")
        weights[name.strip()] = _weight(parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0  # what cannot be read is no wish


async def compressed_pieces(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces compressed as they come."""
    packer = zlib.compressobj(6, wbits=31)
    async for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
