"""The words of the house as types: reply, reading, and what the stages tell one another.

Takes plain values, gives frozen ones. Pure: never does I/O, never knows a service, a table or a file format.
Values are named tuples: a frozen dataclass takes ten times as long to define, and a short run is made of definitions.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import NamedTuple

from apod_pipeline.dataset.identity import Traits
from apod_pipeline.dataset.spans import Span

CAUSES = ("source", "rules", "preference")  # of a state's beginning, beside a data set's own words
LEFT_OUT = "left-out"  # the cause of a state that ends without another one
STATUSES = ("present", "gap", "pending", "failed", "quarantined", "unasked")  # of a calendar day


def in_plain_words(text: str, most: int = 1000) -> str:
    """What a stranger said, fit to be quoted: one line of visible letters, cut after `most` of them.

    Control letters (PostgreSQL takes no NUL) and halves of surrogate pairs (UTF-8 knows none) become `?`.
    """
    shown = "".join(letter if letter.isprintable() else " " if letter.isspace() else "?" for letter in text[: most + 1])
    return shown if len(shown) <= most else f"{shown[:most]}…"


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


class Digest(NamedTuple):
    """A reading without its words.

    Attributes:
        day: the day that it is of.
        digest: what its data set's doubts make of the record.
        key: of the entry; empty where the day is the key.
        traits: what the entry is recognised by; None where the day is the key.
    """

    day: dt.date
    digest: str
    key: str = ""
    traits: Traits | None = None

    @property
    def entry(self) -> str:
        """The key of the entry that it is of."""
        return self.key or self.day.isoformat()


class Refusal(NamedTuple):
    """A day (or a whole reply, `day` None) that the canary did not let in, and why."""

    day: dt.date | None
    reason: str


class Verdict(NamedTuple):
    """What one reply is worth: the readings that were let in, the refusals, and the days it denies.

    Attributes:
        readings: what was let in.
        refusals: what was not.
        absent: days that are denied.
        left_out: keys of entries that the reply would have told of, if they were still there.
        answered: whether it tells all there is to be known of the days that were asked for, those without an entry
            among them.
        doubted: whether it was refused for how much it changes or leaves out, all taken together: each of its entries
            may be right, so that a person may take it.
        repeated: keys of entries that one and the same record was told of more than once.
    """

    readings: tuple[Digest, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    absent: tuple[dt.date, ...] = ()
    left_out: tuple[str, ...] = ()
    answered: bool = False
    doubted: bool = False
    repeated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one thing looks like: a part of the archive, a service, all rows under one quality rule.

    Attributes:
        what: its name; a rule's name.
        state: `ok`, `odd` (it works, and is worth knowing) or `bad`.
        says: what was found; what a rule checks.
        do: what to type where it is not ok.
        severity: of a rule: `error` (stops before loading) or `warning`.
        count: how many entries a rule found.
        entries: the first of them, by their keys.
    """

    what: str
    state: str
    says: str
    do: str = ""
    severity: str = ""
    count: int = 0
    entries: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Whether it is as it should be."""
        return self.state == "ok"


class Report(NamedTuple):
    """Every quality rule's finding over one state of the archive; a value, never an exception."""

    entries: int
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        """True when no rule of severity `error` found anything."""
        return not any(finding.state == "bad" for finding in self.findings)


class Merged(NamedTuple):
    """How many entries a load inserted, how many it changed, and how many are gone by their source's own word."""

    inserted: int = 0
    changed: int = 0
    gone: int = 0


class Asked(NamedTuple):
    """What a run asked of one source: how many requests, how many of them failed, and how many seconds they took."""

    requests: int = 0
    failed: int = 0
    seconds: float = 0.0

    def and_one(self, seconds: float, *, failed: bool) -> Asked:
        """With one more."""
        return Asked(self.requests + 1, self.failed + failed, round(self.seconds + seconds, 3))


class Stage(NamedTuple):
    """One passage through a stage of a run.

    Attributes:
        name: of the stage.
        began: when, UTC.
        seconds: how long it took.
        error: what ended it, kind and words; empty where it ended well.
    """

    name: str
    began: dt.datetime
    seconds: float
    error: str = ""


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
        gone: entries that their source tells of no more.
        unchanged: days that said what they had said before.
        refused: refusals by the canary.
        version: the commit it made; None when nothing changed.
        csv_md5: hash of the CSV as DVC knows it.
        missing: days it was asked for and did not get, with the reason.
        denied: those of them that a source said it has not, or not yet.
        exit_code: 0, 3 or 4 (see `errors`).
        seconds: how long each stage took.
        asked: by source, what was asked of it.
        stopped_in: the stage that an error ended it in; empty where none did.
        stages: every passage through a stage in this process, in the order of their ends; not written down.
    """

    run: str
    command: str
    started: dt.datetime
    span: Span | None = None
    inserted: int = 0
    changed: int = 0
    gone: int = 0
    unchanged: int = 0
    refused: int = 0
    version: str | None = None
    csv_md5: str | None = None
    missing: dict[dt.date, str] = field(default_factory=dict)
    denied: set[dt.date] = field(default_factory=set)
    exit_code: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    stopped_in: str = ""
    stages: list[Stage] = field(default_factory=list, compare=False)

    def count_unchanged(self, told: int) -> None:
        """Of so many entries that were told of, those of which nothing is new."""
        self.unchanged = max(0, told - self.inserted - self.changed)
