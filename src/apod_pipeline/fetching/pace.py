"""How much to ask of a service at once: as much as it answers in good time, and nothing of it twice.

Takes days, and how long answers took; gives the spans to be asked for. Pure: never asks anybody, reads no clock.

A service may need a hundredth of a second for a day or several, may do one thing after another or many at once, and
may go on with what nobody waits for any more. So the first question is a narrow one, asked alone where wide ones are
to follow; what it took tells how wide those may be. What came to nothing is cut into pieces, which are asked for
before anything else.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import deque
from collections.abc import Collection
from typing import NamedTuple

from apod_pipeline.dataset.sources import NARROW
from apod_pipeline.dataset.spans import Span, spans_of

BRIDGE = 5  # unwanted days inside a span that cost less than another request
PIECES = 4
LEAST = 2  # days: less is no list, and teaches nothing
REMEMBERED = 4  # answers whose pace counts


class Pace:
    """How fast one service answers.

    Args:
        widest: days that one list may be asked for at all.
        aim: seconds that an answer should take at most.
        crowd: requests at one time.
        ahead: requests more that wait for their turn, so that what came can be judged meanwhile.
    """

    def __init__(self, widest: int, aim: float, crowd: int, ahead: int = 0) -> None:
        self._widest, self._aim, self._crowd, self._ahead = widest, aim, crowd, ahead
        self._met = widest <= NARROW  # nothing that could be too much is asked of it
        self._recent: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)  # seconds a day, and seconds

    @property
    def at_once(self) -> int:
        """How many requests may be on their way: one until it is known how wide a list may be."""
        return self._crowd + self._ahead if self._met else 1

    @property
    def width(self) -> int:
        """How many days the next list may be asked for."""
        if not self._recent:
            return min(self._widest, NARROW)
        slowest = max(a_day for a_day, _ in self._recent)
        return min(self._widest, max(LEAST, int(self._aim / slowest))) if slowest > 0 else self._widest

    def heard(self) -> None:
        """Something came of a question, be it an error: the next need not be asked alone."""
        self._met = True

    def answered(self, days: int, seconds: float, beside: int) -> None:
        """Learn from a list's answer. What a single day took is mostly not the day's.

        Args:
            days: how many were asked for.
            seconds: that it took.
            beside: how many requests were on their way, itself among them: where a service does one thing after
                another, a full crowd will take so much longer.
        """
        self.heard()
        self._recent.append((seconds / days * self._crowd / beside, seconds))

    def failed(self, days: int, seconds: float, *, too_slow: bool) -> None:
        """Learn from the first list that came to nothing: one as wide is not asked for again if it was its width.

        What fails after it says less: the service may still be at work on what was given up.

        Args:
            days: how many were asked for.
            seconds: after which it ended; where recent answers took less, the service may have a limit of its own.
            too_slow: whether it was given up for its time.
        """
        longest = max((took for _, took in self._recent), default=0.0)
        if too_slow or seconds >= longest:
            self._widest = max(1, min(self._widest, days // 2))
        if self._recent and seconds > longest:
            self._aim = min(self._aim, seconds / 2)


class _Part(NamedTuple):
    days: list[dt.date]
    most: int


class Waiting:
    """Days that wait to be asked for, oldest first.

    Args:
        days: all of them, sorted.
        most: how many calendar days a span may cover.
    """

    def __init__(self, days: list[dt.date], most: int) -> None:
        self._parts = deque([_Part(days, most)])
        self._single: deque[dt.date] = deque()

    @property
    def single(self) -> int:
        """How many days wait to be asked for by themselves."""
        return len(self._single)

    def take(self, width: int) -> Span | None:
        """The next span to be asked for, of at most `width` days; None when nothing waits."""
        if self._single:
            day = self._single.popleft()
            return Span(day, day)
        while self._parts:
            days, most = self._parts.popleft()
            if not days:
                continue
            most_now = min(most, width)
            span = spans_of(days[:most_now], most_now, bridge=min(BRIDGE, most_now // 2))[0]
            self._parts.appendleft(_Part(days[bisect_right(days, span.last) :], most))
            return span
        return None

    def cut(self, span: Span, days: Collection[dt.date], singly: int) -> None:
        """Put what a list did not bring back in front, to be asked for in pieces.

        Args:
            span: what the list was asked for.
            days: those of its days that are still wanted.
            singly: so many of them are asked for by themselves first, to tell a slow service from a dead one.
        """
        again = sorted(days)
        self._single.extend(again[:singly])
        self._parts.appendleft(_Part(again[singly:], max(1, len(span) // PIECES)))
