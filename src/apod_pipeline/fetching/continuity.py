"""Whether what a source tells now goes on from what it told before: what it changed and left out, all taken together.

Takes the answers of one run one after another, gives a reason for doubt, and the entries that are gone. Pure. Where
every number may change at every reading and entries come and go, no single one of them shows a lie.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from apod_pipeline.archive.known import Known
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.doubts import Continuity as Rule
from apod_pipeline.dataset.identity import Traits
from apod_pipeline.dataset.spans import Span, joined
from apod_pipeline.model import Digest


class Near(Mapping[str, Traits]):
    """The traits of all entries, of which only some are worth looking through."""

    def __init__(self, every: Mapping[str, Traits], near: Sequence[str]) -> None:
        self._every, self._near = every, near

    def __getitem__(self, key: str) -> Traits:
        return self._every[key]

    def __contains__(self, key: object) -> bool:
        return key in self._every

    def __iter__(self) -> Iterator[str]:
        return iter(self._near)

    def __len__(self) -> int:
        return len(self._near)


def _sooner(day: dt.date, by: dt.timedelta) -> dt.date:
    return day - by if day - dt.date.min > by else dt.date.min


@dataclass(eq=False, repr=False)
class Continuity:
    """What one source has told in a run, beside what it told before.

    What was refused stays counted: whoever asks again for less gets the rest of the same lie.

    Attributes:
        source: whose answers.
        dataset: how its entries are told apart, and how much of them may change.
        present: by key, the digest of what this source told last.
        known: what the ledger adds up to.
    """

    source: str
    dataset: DataSet
    present: Mapping[str, str]
    known: Known
    _told: set[str] = field(default_factory=set)
    _missed: set[str] = field(default_factory=set)
    _spoken_of: set[str] = field(default_factory=set)
    _leapt: set[str] = field(default_factory=set)
    _compared: set[str] = field(default_factory=set)
    _doubted: bool = False  # so much leapt that no change is believed any more
    _answered: list[Span] = field(default_factory=list)
    _doubtful: set[dt.date] = field(default_factory=set)  # days of which a record was refused: it may be any entry's

    def recognisable(self, asked: Span) -> Mapping[str, Traits]:
        """What entries are recognised by: iterated, of those that an answer for some days may tell of; else of all.

        An entry that this run was told to be outside of the days cannot be inside as well.
        """
        entries, identity = self.known.entries, self.dataset.identity
        if identity is None or not identity.reach:
            return entries.traits
        reach = dt.timedelta(days=identity.reach)
        around = Span(_sooner(asked.first, reach), asked.last + reach)
        near = [key for key in entries.on(around) if key not in self._told or self._is_in(key, asked)]
        return Near(entries.traits, [*near, *(key for key in entries.left if self._is_in(key, around))])

    def _is_in(self, key: str, span: Span) -> bool:
        return str(span.first) <= self._day(key) <= str(span.last)

    def doubt(self, asked: Span, address: str, told: Mapping[str, Digest], doubtful: Collection[dt.date]) -> str | None:
        """Why an answer as a whole is not believed; None where it is.

        Args:
            asked: the days it speaks of.
            address: the question.
            told: its readings by key.
            doubtful: days of which it tells what cannot be let in.
        """
        rule = self.dataset.doubts.continuity
        self._told |= told.keys()
        self._missed -= told.keys()
        self._doubtful |= {*doubtful}
        if rule is None:
            return None
        return self._leaps(rule, told) or self._misses(rule, asked, address)

    def _leaps(self, rule: Rule, told: Mapping[str, Digest]) -> str | None:
        known = self.known.entries.traits
        both = {key: one.traits for key, one in told.items() if one.traits is not None and key in self.present}
        leapt = {key for key, traits in both.items() if rule.leaps(known[key], traits)}
        self._compared |= both.keys()
        self._leapt |= leapt
        self._doubted |= len(self._leapt) > max(rule.few, rule.share * len(self._compared))
        if self._doubted and (leapt or any(told[key].digest != self.present[key] for key in both)):
            return f"{len(self._leapt)} of {len(self._compared)} known entries are suddenly told quite differently"
        return None

    def _misses(self, rule: Rule, asked: Span, address: str) -> str | None:
        missed = self.missing(asked, address, self._told, self._doubtful)
        self._missed |= missed
        self._spoken_of |= {*self._expected(self.known.entries.on(asked), address)}
        if missed and len(self._missed) > max(rule.few, rule.share * len(self._spoken_of)):
            return f"{len(self._missed)} of {len(self._spoken_of)} known entries are left out"
        return None

    def missing(self, asked: Span, address: str, told: Collection[str], doubtful: Collection[dt.date]) -> set[str]:
        """The entries of some days that an answer should tell of and does not, whether or not it is believed.

        Args:
            asked: the days.
            address: the question.
            told: the entries that it, or the run before it, tells of.
            doubtful: days of which it tells what cannot be let in: that may be any entry's.
        """
        expected = self._expected(self.known.entries.on(asked), address)
        return {key for key in expected if key not in told and dt.date.fromisoformat(self._day(key)) not in doubtful}

    def _day(self, key: str) -> str:
        return self.known.day_of(key)

    def left_out(self, asked: Span, address: str) -> tuple[str, ...]:
        """The entries that are gone, now that a whole answer was given for some days, and nothing in it is doubted.

        Args:
            asked: the days.
            address: the question.
        """
        identity = self.dataset.identity
        if identity is None or not identity.complete:
            return ()
        self._answered = joined(self._answered, asked)
        whole = next(span for span in self._answered if asked.first in span)
        reach = dt.timedelta(days=identity.reach)
        gone = []
        for key in self._expected(
            self.known.entries.on(Span(_sooner(asked.first, reach), asked.last + reach)), address
        ):
            day = dt.date.fromisoformat(self._day(key))
            around = Span(max(day - reach, min(day, self.known.calendar.first_day)), day + reach)
            all_told = around.first in whole and around.last in whole
            if all_told and key not in self._told and not any(one in around for one in self._doubtful):
                gone.append(key)
        return tuple(sorted(gone))

    def _expected(self, keys: Iterable[str], address: str) -> Iterable[str]:
        identity, traits = self.dataset.identity, self.known.entries.traits
        assert identity is not None, "only entries that have keys are expected"  # noqa: S101 - a programming error
        there = (key for key in keys if key in self.present)
        return (key for key in there if identity.asked(address, traits[key], self._question(key)))

    def _question(self, key: str) -> str:
        """The question to which an entry was told as it is."""
        held = self.known.held(self.source, key)
        return str(self.known.replies[held.file]["address"]) if held else ""
