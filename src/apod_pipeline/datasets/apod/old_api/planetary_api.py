"""The old API's contract: what may be asked of `/planetary/apod`, in which words it refuses, and how it writes JSON.

Takes the arguments of a query, gives what they ask for, or NASA's own refusal. Pure: never knows who answers. The
simulator acts the service out with it, the mirror serves it back. Source: nasa/apod-api, master of 2026-07.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from apod_pipeline.datasets.apod.calendar import FIRST_DAY

FIELDS = ("concept_tags", "date", "hd", "count", "start_date", "end_date", "thumbs")
USAGE = (
    " Allowed request fields for apod method are 'concept_tags', 'date', 'hd', 'count', 'start_date', "
    "'end_date', 'thumbs'"
)
CONCEPTS = "concept_tags functionality turned off in current service"
NOTHING_HERE = "Sorry, Nothing at this URL."
MOST_RANDOM = 100
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_COMBINATIONS: tuple[set[str], ...] = (set(), {"date"}, {"count"}, {"start_date"}, {"start_date", "end_date"})


class QuestionRefused(Exception):
    """A query that NASA's service answers with an error.

    Attributes:
        status: of the answer.
        message: its `msg`, with the list of allowed fields where NASA adds it.
    """

    def __init__(self, status: int, message: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message + (USAGE if usage else "")


class Question(NamedTuple):
    """What a query asks for.

    Attributes:
        day: one day; with neither this, a span nor a count the newest entry is asked for.
        first: the first day of a range.
        last: its last day.
        draws: how many days at random.
        thumbs: whether films come with a still.
        concepts: whether the note on concept tags is wanted.
    """

    day: dt.date | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    draws: int | None = None
    thumbs: bool = False
    concepts: bool = False


def question(arguments: Mapping[str, str], today: dt.date) -> Question:
    """What the arguments of a query ask for; of repeated names the first counts, which is the caller's to see to.

    Args:
        arguments: names and values, the key aside.
        today: the newest day that may be asked for.

    Raises:
        QuestionRefused: with NASA's words.
    """
    if complaint := _complaint(arguments):
        raise QuestionRefused(400, f"Bad Request: {complaint}", usage=True)
    wishes = Question(
        thumbs=arguments.get("thumbs", "").lower() == "true", concepts=bool(arguments.get("concept_tags"))
    )
    try:
        if count := arguments.get("count"):
            return wishes._replace(draws=_count(count))
        if start := arguments.get("start_date"):
            first, last = _ends(start, arguments.get("end_date"), today)
            return wishes._replace(first=first, last=last)
        return wishes._replace(day=_day(arguments["date"], today)) if arguments.get("date") else wishes
    except ValueError as error:
        # Newer Pythons word this one differently; NASA's runs an older one.
        text = "day is out of range for month" if str(error).startswith("day ") else str(error)
        raise QuestionRefused(400, text) from error


def _complaint(arguments: Mapping[str, str]) -> str:
    """What is wrong with the names that a query uses; empty if nothing is."""
    if any(name not in FIELDS for name in arguments):
        return "incorrect field passed."
    switches = [arguments[name].lower() for name in ("concept_tags", "thumbs") if name in arguments]
    if any(switch not in {"true", "false"} for switch in switches):
        return "concept_tags and thumbs must be boolean values."
    given = {name for name in ("date", "count", "start_date", "end_date") if arguments.get(name)}
    return "" if given in _COMBINATIONS else "invalid field combination passed."


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= MOST_RANDOM:
        raise ValueError(f"Count must be positive and cannot exceed {MOST_RANDOM}")
    return count


def _ends(start: str, end: str | None, today: dt.date) -> tuple[dt.date, dt.date]:
    first, last = _day(start, today), _day(end, today) if end else today
    if first > last:
        raise ValueError("start_date cannot be after end_date")
    return first, last


def _day(text: str, today: dt.date) -> dt.date:
    day = dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - days have no zone
    if not FIRST_DAY <= day <= today:
        raise ValueError(f"Date must be between Jun 16, 1995 and {_month_day_year(today)}.")
    return day


def _month_day_year(day: dt.date) -> str:
    """As C's `%b %d, %Y`, whatever the machine's language."""
    return f"{_MONTHS[3 * day.month - 3 : 3 * day.month]} {day.day:02d}, {day.year}"


def no_data(day: dt.date) -> QuestionRefused:
    """The refusal of a day that has no entry."""
    return QuestionRefused(404, f"No data available for date: {day}")


def youtube_still(url: str) -> str:
    """The still of a film on YouTube, by its address; empty for any other: NASA's service looked Vimeo's up."""
    address = urlsplit(url)
    if not address.netloc.endswith(("youtube.com", "youtube-nocookie.com")):
        return ""
    identifier = dict(parse_qsl(address.query)).get("v", address.path.rpartition("/")[2])
    return f"https://img.youtube.com/vi/{identifier}/0.jpg"


def as_json(value: object) -> bytes:
    """Compact JSON, keys in alphabetical order, letters beyond ASCII escaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def refusal(error: QuestionRefused) -> bytes:
    """The body of a refusal."""
    return as_json({"code": error.status, "msg": error.message, "service_version": "v1"}) + b"\n"
