"""An answer that is an error, in words: its status, and what the service says is wrong with the question.

Takes a status and a body, gives one line. Never says a secret: services quote what they were asked with.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from apod_pipeline.dataset.sources import Source
from apod_pipeline.model import in_plain_words

BAD_REQUEST = 400
SHOWN = 200  # letters
_READ = 20_000  # bytes
_SAID = ("message", "msg", "detail", "reason", "title", "error")  # how services call what they say, the telling first
_SECRET = re.compile(r"(?i)((?:api|access)?[-_ ]?(?:key|token|secret|password|signature)\"?\s*[=:]\s*)[^\s&\"',;]+")
_USER = re.compile(r"(?<=://)[^/\s]*@")


def in_words(source: Source, status: int, day: dt.date, body: Path) -> str:
    """The status of an answer, and of a question that was wrong what the service says of it.

    Args:
        source: who answered.
        status: HTTP's.
        day: one that was asked for.
        body: what came.
    """
    said = _complaint(body) if status == BAD_REQUEST else ""
    masked = _masked(said, source.day_request(day).headers.values()) if said else ""
    return f"HTTP {status}: {in_plain_words(masked, SHOWN)}" if masked else f"HTTP {status}"


def _complaint(body: Path) -> str:
    """What an error in JSON says; empty where it is none, or says nothing."""
    with body.open("rb") as file:
        content = file.read(_READ)
    try:
        return " ".join(_text(json.loads(content)).split())
    except (ValueError, RecursionError):
        return ""


def _text(told: Any) -> str:  # noqa: ANN401 - whatever the JSON holds
    if isinstance(told, str):
        return told
    if not isinstance(told, dict):
        return ""
    return next(filter(None, (_text(told.get(name)) for name in _SAID)), "")


def _masked(text: str, headers: Iterable[str]) -> str:
    """A text without what may be a key: what we sent in a header, what is called so, the user of an address."""
    for word in sorted((word for value in headers for word in value.split()), key=len, reverse=True):
        text = text.replace(word, "***") if len(word) > 3 else text
    return _USER.sub("***@", _SECRET.sub(r"\1***", text))
