"""The old service behind `/planetary/apod`: its rules, its exact words, and its two bugs worth keeping.

Takes a request and an edition, gives NASA's answer to it (parameters, combinations, errors, silent holes in
ranges), never builds a long range in memory.
"""

from __future__ import annotations

import random
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from apod_pipeline.datasets.apod.old_api.planetary_api import (
    CONCEPTS,
    NOTHING_HERE,
    Question,
    QuestionRefused,
    no_data,
    question,
    youtube_still,
)
from apod_pipeline.simulator.message import Answer, Request, as_json, text_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from apod_pipeline.simulator.world import Edition

_LONGEST_UNSTREAMED = 400  # days that are answered in one piece
_PIECE = 1 << 16
_GONE = "upstream connect error or disconnect/reset before headers. reset reason: connection timeout"
_HELP = (
    "<!doctype html><html lang=en><head><title>APOD API</title></head><body><h1>APOD API</h1>"
    "<p>Ask <code>/v1/apod/?date=YYYY-MM-DD</code> for one day, <code>start_date</code> and "
    "<code>end_date</code> for a range, <code>count</code> for days at random.</p></body></html>"
)
_STYLE = "body { font-family: sans-serif }\n"
_METHODS = "GET, HEAD, OPTIONS"
_NOT_ALLOWED = (
    "<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>\n<h1>Method Not Allowed</h1>\n"
    "<p>The method is not allowed for the requested URL.</p>\n"
)


class OldService:
    """The scraper's API over one world's editions.

    Args:
        seed: Decides which days `count` draws.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Forget drawn days and cached answers."""
        self._draw = random.Random(self._seed)
        self._cached_concepts: dict[int, bool] = {}

    def answer(self, request: Request, edition: Edition) -> Answer:
        """NASA's answer to a request for any path of the old service."""
        if edition.old_mode == "gone":
            return text_answer(503, _GONE, "text/plain")
        pages: dict[str, Callable[[], Answer]] = {
            "/v1/apod/": lambda: self._apod({} if edition.lens.deaf else _arguments(request), edition),
            "/v1/apod": lambda: _moved(request),
            "/": lambda: text_answer(200, _HELP),
            "/static/style.css": lambda: text_answer(200, _STYLE, "text/css; charset=utf-8"),
        }
        page = pages.get(request.path)
        if page is None:
            return _refused(QuestionRefused(404, NOTHING_HERE, usage=True))
        if request.method in {"GET", "HEAD"} or request.path == "/v1/apod":
            return page()
        if request.method == "OPTIONS":
            return Answer(200, [("Content-Type", "text/html; charset=utf-8"), ("Allow", _METHODS)])
        refused = text_answer(405, _NOT_ALLOWED)
        refused.headers.append(("Allow", _METHODS))
        return refused

    def _apod(self, arguments: dict[str, str], edition: Edition) -> Answer:
        if edition.lens.empty:
            return _data([])
        try:
            asked = question(arguments, edition.today)
            if asked.draws:
                return self._random(asked, edition)
            return _range(asked, edition) if asked.first else self._single(asked, arguments, edition)
        except QuestionRefused as error:
            return _refused(error)

    def _single(self, asked: Question, arguments: dict[str, str], edition: Edition) -> Answer:
        ordinal = asked.day.toordinal() if asked.day else _newest(edition)
        if ordinal is None:
            raise QuestionRefused(500, "Internal Service Error")
        if not (edition.has(ordinal) or edition.is_placeholder):
            raise no_data(date.fromordinal(ordinal))
        record = _decorated(edition.record(ordinal), asked)
        if arguments.get("concept_tags", "False") == "False" and "thumbs" not in arguments:
            record = self._from_shared_slot(ordinal, record)
        return _data([record] if edition.lens.as_list else record)

    def _from_shared_slot(self, ordinal: int, record: dict[str, str]) -> dict[str, str]:
        """`concept_tags=False` and its absence share a slot of NASA's cache: who comes first decides."""
        with self._lock:
            cached = self._cached_concepts.setdefault(ordinal, "concepts" in record)
        rest = {name: value for name, value in record.items() if name != "concepts"}
        return dict(sorted({**rest, "concepts": CONCEPTS}.items())) if cached else rest

    def _random(self, asked: Question, edition: Edition) -> Answer:
        drawn: dict[int, None] = {}
        first, last = edition.first, edition.today.toordinal()
        with self._lock:
            while len(drawn) < min(asked.draws or 0, edition.count()):
                ordinal = self._draw.randint(first, last)
                if edition.has(ordinal):
                    drawn[ordinal] = None
        return _data([_decorated(edition.record(ordinal), asked) for ordinal in drawn])


def _arguments(request: Request) -> dict[str, str]:
    """Names and values; the first of repeated names wins."""
    return dict(reversed(request.arguments()))


def _newest(edition: Edition) -> int | None:
    """The day that NASA's front page shows; a page of an older year than yesterday's cannot be parsed."""
    if edition.is_placeholder:
        return edition.today.toordinal()
    latest = edition.latest()
    yesterday = date.fromordinal(edition.today.toordinal() - 1)
    if latest is None or date.fromordinal(latest).year not in {edition.today.year, yesterday.year}:
        return None
    return latest


def _range(asked: Question, edition: Edition) -> Answer:
    first, last = ((day or edition.today).toordinal() for day in (asked.first, asked.last))
    days = range(first, last + 1) if edition.is_placeholder else edition.days(first, last)
    records = (_decorated(edition.record(ordinal), asked) for ordinal in days)
    if last - first < _LONGEST_UNSTREAMED:
        return _data(list(records))
    answer = _data([])
    answer.body = _pieces(records)
    return answer


def _pieces(records: Iterable[dict[str, str]]) -> Iterator[bytes]:
    """A JSON array in pieces of about 64 kB."""
    held, size, separator = bytearray(b"["), _PIECE, b""
    for record in records:
        held += separator + as_json(record)
        separator = b","
        if len(held) >= size:
            yield bytes(held)
            held.clear()
    yield bytes(held) + b"]\n"


def _decorated(record: dict[str, str], asked: Question) -> dict[str, str]:
    """A record with the fields that only some queries ask for, keys in alphabetical order."""
    wants_thumbnail = asked.thumbs and record["media_type"] == "video"
    if not (wants_thumbnail or asked.concepts):
        return record
    if wants_thumbnail:
        record["thumbnail_url"] = _still(record.get("url", ""))
    if asked.concepts:
        record["concepts"] = CONCEPTS
    return dict(sorted(record.items()))


def _still(url: str) -> str:
    """A film's still; Vimeo's, which the service looked up, is as made up as the film."""
    address = urlsplit(url)
    if address.netloc.endswith("vimeo.com"):
        return f"https://i.vimeocdn.com/video/{address.path.rpartition('/')[2]}_640.jpg"
    return youtube_still(url)


def _data(value: object) -> Answer:
    headers = [
        ("Content-Type", "application/json"),
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Expose-Headers", "X-RateLimit-Limit, X-RateLimit-Remaining"),
    ]
    return Answer(200, headers, as_json(value) + b"\n")


def _refused(error: QuestionRefused) -> Answer:
    answer = _data({"code": error.status, "msg": error.message, "service_version": "v1"})
    answer.status = error.status
    return answer


def internal_error(error: Exception) -> Answer:
    """What the service says when it breaks in a way that nobody foresaw."""
    return _refused(QuestionRefused(500, f"Sorry, unexpected error: {error}"))


def _moved(request: Request) -> Answer:
    target = "/v1/apod/" + (f"?{request.query}" if request.query else "")
    answer = text_answer(
        308,
        "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n"
        '<p>You should be redirected automatically to the target URL: <a href="/v1/apod/">/v1/apod/</a>.\n',
    )
    answer.headers.append(("Location", target))
    return answer
