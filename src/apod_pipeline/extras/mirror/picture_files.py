"""`/pictures/<sha256>.<ext>`: files of kept pictures as they lie in the archive's folder, whole or a range.

Takes a path and a request's headers, sends bytes over ASGI, a piece at a time. Only names of exactly that form lead to
a file. What a name stands for never changes, so that caches may keep it for good; nothing in it can run.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from apod_pipeline.extras.mirror.answers import Header
from apod_pipeline.extras.mirror.gateway import ALWAYS
from apod_pipeline.extras.mirror.kept_pictures import PICTURES
from apod_pipeline.extras.pictures.shelf import EXTENSIONS, Shelf

if TYPE_CHECKING:
    from apod_pipeline.extras.mirror.http_answers import Message, Receive, Send

TYPES = {extension: kind for kind, extension in EXTENSIONS.items()} | {"thumb.webp": "image/webp"}
PIECE = 256 * 1024  # bytes that are read at one time
_NAME = re.compile(rf"{PICTURES}/([0-9a-f]{{64}})\.({'|'.join(map(re.escape, TYPES))})", re.ASCII)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
# Nothing runs, nothing is loaded; the browser's own page around a picture may have its look.
_GUARD: Header = (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; sandbox")


class PictureFile(NamedTuple):
    """A file that is there.

    Attributes:
        path: in the archive's folder.
        kind: its media type.
        size: bytes.
        tag: its `ETag`.
    """

    path: Path
    kind: str
    size: int
    tag: str


class PictureFiles:
    """The files of one archive's pictures.

    Args:
        shelf: where they are.
        private: whether no cache between may give them to others.
    """

    def __init__(self, shelf: Shelf, *, private: bool) -> None:
        self._shelf = shelf
        shared = b"private" if private else b"public"
        self._lasting: Header = (b"cache-control", shared + b", max-age=31536000, immutable")

    async def find(self, path: str) -> PictureFile | None:
        """The file of a path; None where it is none, or is not here."""
        named = _NAME.fullmatch(path)
        return await asyncio.to_thread(self._found, named[1], named[2]) if named else None

    def _found(self, digest: str, ending: str) -> PictureFile | None:
        place = self._shelf.folder(digest) / f"{digest}.{ending}"
        try:
            found = place.stat()
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        tag = f"{digest}-thumb-{found.st_size:x}" if ending.startswith("thumb") else digest
        return PictureFile(place, TYPES[ending], found.st_size, f'"{tag}"')

    async def send(self, file: PictureFile, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request for a file."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        told = [*ALWAYS, _GUARD, self._lasting, (b"etag", file.tag.encode()), (b"accept-ranges", b"bytes")]
        if _is_held(file, headers):
            await _send(send, 304, told)
            return
        told.append((b"content-type", file.kind.encode()))
        wished = _wished(file, headers)
        if wished is None:
            await _send(send, 416, [*ALWAYS, _GUARD, (b"content-range", f"bytes */{file.size}".encode()), _length(0)])
            return
        status = 200 if wished == range(file.size) else 206
        if status == 206:
            place = f"bytes {wished.start}-{wished.stop - 1}/{file.size}"
            told.append((b"content-range", place.encode()))
        told.append(_length(len(wished)))
        if scope["method"] == "HEAD":
            await _send(send, status, told)
        else:
            await _pieces(receive, send, status, told, file.path, wished)


def _is_held(file: PictureFile, headers: dict[str, str]) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")]
    return file.tag in tags or tags == ["*"]


def _wished(file: PictureFile, headers: dict[str, str]) -> range | None:
    """The bytes that are wished for; None where there are none such. Several ranges at once are all of it."""
    named = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if not named or named[0] == "bytes=-" or headers.get("if-range", file.tag) != file.tag:
        return range(file.size)
    if not named[1]:
        first, last = max(0, file.size - int(named[2])), file.size
    else:
        first, last = int(named[1]), min(file.size, int(named[2]) + 1) if named[2] else file.size
        if named[2] and int(named[2]) < first:  # no range at all (RFC 9110, 14.1.1)
            return range(file.size)
    return range(first, last) if first < last else None


async def _pieces(receive: Receive, send: Send, status: int, headers: list[Header], path: Path, wished: range) -> None:
    """Send some bytes of a file, until whoever asked has them or has gone."""
    gone = asyncio.create_task(_gone(receive))
    file = await asyncio.to_thread(_opened, path, wished.start)
    try:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        left = len(wished)
        while left > 0 and not gone.done() and (piece := await asyncio.to_thread(file.read, min(PIECE, left))):
            left -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        file.close()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _opened(path: Path, start: int) -> BinaryIO:
    file = path.open("rb", buffering=0)
    os.lseek(file.fileno(), start, os.SEEK_SET)
    return file


def _length(size: int) -> Header:
    return b"content-length", str(size).encode()


async def _send(send: Send, status: int, headers: list[Header]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
