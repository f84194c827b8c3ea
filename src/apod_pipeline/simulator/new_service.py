"""The new service: WordPress' list, single days and pages, and the feed.

Takes a request and an edition, gives what science.nasa.gov answers (parameters that it does not know change
nothing), never more than 25 entries of the list at once.
"""

from __future__ import annotations

import itertools
import json
import re
from calendar import monthrange
from datetime import MAXYEAR, date
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from apod_pipeline.simulator.feed import feed_of
from apod_pipeline.simulator.generated import has_entry
from apod_pipeline.simulator.message import Answer, Request, text_answer
from apod_pipeline.simulator.posted import entry_from

if TYPE_CHECKING:
    from apod_pipeline.simulator.world import Edition

LIST_PATH = "/wp-json/wp/v2/apod-basic"
PAGE_LIMIT = 25
_FEED_ITEMS = 30
_ONE_DAY = re.compile(rf"{LIST_PATH}/(\d{{6}}|\d{{8}})(/html)?/?")
_LOGO = "/wp-content/themes/nasa/assets/images/nasa-logo@2x.png"


class NewService:
    """The WordPress API over one world's editions."""

    def __init__(self) -> None:
        self._visits = itertools.count(1)

    def answer(self, request: Request, edition: Edition) -> Answer:
        """WordPress' answer to a request for `/wp-json/...`."""
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            return _no_route()
        if request.path.rstrip("/") == LIST_PATH:
            return self._list(request, edition)
        found = _ONE_DAY.fullmatch(request.path)
        day = _day_of(found[1], edition) if found else None
        if found is None or day is None:
            return _no_route()
        if edition.lens.as_list or edition.lens.empty:
            return self._list(Request("GET", LIST_PATH, "", request.headers), edition)
        if not has_entry(day) or not edition.has(day.toordinal()):
            return _error(404, "apod_basic_not_found", "APOD not found.")
        entry = self.entry(day.toordinal(), edition)
        return text_answer(200, str(entry["basic_html"]), "text/plain; charset=UTF-8") if found[2] else _data(entry)

    def feed(self, request: Request, edition: Edition) -> Answer:
        """The RSS feed: the newest 30, or one month's with `year` and `month`."""
        arguments = dict(parse_qsl(request.query))
        days = edition.newest(0, _FEED_ITEMS, (None, None))
        month = _month_of(arguments)
        if month:
            days = edition.newest(0, 31, month)
        entries = [self.entry(day, edition) for day in days]
        return text_answer(200, feed_of(entries, edition.hosts), "application/rss+xml; charset=UTF-8")

    def entry(self, ordinal: int, edition: Edition) -> dict[str, object]:
        """One published day, with marks of this very fetch in its page."""
        visit = blake2b(b"%d" % next(self._visits), digest_size=7).hexdigest()
        entry = entry_from(edition.sketch(ordinal), edition.seed, edition.hosts, visit, edit=edition.edit_of(ordinal))
        if edition.lens.placeholder:
            entry |= {
                "title": "NASA Science",
                "media_type": "image",
                "hdurl": f"{edition.hosts.science}{_LOGO}",
            }
        return {**entry, **edition.lens.extra}

    def _list(self, request: Request, edition: Edition) -> Answer:
        arguments = {} if edition.lens.deaf else dict(reversed(request.arguments()))
        if edition.lens.empty:
            return _page([], 0, PAGE_LIMIT)
        wrong = [name for name in ("page", "per_page") if not _is_positive(arguments.get(name, "1"))]
        span: list[int | None] = []
        for name in ("date_from", "date_to"):
            day = _day_of(arguments[name], edition) if name in arguments else None
            wrong += [name] if name in arguments and day is None else []
            span.append(day.toordinal() if day else None)
        if wrong:
            return _error(400, "rest_invalid_param", f"Invalid parameter(s): {', '.join(wrong)}")
        size = min(PAGE_LIMIT, int(arguments.get("per_page", PAGE_LIMIT)))
        offset = (int(arguments.get("page", 1)) - 1) * size
        days = edition.newest(offset, size, (span[0], span[1]))
        return _page([self.entry(day, edition) for day in days], edition.count(span[0], span[1]), size)


def _month_of(arguments: dict[str, str]) -> tuple[int, int] | None:
    """First and last day of the month that a feed's address asks for, as ordinals."""
    year, month = arguments.get("year", ""), arguments.get("month", "")
    if not (_is_positive(year) and _is_positive(month) and int(year) <= MAXYEAR and int(month) <= 12):
        return None
    first = date(int(year), int(month), 1).toordinal()
    return first, first + monthrange(int(year), int(month))[1] - 1


def _is_positive(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12 and int(text) > 0


def _day_of(code: str, edition: Edition) -> date | None:
    """The day of a YYMMDD code; of YYYYMMDD once the calendar has left what two digits can tell."""
    try:
        if len(code) == 8 and edition.today.year >= 2095:
            return date(int(code[:4]), int(code[4:6]), int(code[6:]))
        if len(code) == 6 and code.isascii() and code.isdigit():
            year = int(code[:2])
            return date(year + (1900 if year >= 95 else 2000), int(code[2:4]), int(code[4:]))
    except ValueError:
        return None
    return None


def _data(value: object) -> Answer:
    headers = [
        ("Content-Type", "application/json; charset=UTF-8"),
        ("X-Robots-Tag", "noindex"),
        ("X-Content-Type-Options", "nosniff"),
        ("Access-Control-Expose-Headers", "X-WP-Total, X-WP-TotalPages, Link"),
        ("Allow", "GET"),
    ]
    # PHP escapes slashes in JSON, and WordPress leaves it at that.
    text = json.dumps(value, separators=(",", ":")).replace("/", "\\/")
    return Answer(200, headers, text.encode("ascii"))


def _page(entries: list[dict[str, object]], total: int, size: int) -> Answer:
    answer = _data(entries)
    answer.headers += [("X-WP-Total", str(total)), ("X-WP-TotalPages", str(-(-total // size)))]
    return answer


def _error(status: int, code: str, message: str) -> Answer:
    answer = _data({"code": code, "message": message, "data": {"status": status}})
    answer.status = status
    return answer


def _no_route() -> Answer:
    return _error(404, "rest_no_route", "No route was found matching the URL and request method.")
