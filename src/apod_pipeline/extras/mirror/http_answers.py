"""Answers as HTTP messages: headers, conditions, compression, streaming.

Takes an answer and a request's headers, sends it over ASGI; also for the routes that give plain responses. Never
decides what is answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from apod_pipeline.datasets.apod.old_api.planetary_gateway import GatewayRefusal
from apod_pipeline.extras.mirror.answers import Answer, Header, accepts_gzip, compressed_pieces, tag_of
from apod_pipeline.extras.mirror.gateway import ALWAYS
from apod_pipeline.extras.mirror.picture_addresses import HOSTS

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

JSON: Header = (b"content-type", b"application/json")
GUARDS: tuple[Header, ...] = (
    (
        b"content-security-policy",
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' {HOSTS}; "
        "frame-src https://www.youtube.com https://www.youtube-nocookie.com https://player.vimeo.com; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'".encode(),
    ),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),  # YouTube's player refuses pages that tell nothing
)
LASTING, FLEETING = b"max-age=300, stale-if-error=86400", b"no-store"
ZIPPED: Header = (b"content-encoding", b"gzip")
MOST_ZIPPED = 256  # compressed bodies of pages that are kept, some 10 KB each


class Sender:
    """How answers of one mirror are sent.

    Args:
        private: whether they are for whoever asked with a key, and no cache between may give them to others.
    """

    def __init__(self, *, private: bool) -> None:
        shared = b"private, " if private else b"public, "
        self._lasting: Header = (b"cache-control", shared + LASTING)
        self._fleeting: Header = (b"cache-control", FLEETING)
        varying = b"Accept-Encoding, X-Api-Key, Authorization" if private else b"Accept-Encoding"
        self._always = (*ALWAYS, (b"vary", varying))
        self._zipped: dict[bytes, bytes] = {}

    async def send_kept(
        self, answer: Answer, headers: list[Header], more: tuple[Header, ...], send: Send, *, head: bool
    ) -> None:
        """What `send_answer` does, for an answer that lies ready: its headers are put together once."""
        wished = {name: value for name, value in headers if name in (b"accept-encoding", b"if-none-match")}
        if b"if-none-match" in wished:
            told = {name.decode(): value.decode("latin-1") for name, value in wished.items()}
            await self.send_answer(answer, told, more, send, head=head)
            return
        zipped = answer.worth_zipping() and accepts_gzip(wished.get(b"accept-encoding", b"").decode("latin-1"))
        body = answer.compressed() if zipped else answer.body
        ready = answer.ready.get((zipped, more))
        if ready is None:
            ready = answer.ready[zipped, more] = [JSON, *self._described(answer, more, zipped=zipped), _length(body)]
        await send({"type": "http.response.start", "status": 200, "headers": ready})
        await send({"type": "http.response.body", "body": b"" if head else body})

    async def send_answer(
        self, answer: Answer, headers: dict[str, str], more: tuple[Header, ...], send: Send, *, head: bool
    ) -> None:
        """Send an answer as the request's headers ask: only if it changed, compressed, without a body (`head`)."""
        zipped = answer.worth_zipping() and accepts_gzip(headers.get("accept-encoding", ""))
        sent = self._described(answer, more, zipped=zipped)
        if (held := _held(answer, headers)) is not None:
            await _send(send, 304, self._described(answer, more, zipped=held), b"")
        elif answer.pieces is None:
            body = answer.compressed() if zipped else answer.body
            await _send(send, answer.status, [JSON, *sent, _length(body)], b"" if head else body)
        else:
            await _stream(answer, [JSON, *sent], send, head=head, zipped=zipped)

    async def send_text(self, refusal: GatewayRefusal, more: tuple[Header, ...], send: Send) -> None:
        """Send a text that is the same for everybody."""
        body = refusal.text.encode()
        told = (b"content-type", refusal.content_type.encode()), _length(body)
        await _send(send, refusal.status, [*told, *self._always, *more], body)

    async def respond(self, routes: App, scope: Message, receive: Receive, send: Send) -> None:
        """Let the routes answer; what they give is bound to our pages' needs, tagged, compressed and cached alike."""
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await routes(scope, receive, keep)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        head = scope["method"] == "HEAD"
        body = b"".join(message.get("body", b"") for message in kept[1:])
        own = [(name, value) for name, value in kept[0]["headers"] if name not in (b"content-length", b"vary")]
        await self._send_page(kept[0]["status"], own, body, headers, send, head=head)

    async def _send_page(
        self, status: int, own: list[Header], body: bytes, headers: dict[str, str], send: Send, *, head: bool
    ) -> None:
        names = {name for name, _ in own}
        lasting = status == 200 and b"cache-control" not in names
        answer = Answer(status, body, tag=tag_of(body) if status == 200 else b"", lasting=lasting)
        zipped = not _is_packed(own) and answer.worth_zipping() and accepts_gzip(headers.get("accept-encoding", ""))
        held = _held(answer, headers)
        described = self._described(answer, GUARDS, zipped=zipped if held is None else held)
        sent = [*own, *(header for header in described if header[0] not in names)]
        if held is not None:
            await _send(send, 304, sent, b"")
            return
        if zipped:
            body = self._compressed(answer)
        await _send(send, status, [*sent, _length(body)], b"" if head else body)

    def _compressed(self, answer: Answer) -> bytes:
        """The body compressed; what was sent a moment ago is not compressed again."""
        if not answer.tag:
            return answer.compressed()
        if (zipped := self._zipped.get(answer.tag)) is None:
            if len(self._zipped) >= MOST_ZIPPED:
                del self._zipped[next(iter(self._zipped))]
            zipped = self._zipped[answer.tag] = answer.compressed()
        return zipped

    def _described(self, answer: Answer, more: tuple[Header, ...], *, zipped: bool) -> list[Header]:
        """The headers that an answer has whatever its kind."""
        told = [(b"etag", answer.etag(zipped=zipped)), (b"last-modified", answer.modified or b"")]
        kept = [header for header in told if header[1]]
        caching = self._lasting if answer.lasting else self._fleeting
        return [*self._always, *more, caching, *kept, *([ZIPPED] if zipped else [])]


def _is_packed(headers: list[Header]) -> bool:
    """Whether it is a picture whose bytes are compressed already."""
    kind = next((value for name, value in headers if name == b"content-type"), b"")
    return kind.startswith(b"image/") and not kind.startswith(b"image/svg")


def _length(body: bytes) -> Header:
    return b"content-length", str(len(body)).encode()


async def _stream(answer: Answer, sent: list[Header], send: Send, *, head: bool, zipped: bool) -> None:
    """The first piece is read before anything is sent, so that a database that is away is no half answer."""
    assert answer.pieces is not None  # noqa: S101 - the caller has looked
    pieces = compressed_pieces(answer.pieces) if zipped else answer.pieces
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


def _held(answer: Answer, headers: dict[str, str]) -> bool | None:
    """Which encoding of the answer the asker has already: True for the compressed one, None for neither."""
    if not (told := headers.get("if-none-match", "")) or not answer.tag:
        return None
    tags = {tag.strip().removeprefix("W/") for tag in told.split(",")}
    wished = (zipped for zipped in (False, True) if answer.etag(zipped=zipped).removeprefix(b"W/").decode() in tags)
    return next(wished, False if told.strip() == "*" else None)
