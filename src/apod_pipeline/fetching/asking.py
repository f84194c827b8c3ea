"""The asking of one service: which question comes next, and when to ask nothing more.

Takes days to be asked for and what came of each question; gives questions. Pure: never sends one, never waits.

A list that did not come is cut into pieces at once. Whether it was too much for the service, or the service is gone,
is told by a few days asked by themselves: only what is little to ask for counts as a sign that nobody is there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from apod_pipeline.dataset.sources import Request, Source
from apod_pipeline.errors import SourceError, SourceTooSlow
from apod_pipeline.fetching.pace import Pace, Waiting

UNAVAILABLE_IN_A_ROW = 3
FRUITLESS_IN_A_ROW = 30
DENIED_IN_A_ROW = 150  # the longest time without an entry lasted six weeks
LISTS_IN_A_ROW = 2  # that did not come, then a few days are asked by themselves


class Miss(NamedTuple):
    """Why a day was not had: `refused`, `denied` (the service has no such day) or `unavailable`.

    `hopeless` where no later try can help unless somebody changes something: the key, an address.
    """

    kind: str
    why: str
    hopeless: bool = False


@dataclass(eq=False, repr=False)
class Asking:
    """How far the asking of one source has come.

    Attributes:
        source: who is asked.
        pace: how much at once.
        over: why nothing more is asked of it: it does not answer, or answers nothing that can be used.
    """

    source: Source
    pace: Pace
    over: Miss | None = None
    _waiting: Waiting = field(default_factory=lambda: Waiting([], 1))
    _asked: set[str] = field(default_factory=set)
    _once_in_vain: set[str] = field(default_factory=set)
    _granted: set[str] = field(default_factory=set)  # to be asked once more, before
    _rounds: int = 0
    _told: bool = False
    _in_vain: int = LISTS_IN_A_ROW - 1  # lists that did not come since anything did; as good as one before anything
    _unavailable: int = 0  # in a row
    _fruitless: int = 0
    _denials: int = 0

    def begin_round(self, days: list[dt.date], most: int) -> None:
        """Look for days once more, in lists of at most so many days."""
        self._waiting = Waiting(days, most)
        self._rounds += 1

    def next_request(self, *, idle: bool) -> Request | None:
        """The next question, none of them twice; None when there is nothing more, or what is asked is waited for first.

        Args:
            idle: whether nothing is on its way.
        """
        if self._in_vain >= LISTS_IN_A_ROW and not (self._waiting.single or idle):
            return None  # the service may be at work on what was given up: more would only be given up as well
        while span := self._waiting.take(self.pace.width):
            single = len(span) == 1
            request = self.source.day_request(span.first) if single else self.source.list_request(span)
            if self._may_be_asked(request.address):
                return request
        return None

    def _may_be_asked(self, address: str) -> bool:
        """Whether a question is new; one for a day that did not come may be asked once more when others came since."""
        again = address in self._once_in_vain and not self._unavailable
        if again:
            self._once_in_vain.remove(address)
        new = address not in self._asked
        self._asked.add(address)
        return new or again

    def is_second_look(self) -> bool:
        """True once: at the first question of a round that is not the first."""
        first = self._rounds > 1 and not self._told
        self._told = self._told or first
        return first

    def count(self, *, fruitful: bool, miss: Miss | None, denied: bool = False) -> None:
        """Count what came of a question; a service that says of a day that it has none answers well, for a while."""
        down = miss is not None and miss.kind == "unavailable"
        self._unavailable = self._unavailable + 1 if down else 0
        self._fruitless = 0 if fruitful else self._fruitless + (not denied)
        self._denials = 0 if fruitful else self._denials + denied
        self._in_vain = self._in_vain if down else 0  # a refusal was an answer too
        fruitless = self._fruitless >= FRUITLESS_IN_A_ROW or self._denials >= DENIED_IN_A_ROW
        if self._unavailable >= UNAVAILABLE_IN_A_ROW or fruitless:
            self.over = miss or Miss("denied", "nothing came of many requests in a row")

    def did_not_come(
        self, request: Request, error: SourceError, miss: Miss, days: Collection[dt.date], seconds: float
    ) -> None:
        """Go on after a question without an answer that could be taken.

        Args:
            request: the question.
            error: what happened.
            miss: the same, as it is told of each day.
            days: those of its days that are still wanted.
            seconds: after which it ended.
        """
        too_slow = isinstance(error, SourceTooSlow)
        unavailable = miss.kind == "unavailable" and not miss.hopeless
        too_much = too_slow or (request.wide and unavailable)
        self.pace.heard()
        if too_much and not self._unavailable and self._in_vain < LISTS_IN_A_ROW:
            self.pace.failed(len(request.asked), seconds, too_slow=too_slow)
        if not too_much or self._unavailable:
            self.count(fruitful=False, miss=miss)
        if miss.hopeless:
            self.over = miss
        if unavailable and not request.divisible and request.address not in self._granted:
            self._granted.add(request.address)
            self._once_in_vain.add(request.address)
        if unavailable and request.divisible:
            self._in_vain += 1
            singly = UNAVAILABLE_IN_A_ROW if self._in_vain == LISTS_IN_A_ROW else 0
            self._waiting.cut(request.asked, days, singly)
