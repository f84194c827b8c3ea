"""The gateway's part: which key a request carries, what is left of it, and refusals in the gateway's own shape.

Takes headers and query, gives headers to send along, or a refusal. Keys are off unless a file of them is given; then
each has a limit in a rolling hour. Never keeps a key in the clear, never logs one.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

UNLIMITED = "1000000"  # clients read a number, so they get one
Header = tuple[bytes, bytes]

ALWAYS: tuple[Header, ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"X-RateLimit-Limit, X-RateLimit-Remaining"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"Accept-Encoding"),
)


def key_of(headers: Mapping[str, str], arguments: Sequence[tuple[str, str]]) -> str:
    """The key that a request carries: by its header, then by the query, then as the user's name; empty without one."""
    if header := headers.get("x-api-key"):
        return header
    for name, value in arguments:
        if name == "api_key" and value:
            return value
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "replace").partition(":")[0]
    except binascii.Error:
        return ""


def limit_headers(limit: str = UNLIMITED, left: str = UNLIMITED) -> tuple[Header, ...]:
    """Both headers, which clients rely upon: one of them raises where the second is not there."""
    return (b"x-ratelimit-limit", limit.encode()), (b"x-ratelimit-remaining", left.encode())
