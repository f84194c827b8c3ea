"""`/planetary/apod` and `/v1/apod`: NASA's old API, answered from the tables.

Takes the arguments of a query, gives the answer: its bytes, or pieces of a range, and what caches need to know. Never
writes, and never says what NASA's service would not have said; `as_of` and `media_type` are our only additions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import suppress
from email.utils import format_datetime
from typing import NamedTuple

from apod_pipeline.datasets.apod.fields import MEDIA_TYPES
from apod_pipeline.datasets.apod.old_api.planetary_api import (
    Question,
    QuestionRefused,
    as_json,
    no_data,
    question,
    refusal,
)
from apod_pipeline.errors import DatabaseUnavailable
from apod_pipeline.extras.mirror.answers import Answer, tag_of
from apod_pipeline.extras.mirror.entries import Entries, Past, Present
from apod_pipeline.extras.mirror.placing import AS_TOLD, Placing, Where
from apod_pipeline.extras.mirror.reads import Row
from apod_pipeline.extras.mirror.records import record
from apod_pipeline.extras.mirror.selects import Selects
from apod_pipeline.extras.mirror.shelves import Shelf, VersionWatch
from apod_pipeline.versions.commits import moment

MOST_KEPT = 20_000  # answers; an archive of thirty years holds 11,500 entries
AS_OF, MEDIA_TYPE = "as_of", "media_type"
LONGEST_KEPT = 200  # bytes of a query whose answer is given at once the next time


class Asked(NamedTuple):
    """A query, read.

    Attributes:
        question: what NASA's service would have read in it.
        today: the newest day that may be asked for.
        instant: what is asked about is what was known then; None for now.
        kind: only entries of this kind, in the old API's words; None for all.
        where: where its pictures are, for who asks.
    """

    question: Question
    today: dt.date
    instant: dt.datetime | None
    kind: str | None
    where: Where

    def told(self, row: Row) -> dict[str, str]:
        """A row in the old API's words."""
        return record(row, self.question, self.where.of(row))


class OldApi:
    """The old API over one archive's tables.

    Args:
        reading: the SELECTs.
        watch: tells which version they show, and the newest day that may be asked for.
        placing: tells where pictures are.
    """

    def __init__(self, reading: Selects, watch: VersionWatch, placing: Placing) -> None:
        self._reading = reading
        self._watch = watch
        self._placing = placing
        self._present = Present(reading, watch, placing)
        self._kept: Shelf[Answer] = Shelf(watch, MOST_KEPT)  # single entries, by the very bytes that asked

    def at_once(self, query: bytes, where: Where) -> Answer | None:
        """The answer to the very same query, if it is kept and the tables were looked at a moment ago."""
        return self._kept.at_once(_key(query, where))

    async def answer(self, arguments: Mapping[str, str], query: bytes, where: Where = AS_TOLD) -> Answer:
        """NASA's answer to the arguments of a query; the key is not among them.

        Args:
            arguments: names and values, the first of repeated ones.
            query: the bytes that they were read from, by which the same answer can be given at once.
            where: where pictures are, for who asks.

        Raises:
            DatabaseUnavailable: what is not kept cannot be read now.
        """
        try:
            asked = self._asked(arguments, where)
            entries: Entries = Past(self._reading, asked.instant, self._placing) if asked.instant else self._present
            if asked.question.draws:
                drawn = await entries.draw(asked.question.draws, asked.kind)
                return Answer(200, _body([asked.told(row) for row in drawn]), lasting=False)
            if asked.question.first and asked.question.last:
                return await self._range(asked, entries)
            if asked.instant or len(query) > LONGEST_KEPT:
                return await self._single(asked, entries)
            return await self._kept.get(_key(query, where), lambda: self._single(asked, entries))
        except QuestionRefused as error:
            return Answer(error.status, refusal(error), lasting=False)

    def _asked(self, arguments: Mapping[str, str], where: Where) -> Asked:
        instant, kind, today = _instant(arguments), _kind(arguments), self._watch.today()
        theirs = {name: value for name, value in arguments.items() if name not in (AS_OF, MEDIA_TYPE)}
        return Asked(question(theirs, today), today, instant, kind, where)

    async def _single(self, asked: Asked, entries: Entries) -> Answer:
        day = asked.question.day
        row = await (entries.day(day, asked.kind) if day else entries.newest(asked.kind))
        if row is None:
            raise no_data(day or asked.today)
        body = _body(asked.told(row))
        return Answer(200, body, tag=tag_of(body), modified=self._modified())

    async def _range(self, asked: Asked, entries: Entries) -> Answer:
        with suppress(DatabaseUnavailable):  # what is kept of it goes out all the same
            await self._watch.look()  # the tag is of the version that is shown now
        tag = tag_of(f"{asked}{self._watch.version}{self._placing.newest}".encode())
        return Answer(200, pieces=_array(asked, entries), tag=tag, modified=self._modified())

    def _modified(self) -> bytes | None:
        version = self._watch.version
        last = max((at for at in (version and version[0], self._placing.newest) if at), default=None)
        return format_datetime(last, usegmt=True).encode() if last else None


def _instant(arguments: Mapping[str, str]) -> dt.datetime | None:
    """The instant of `as_of`, which NASA's service never knew."""
    text = arguments.get(AS_OF)
    if not text:
        return None
    if (instant := moment(text)) is None:
        raise QuestionRefused(400, f"as_of={text!r} is neither a day (YYYY-MM-DD) nor an instant")
    return instant


def _kind(arguments: Mapping[str, str]) -> str | None:
    """The kind of `media_type`, by which NASA's service never let anybody choose."""
    kind = arguments.get(MEDIA_TYPE)
    if kind and kind not in MEDIA_TYPES:
        raise QuestionRefused(400, f"media_type={kind!r} is none of {', '.join(MEDIA_TYPES)}")
    return kind or None


def _key(query: bytes, where: Where) -> Hashable:
    """What an answer is kept by; most mirrors give everybody the same."""
    return (where, query) if where.base else query


def _body(value: object) -> bytes:
    return as_json(value) + b"\n"


async def _array(asked: Asked, entries: Entries) -> AsyncIterator[bytes]:
    """A JSON array, piece by piece."""
    start, first, last = b"[", asked.question.first or asked.today, asked.question.last or asked.today
    async for rows in entries.span(first, last, asked.kind):
        yield start + b",".join(as_json(asked.told(row)) for row in rows)
        start = b","
    yield b"[]\n" if start == b"[" else b"]\n"
