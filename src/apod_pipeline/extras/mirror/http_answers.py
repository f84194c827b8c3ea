"""Answers as HTTP messages: headers, conditions, compression, streaming.

Takes an answer and a request's headers, sends it over ASGI. Never decides what is answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from apod_pipeline.extras.mirror.gateway import ALWAYS, Header
from apod_pipeline.extras.mirror.old_api import Answer, compressed
from apod_pipeline.extras.mirror.picture_addresses import HOSTS
from apod_pipeline.planetary_gateway import Refusal

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

JSON: Header = (b"content-type", b"application/json")
SMALLEST_ZIPPED = 600  # bytes; below that compression saves nothing
GUARDS: tuple[Header, ...] = (
    (
        b"content-security-policy",
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' {HOSTS}; "
        "frame-src https://www.youtube.com https://www.youtube-nocookie.com https://player.vimeo.com; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'".encode(),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),  # YouTube's player refuses pages that tell nothing
)
LASTING, FLEETING = b"public, max-age=300, stale-if-error=86400", b"no-store"


def guarded(send: Send) -> Send:
    """The same, with the headers that bind a browser to what our pages need."""

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *GUARDS]
        await send(message)

    return send_guarded


async def send_kept(answer: Answer, headers: list[Header], more: tuple[Header, ...], send: Send, *, head: bool) -> None:
    """What `send_answer` does, for an answer that lies ready: its headers are put together once."""
    wished = {name: value for name, value in headers if name in (b"accept-encoding", b"if-none-match")}
    if b"if-none-match" in wished:
        told = {name.decode(): value.decode("latin-1") for name, value in wished.items()}
        await send_answer(answer, told, more, send, head=head)
        return
    zipped = b"gzip" in wished.get(b"accept-encoding", b"") and len(answer.body) >= SMALLEST_ZIPPED
    body = answer.compressed() if zipped else answer.body
    ready = answer.ready.get((zipped, more))
    if ready is None:
        kept = [(b"etag", answer.etag or b""), (b"last-modified", answer.modified or b"")]
        packed = [(b"content-encoding", b"gzip")] if zipped else []
        length = (b"content-length", str(len(body)).encode())
        ready = [JSON, *ALWAYS, *more, (b"cache-control", LASTING), *(h for h in kept if h[1]), *packed, length]
        answer.ready[zipped, more] = ready
    await send({"type": "http.response.start", "status": 200, "headers": ready})
    await send({"type": "http.response.body", "body": b"" if head else body})


async def send_answer(
    answer: Answer, headers: dict[str, str], more: tuple[Header, ...], send: Send, *, head: bool
) -> None:
    """Send an answer as the request's headers ask for it: only if it changed, compressed, without a body (`head`)."""
    sent = [JSON, *ALWAYS, *more, (b"cache-control", LASTING if answer.lasting else FLEETING)]
    if answer.etag:
        sent.append((b"etag", answer.etag))
    if answer.modified:
        sent.append((b"last-modified", answer.modified))
    if answer.etag and _unchanged(answer.etag, headers):
        await _send(send, 304, sent[1:], b"")
        return
    zipped = "gzip" in headers.get("accept-encoding", "")
    if answer.pieces is None:
        body = answer.body
        if zipped and len(body) >= SMALLEST_ZIPPED:
            body = answer.compressed()
            sent.append((b"content-encoding", b"gzip"))
        sent.append((b"content-length", str(len(body)).encode()))
        await _send(send, answer.status, sent, b"" if head else body)
        return
    if zipped:
        sent.append((b"content-encoding", b"gzip"))
    await _stream(answer, sent, send, head=head, zipped=zipped)


async def send_text(refusal: Refusal, more: tuple[Header, ...], send: Send) -> None:
    """Send a text that is the same for everybody."""
    body = refusal.text.encode()
    told = (b"content-type", refusal.content_type.encode()), (b"content-length", str(len(body)).encode())
    await _send(send, refusal.status, [*told, *ALWAYS, *more], body)


async def _stream(answer: Answer, sent: list[Header], send: Send, *, head: bool, zipped: bool) -> None:
    """The first piece is read before anything is sent, so that a database that is away is no half answer."""
    assert answer.pieces is not None  # noqa: S101 - the caller has looked
    pieces = compressed(answer.pieces) if zipped else answer.pieces
    first = await anext(pieces, b"")
    await send({"type": "http.response.start", "status": answer.status, "headers": sent})
    if not head:
        await send({"type": "http.response.body", "body": first, "more_body": True})
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _send(send: Send, status: int, headers: list[Header], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _unchanged(etag: bytes, headers: dict[str, str]) -> bool:
    told = headers.get("if-none-match", "")
    bare = etag.removeprefix(b"W/").decode()
    return told == "*" or bare in {tag.strip().removeprefix("W/") for tag in told.split(",")}
