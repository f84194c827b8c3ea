"""The words of the house as types: reply, reading, and what the stages tell one another.

Takes plain values, gives frozen ones. Pure: never does I/O, never knows a service, a table or a file format.
Values are named tuples: a frozen dataclass takes ten times as long to define, and a short run is made of definitions.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from apod_pipeline.dataset.spans import Span

Record = Mapping[str, Any]  # one day as a source words it: field name -> string (or what its JSON held)

GENERIC_PICTURE = "news-thumbnail"  # stands in for whatever the new service has no picture of
CAUSES = ("source", "rules", "preference")
STATUSES = ("present", "gap", "pending", "failed", "quarantined", "unasked")  # of a calendar day


# Made once: json.dumps makes a new encoder at every call that is not plain.
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical_json(value: object) -> str:
    """One value as JSON that is always the same text: keys sorted, no blanks, letters as they are."""
    return _canonical.encode(value)


def fingerprint(value: object) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a value's canonical JSON."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # A lone surrogate is legal in JSON and has no UTF-8 form: it is hashed as its escape.
        text = canonical_json(value).encode("utf-8", "backslashreplace")
    return hashlib.sha256(text).hexdigest()[:16]


def in_plain_words(text: str, most: int = 1000) -> str:
    """What a stranger said, fit to be quoted: one line of visible letters, cut after `most` of them.

    Control letters (PostgreSQL takes no NUL) and halves of surrogate pairs (UTF-8 knows none) become `?`.
    """
    shown = "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in text[: most + 1])
    return shown if len(shown) <= most else f"{shown[:most]}…"


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]


class Reply(NamedTuple):
    """What a service answered, byte for byte: where the bytes lie, and where they came from.

    Attributes:
        file: name of the file that holds the body.
        source: who was asked (`science`, `planetary`, `file`).
        address: what was asked, without the key.
        asked: the days that were asked for.
        form: `list` (a span was asked), `day` (one day was asked) or `feed`.
        status: HTTP status; 0 where there was no HTTP.
        at: when the answer was complete, UTC.
        size: length of the body in bytes.
        sha256: hexadecimal digest of the body.
    """

    file: str
    source: str
    address: str
    asked: Span
    form: str
    status: int
    at: dt.datetime
    size: int
    sha256: str


class Reading(NamedTuple):
    """What one source said of one day, settled: volatile ids and outer blanks aside."""

    day: dt.date
    source: str
    record: Record

    @property
    def digest(self) -> str:
        """`content-text-picture`, hexadecimal: two readings of a source and day say the same when it is equal.

        The second and third part let anybody count, without the texts, how many days carry the same words or the
        same picture; both are empty where there is nothing to tell days apart by.
        """
        return "-".join((fingerprint(self.record), self._text_key, self._picture_key))

    @property
    def _text_key(self) -> str:
        # The beginning only: the new service ends every text with the next day's title.
        text = self.record.get("explanation")
        return _short_hash(text[:400]) if isinstance(text, str) and len(text) > 40 else ""

    @property
    def _picture_key(self) -> str:
        picture = self.record.get("pictures") or self.record.get("url")
        said = picture if isinstance(picture, str) else str(picture or "")
        return _short_hash(said) if said and GENERIC_PICTURE not in said else ""


class Digest(NamedTuple):
    """A reading without its words: the day, and `Reading.digest`."""

    day: dt.date
    digest: str


class Refusal(NamedTuple):
    """A day (or a whole reply, `day` None) that the canary did not let in, and why."""

    day: dt.date | None
    reason: str


class Verdict(NamedTuple):
    """What one reply is worth: the readings that were let in, the refusals, and the days it denies."""

    readings: tuple[Digest, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    absent: tuple[dt.date, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One quality rule's answer.

    Attributes:
        rule: the rule's name.
        meaning: what it checks, in a sentence.
        severity: `error` (stops before loading) or `warning`.
        count: how many entries it found.
        dates: the first of them.
    """

    rule: str
    meaning: str
    severity: str
    count: int
    dates: tuple[str, ...] = ()


class Report(NamedTuple):
    """All findings over one state of the archive; a value, never an exception."""

    entries: int
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        """True when no rule of severity `error` found anything."""
        return not any(f.count and f.severity == "error" for f in self.findings)


@dataclass(slots=True)
class Outcome:
    """What one run did, as `apod run --json` prints it and `apod_run` keeps it.

    Attributes:
        run: the run's name: when it began.
        command: what was typed.
        started: when it began.
        span: the days it asked for, first to last; None when it asked for none.
        inserted: days that are new in the table.
        changed: days whose entry changed.
        unchanged: days that said what they had said before.
        refused: refusals by the canary.
        version: the commit it made; None when nothing changed.
        csv_md5: hash of the CSV as DVC knows it.
        missing: days it was asked for and did not get, with the reason.
        exit_code: 0, 3 or 4 (see `errors`).
        seconds: how long each stage took.
    """

    run: str
    command: str
    started: dt.datetime
    span: Span | None = None
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    version: str | None = None
    csv_md5: str | None = None
    missing: dict[dt.date, str] = field(default_factory=dict)
    exit_code: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def count_unchanged(self, answered: int) -> None:
        """Of so many days that were answered, those that said nothing new."""
        self.unchanged = max(0, answered - self.inserted - self.changed)
