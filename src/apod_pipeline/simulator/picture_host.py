"""NASA's new picture host: pictures in the format of their names, films, parts of them, and what is known already.

Takes requests, gives answers, never keeps anything. Sizes are asked for as `w` and `h`; as at NASA, GIFs have no
renditions. A file is told apart by its `ETag`, and was changed last at an instant that its name decides.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from urllib.parse import parse_qsl

from apod_pipeline.datasets.apod import drawn_pictures as pictures
from apod_pipeline.simulator.message import Answer, Headers, Request, text_answer

ROOTS = ("/content/dam/", "/dynamicimage/", "/assets/", "/wp-content/")
_RENDITIONS = "/dynamicimage/"
_NOT_FOUND = (
    "<!doctype html><html><head><title>APOD - NASA Science</title></head><body><h1>Page Not Found</h1></body></html>"
)
_FILM = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2\0\0\0\x08mdat"
_MOVED_IN = datetime(2026, 7, 20, tzinfo=UTC)  # when the pictures came to this host
_LARGEST = 9999  # pixels that may be asked for
_PART = re.compile(r"bytes=(?:(\d+)-(\d*)|-(\d+))")


def owns(target: str) -> bool:
    """Whether a path, with or without query, is a picture's or a film's."""
    return target.startswith(ROOTS)


def answer(request: Request) -> Answer:
    """A picture or a film, whole; `as_asked_for` makes of it what the request's headers ask for."""
    extension, form = request.path.rpartition(".")[2].lower(), pictures.format_of(request.path)
    if extension == "mp4":
        return _file(request.path, "video/mp4", _FILM)
    stem = pictures.stem_of(request.path)
    if form is None or not stem or (form == "gif" and request.path.startswith(_RENDITIONS)):
        return text_answer(404, _NOT_FOUND)
    wish = dict(parse_qsl(request.query))
    width, height = (min(int(wish[name]), _LARGEST) if wish.get(name, "").isdigit() else 0 for name in ("w", "h"))
    return _file(request.path, f"image/{form}", pictures.picture(stem, width, height, form))


def _file(path: str, content_type: str, body: bytes) -> Answer:
    hours = int.from_bytes(blake2b(path.encode(), digest_size=2).digest(), "little") % 240
    headers = [
        ("Content-Type", content_type),
        ("ETag", f'"{blake2b(body, digest_size=12).hexdigest()}"'),
        ("Last-Modified", format_datetime(_MOVED_IN + timedelta(hours=hours), usegmt=True)),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", "public, max-age=604800"),
    ]
    return Answer(200, headers, body)


def as_asked_for(request: Request, given: Answer) -> Answer:
    """A file as the request's conditions and ranges want it; any other answer as it is."""
    if given.status != 200 or given.header("Accept-Ranges") != "bytes" or not isinstance(given.body, bytes):
        return given
    if _is_known(request, given):
        given.status, given.body = 304, b""
        return given
    asked = _PART.fullmatch(request.headers.get("range", "").strip())
    if request.method != "GET" or asked is None or not _may_be_cut(request, given):
        return given  # several parts at once may be answered with the whole, and are
    return _part(given, asked, given.body)


def _is_known(request: Request, given: Answer) -> bool:
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or (given.header("ETag") or "") in tags
    since, changed = _instant(request.headers.get("if-modified-since")), _instant(given.header("Last-Modified"))
    return since is not None and changed is not None and changed <= since


def _may_be_cut(request: Request, given: Answer) -> bool:
    """A part is of use only to who has the other part of the same file."""
    condition = request.headers.get("if-range")
    return condition is None or condition.strip() in {given.header("ETag"), given.header("Last-Modified")}


def _part(given: Answer, asked: re.Match[str], body: bytes) -> Answer:
    first, last, from_end = asked.groups()
    length = len(body)
    start = max(0, length - int(from_end)) if from_end else int(first)
    end = min(int(last), length - 1) if last else length - 1
    if last and int(last) < int(first):
        return given  # no range at all: it is ignored
    if start > end:
        told: Headers = [("Content-Range", f"bytes */{length}"), ("Content-Type", "text/html; charset=utf-8")]
        return Answer(416, told)
    given.status, given.body = 206, body[start : end + 1]
    given.headers.append(("Content-Range", f"bytes {start}-{end}/{length}"))
    return given


def _instant(text: str | None) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
