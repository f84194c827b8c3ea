"""Readings become rows one by one, so that what one of them does to the rules is its own day's business.

Takes readings and the transform, gives rows, and the days of which no entry can be made with the reason; and the line
with which a reading is withdrawn. Never writes, never decides what such a day says instead.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from apod_pipeline.archive.lines import timestamp
from apod_pipeline.dataset.readings import Reading, Row
from apod_pipeline.errors import ApodError, DataRefused, NoEntry
from apod_pipeline.model import in_plain_words

Transform = Callable[[Iterable[Reading]], Iterator[Row]]


def derived(transform: Transform, readings: Iterable[Reading], withheld: dict[str, str]) -> Iterator[Row]:
    """Readings as rows; whatever a reading does to the rules, its neighbours go on.

    Args:
        transform: readings to rows, in their order.
        readings: whatever their own source raises is passed on.
        withheld: takes the days of which no entry can be made, with the reason.
    """
    tap = _Tap(iter(readings))
    while not tap.ended:
        try:
            yield from transform(tap)
        except Exception as error:
            if not tap.passed or (isinstance(error, ApodError) and not isinstance(error, DataRefused)):
                raise
            why = error.reason if isinstance(error, NoEntry) else f"the rules cannot read it: {error!r}"
            withheld[tap.passed.entry] = in_plain_words(why)


class _Tap(Iterator[Reading]):
    """Readings on their way into the transform, and which one it is at work with; none while the next is fetched."""

    def __init__(self, readings: Iterator[Reading]) -> None:
        self._readings = readings
        self.passed: Reading | None = None
        self.ended = False

    def __next__(self) -> Reading:
        self.passed = None
        try:
            reading = next(self._readings)
        except StopIteration:
            self.ended = True
            raise
        self.passed = reading
        return reading


def withdrawal(reply: Mapping[str, Any], at: dt.datetime, rules: int) -> dict[str, Any]:
    """A line of the ledger that withdraws readings of one reply: days are still to be filled in."""
    of_reply = {name: reply[name] for name in ("file", "source", "address", "status", "size", "sha256")}
    told: dict[str, Any] = {"withdrawn": {}, "refused": {}, "kept": {}}
    return {**of_reply, "form": "gate", "asked": [], "at": timestamp(at), "rules": rules, **told}
