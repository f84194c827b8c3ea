"""`/planetary/apod` and `/v1/apod`: NASA's old API answered from the archive.

Takes the arguments of a query, gives an answer; a range comes in pieces as it is read. Answers of one entry are kept in
memory until the tables show another version. Never drops a day of a range.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any

from apod_pipeline.errors import DatabaseUnavailable
from apod_pipeline.extras.mirror.reading import Reading, Row
from apod_pipeline.extras.mirror.records import record
from apod_pipeline.planetary_api import Question, Refused, as_json, no_data, question, refusal
from apod_pipeline.versions.commits import moment

MOST_KEPT = 20_000  # answers; an archive of thirty years holds 11,500 entries
AS_OF = "as_of"
FRESH_SECONDS = 1.0  # how old the knowledge of the tables' version may be


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


@dataclass(eq=False, repr=False)
class OldApi:
    """The old API over one archive's tables.

    Attributes:
        reading: the SELECTs.
        today: gives the newest day that may be asked for.
    """

    reading: Reading
    today: Callable[[], dt.date]
    _kept: dict[tuple[Question, dt.date], Answer] = field(default_factory=dict)
    _by_query: dict[bytes, Answer] = field(default_factory=dict)  # what was kept, by the very bytes that asked for it
    _version: tuple[dt.datetime, int] | None = None
    _day: dt.date | None = None
    _looked: float = float("-inf")

    def at_once(self, query: bytes) -> Answer | None:
        """The answer to the very same query, if it is kept and the tables were looked at a moment ago."""
        if asyncio.get_running_loop().time() - self._looked < FRESH_SECONDS:
            return self._by_query.get(query)
        return None

    async def answer(self, arguments: Mapping[str, str], query: bytes = b"") -> Answer:  # noqa: PLR0911 - one a kind
        """NASA's answer to the arguments of a query; the key is not among them.

        Args:
            arguments: names and values, the first of repeated ones.
            query: the bytes that they were read from, by which the same answer can be given at once.

        Raises:
            DatabaseUnavailable: what is not kept cannot be read now.
        """
        try:
            instant = _instant(arguments)
            asked = question({name: arguments[name] for name in arguments if name != AS_OF}, today := self.today())
            if instant:
                return await self._past(asked, today, instant)
            known = self._kept.get((asked, today))
            if known and asyncio.get_running_loop().time() - self._looked < FRESH_SECONDS:
                return self._remembered(known, query)
            try:
                await self._see_version()
            except DatabaseUnavailable:
                if known:
                    return known
                raise
            if asked.draws:
                drawn = await self.reading.at_random(asked.draws)
                return self._whole([record(row, asked) for row in drawn], lasting=False)
            if asked.first and asked.last:
                return self._in_pieces(asked, self.reading.span(asked.first, asked.last))
            return self._remembered(self._kept.get((asked, today)) or await self._single(asked, today), query)
        except Refused as error:
            return Answer(error.status, refusal(error), lasting=False)

    async def _past(self, asked: Question, today: dt.date, instant: dt.datetime) -> Answer:
        """What would have been answered at an instant; never kept, because hardly anybody asks for the same one."""
        if asked.draws:
            drawn = await self.reading.at_random(asked.draws, instant)
            return self._whole([record(row, asked) for row in drawn], lasting=False)
        if asked.first and asked.last:
            return self._in_pieces(asked, self.reading.span(asked.first, asked.last, instant), instant)
        row = await (self.reading.day(asked.day, instant) if asked.day else self.reading.newest(instant))
        if row is None:
            raise no_data(asked.day or today)
        return self._whole(record(row, asked))

    def _remembered(self, answer: Answer, query: bytes) -> Answer:
        if len(self._by_query) < MOST_KEPT:
            self._by_query[query] = answer
        return answer

    async def _see_version(self) -> None:
        """Forget what was kept if the tables show another version now."""
        now = asyncio.get_running_loop().time()
        if now - self._looked < FRESH_SECONDS:
            return
        self._looked = now  # also where the database is away: what is kept is served meanwhile, without waiting
        version, today = await self.reading.version(), self.today()
        if (version, today) != (self._version, self._day):
            self._kept.clear()
            self._by_query.clear()
        self._day = today
        self._version = version

    async def _single(self, asked: Question, today: dt.date) -> Answer:
        row: Row | None = await (self.reading.day(asked.day) if asked.day else self.reading.newest())
        if row is None:
            raise no_data(asked.day or today)
        answer = self._whole(record(row, asked))
        if len(self._kept) < MOST_KEPT:
            self._kept[asked, today] = answer
        return answer

    def _whole(self, value: object, *, lasting: bool = True) -> Answer:
        body = as_json(value) + b"\n"
        etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
        return Answer(200, body, etag=etag, modified=self._modified(), lasting=lasting)

    def _in_pieces(self, asked: Question, rows: AsyncIterator[list[Row]], instant: dt.datetime | None = None) -> Answer:
        told = f"{asked}{self._version}{instant}".encode()
        etag = b'W/"' + hashlib.sha256(told).hexdigest()[:32].encode() + b'"'
        return Answer(200, pieces=_array(asked, rows), etag=etag, modified=self._modified())

    def _modified(self) -> bytes | None:
        return format_datetime(self._version[0], usegmt=True).encode() if self._version else None


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
