"""The entries of a data set whose days have none, one or many of them: which there are, on which day, and which left.

Takes what the ledger's lines tell of them, gives keys, days and answers. Pure: never opens a file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from apod_pipeline.dataset.spans import Span


class Answered(NamedTuple):
    """Days of which a source told all there is to be known, and when it did."""

    span: Span
    source: str
    on: str

    @property
    def of_nothing(self) -> str:
        """What is said of a day that it told nothing of."""
        return f"nothing on this day: {self.source} said so on {self.on}"

    @property
    def day(self) -> dt.date:
        """When it did, as a date."""
        return dt.date.fromisoformat(self.on)


@dataclass
class Entries:
    """What is known of entries that have keys of their own.

    Attributes:
        traits: of every entry that was ever known, what it is recognised by; its day is among them.
        day: of every entry that was ever known, its last day.
        by_day: the entries that are there, by day.
        left: by key, the line since which an entry is not there any more.
        moved: the line and the former day of every entry that moved to another one.
        answers: days that a source told all of, oldest first.
        answered: the same days, joined.
        settled: by source and day, the line since which a refusal is answered.
        repeated: entries that an answer told of twice, word for word.
    """

    traits: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    day: dict[str, str] = field(default_factory=dict)
    by_day: dict[str, set[str]] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    moved: list[tuple[int, str]] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    answered: list[Span] = field(default_factory=list)
    _last: dict[int, int] = field(default_factory=dict)  # by a day's number, the place of the last answer of all of it
    _drawn: int = 0  # answers that are in there
    settled: dict[tuple[str, str], int] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)

    def tell(self, keys: Iterable[str], told: Mapping[str, Mapping[str, Any]], number: int) -> None:
        """Take entries into account that are told of in a line, with what is new of some of them."""
        for key, traits in told.items():
            if (was := self.day.get(key)) not in {None, traits["day"]}:
                self._take_from(str(was), key)
                self.moved.append((number, str(was)))
            self.traits[key], self.day[key] = traits, traits["day"]
        for key in keys:
            self.left.pop(key, None)
            self.by_day.setdefault(self.day[key], set()).add(key)

    def leave(self, key: str, number: int) -> None:
        """Take into account that an entry is not there any more."""
        self.left[key] = number
        self._take_from(self.day[key], key)

    def _take_from(self, day: str, key: str) -> None:
        keys = self.by_day.get(day, set())
        keys.discard(key)
        if not keys:
            self.by_day.pop(day, None)

    def answer(self, day: dt.date) -> Answered | None:
        """The last answer that told all of a day."""
        for place in range(self._drawn, len(self.answers)):
            span = self.answers[place].span
            self._last.update(dict.fromkeys(range(span.first.toordinal(), span.last.toordinal() + 1), place))
        self._drawn = len(self.answers)
        place = self._last.get(day.toordinal(), -1)
        return self.answers[place] if place >= 0 else None

    def on(self, span: Span) -> list[str]:
        """The entries that are there on some days."""
        if len(span) < len(self.by_day):
            return [key for day in map(str, span) for key in self.by_day.get(day, ())]
        first, last = str(span.first), str(span.last)
        return [key for day, keys in self.by_day.items() if first <= day <= last for key in keys]
