"""`/planetary/apod` and `/v1/apod`: NASA's old API answered from the archive.

Takes the arguments of a query, gives an answer; a range comes in pieces as it is read. Answers of one entry are kept in
memory until the tables show another version. Never drops a day of a range.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any

from apod_pipeline.extras.mirror.reading import Reading, Row
from apod_pipeline.extras.mirror.records import record
from apod_pipeline.extras.mirror.shelves import Shelf, VersionWatch
from apod_pipeline.planetary_api import Question, Refused, as_json, no_data, question, refusal
from apod_pipeline.versions.commits import moment

MOST_KEPT = 20_000  # answers; an archive of thirty years holds 11,500 entries
AS_OF = "as_of"
LONGEST_KEPT = 200  # bytes of a query whose answer is given at once the next time


@dataclass(slots=True)
class Answer:
    """Bytes to send, or pieces of them.

    Attributes:
        status: HTTP status.
        body: the whole body; empty where it comes in pieces.
        pieces: the body as it is read.
        etag: of the body; None where it is not known before it is sent.
        modified: the version's instant, as HTTP writes it.
        lasting: whether it may be kept by caches.
        zipped: the body compressed, once somebody wanted it so.
        ready: lists of headers that were sent with it before, by what was wished.
    """

    status: int
    body: bytes = b""
    pieces: AsyncIterator[bytes] | None = None
    etag: bytes | None = None
    modified: bytes | None = None
    lasting: bool = True
    zipped: bytes | None = None
    ready: dict[Any, list[tuple[bytes, bytes]]] = field(default_factory=dict)

    def compressed(self) -> bytes:
        """The body compressed, at the first time."""
        if self.zipped is None:
            self.zipped = gzip.compress(self.body, 6, mtime=0)
        return self.zipped


class OldApi:
    """The old API over one archive's tables.

    Args:
        reading: the SELECTs.
        watch: tells which version they show, and the newest day that may be asked for.
    """

    def __init__(self, reading: Reading, watch: VersionWatch) -> None:
        self._reading = reading
        self._watch = watch
        self._kept: Shelf[Answer] = Shelf(watch, MOST_KEPT)
        self._by_query: Shelf[Answer] = Shelf(watch, MOST_KEPT)  # the same answers by the very bytes that asked

    def at_once(self, query: bytes) -> Answer | None:
        """The answer to the very same query, if it is kept and the tables were looked at a moment ago."""
        return self._by_query.at_once(query)

    async def answer(self, arguments: Mapping[str, str], query: bytes = b"") -> Answer:
        """NASA's answer to the arguments of a query; the key is not among them.

        Args:
            arguments: names and values, the first of repeated ones.
            query: the bytes that they were read from, by which the same answer can be given at once.

        Raises:
            DatabaseUnavailable: what is not kept cannot be read now.
        """
        try:
            instant, today = _instant(arguments), self._watch.today()
            asked = question({name: arguments[name] for name in arguments if name != AS_OF}, today)
            if instant:
                return await self._past(asked, today, instant)
            if asked.draws:
                await self._watch.look()
                drawn = await self._reading.at_random(asked.draws)
                return self._whole([record(row, asked) for row in drawn], lasting=False)
            if asked.first and asked.last:
                await self._watch.look()
                return self._in_pieces(asked, self._reading.span(asked.first, asked.last))
            return await self._lasting(asked, today, query)
        except Refused as error:
            return Answer(error.status, refusal(error), lasting=False)

    async def _past(self, asked: Question, today: dt.date, instant: dt.datetime) -> Answer:
        """What would have been answered at an instant; never kept, because hardly anybody asks for the same one."""
        if asked.draws:
            drawn = await self._reading.at_random(asked.draws, instant)
            return self._whole([record(row, asked) for row in drawn], lasting=False)
        if asked.first and asked.last:
            return self._in_pieces(asked, self._reading.span(asked.first, asked.last, instant), instant)
        row = await (self._reading.day(asked.day, instant) if asked.day else self._reading.newest(instant))
        if row is None:
            raise no_data(asked.day or today)
        return self._whole(record(row, asked))

    async def _lasting(self, asked: Question, today: dt.date, query: bytes) -> Answer:
        answer = await self._kept.get((asked, today), lambda: self._single(asked, today))
        if len(query) <= LONGEST_KEPT and self._kept.at_once((asked, today)) is answer:
            self._by_query.put(query, answer)
        return answer

    async def _single(self, asked: Question, today: dt.date) -> Answer:
        row: Row | None = await (self._reading.day(asked.day) if asked.day else self._reading.newest())
        if row is None:
            raise no_data(asked.day or today)
        return self._whole(record(row, asked))

    def _whole(self, value: object, *, lasting: bool = True) -> Answer:
        body = as_json(value) + b"\n"
        etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
        return Answer(200, body, etag=etag, modified=self._modified(), lasting=lasting)

    def _in_pieces(self, asked: Question, rows: AsyncIterator[list[Row]], instant: dt.datetime | None = None) -> Answer:
        told = f"{asked}{self._watch.version}{instant}".encode()
        etag = b'W/"' + hashlib.sha256(told).hexdigest()[:32].encode() + b'"'
        return Answer(200, pieces=_array(asked, rows), etag=etag, modified=self._modified())

    def _modified(self) -> bytes | None:
        version = self._watch.version
        return format_datetime(version[0], usegmt=True).encode() if version else None


def _instant(arguments: Mapping[str, str]) -> dt.datetime | None:
    """The instant of `as_of`, which NASA's service never knew."""
    text = arguments.get(AS_OF)
    if not text:
        return None
    if (instant := moment(text)) is None:
        raise Refused(400, f"as_of={text!r} is neither a day (YYYY-MM-DD) nor an instant")
    return instant


async def _array(asked: Question, pieces: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    """A JSON array, piece by piece."""
    start = b"["
    async for rows in pieces:
        yield start + b",".join(as_json(record(row, asked)) for row in rows)
        start = b","
    yield b"[]\n" if start == b"[" else b"]\n"


async def compressed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces compressed as they come."""
    packer = zlib.compressobj(6, wbits=31)
    async for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
