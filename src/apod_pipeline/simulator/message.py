"""What passes between the HTTP plumbing and the services: one request, one answer.

Takes and gives plain values, never touches a socket. Keys are masked here, so that no log can hold one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from apod_pipeline.datasets.apod.old_api.planetary_gateway import masked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read whole."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = b""

    @property
    def target(self) -> str:
        """Path and query as they may be logged: every API key is masked."""
        return f"{self.path}?{masked(self.query)}" if self.query else self.path

    def arguments(self) -> list[tuple[str, str]]:
        """The query's names and values in their order, empty values kept."""
        return parse_qsl(self.query, keep_blank_values=True)


@dataclass(slots=True)
class Answer:
    """One HTTP answer, and what the network does to it on the way."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes | Iterator[bytes] = b""
    """Bytes go out in one write with their length; an iterator's pieces are streamed as chunks."""
    wait: float = 0.0
    """Seconds of silence before anything is sent."""
    hang_up: bool = False
    """Close the connection without an answer (after `wait`)."""
    keep: float = 1.0
    """Share of the body that arrives before the connection is closed."""
    reset: bool = False
    """Where less than the whole body arrives: the connection is reset, not closed."""
    chunked: bool = True
    """Whether a streamed body comes in chunks; else it ends where the connection does."""
    drip: tuple[int, float] | None = None
    """Bytes a piece and seconds between the pieces of the body."""

    def header(self, name: str) -> str | None:
        """The first header of this name; None if there is none."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    def whole(self) -> bytes:
        """The body in memory."""
        if not isinstance(self.body, bytes):
            self.body = b"".join(self.body)
        return self.body


def as_json(value: object) -> bytes:
    """Compact JSON in ASCII."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def text_answer(status: int, text: str, content_type: str = "text/html; charset=utf-8") -> Answer:
    """An answer of text, HTML unless said otherwise."""
    return Answer(status, [("Content-Type", content_type)], text.encode())
