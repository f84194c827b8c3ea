"""An outcome as spans: of the run, and of each of its stages.

Takes outcomes, gives plain values: what a collector is to be told, however it is sent. Pure.
"""

from __future__ import annotations

import datetime as dt
import secrets as luck
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from apod_pipeline.extras.traces.identity import Ended, Identity
from apod_pipeline.model import Outcome, Stage, in_plain_words
from apod_pipeline.settings.masking import masked

Value = str | int | bool
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LATE = 4  # exit code of a run that lacks days, which is no failure: they are asked for again
COUNTED = ("inserted", "changed", "gone", "unchanged", "refused")


class Failure(NamedTuple):
    """What ended a span badly.

    Attributes:
        kind: the error's name; empty where only its words are known.
        said: its words, without secrets.
        at: when, nanoseconds since 1970.
    """

    kind: str
    said: str
    at: int

    @property
    def attributes(self) -> Mapping[str, Value]:
        """Of the event that tells of it."""
        return (
            {"exception.type": self.kind, "exception.message": self.said}
            if self.kind
            else {"exception.message": self.said}
        )


class Span(NamedTuple):
    """One span.

    Attributes:
        name: what was done.
        id: its own number, of 64 bits.
        parent: the number of the span that it is inside of; 0 for none.
        began: nanoseconds since 1970.
        ended: the same.
        attributes: what is told of it.
        failure: what ended it badly; None where it ended well.
    """

    name: str
    id: int
    parent: int
    began: int
    ended: int
    attributes: Mapping[str, Value]
    failure: Failure | None = None


def spans_of(
    outcome: Outcome, ended: Ended | None, own: Identity, dataset: str, secrets: Sequence[str] = ()
) -> list[Span]:
    """The spans of a run's stages in this process; where the run has ended, its own besides.

    Args:
        outcome: what the run did.
        ended: how the run ended; None where it goes on, in another process.
        own: the run's numbers.
        dataset: the data set's name.
        secrets: what no attribute may hold.
    """
    common: dict[str, Value] = {"apod.dataset": dataset, "apod.run": outcome.run, "apod.command": outcome.command}
    told = [_of_stage(stage, own.span, common, secrets) for stage in outcome.stages]
    if ended:
        at = _nanoseconds(ended.at)
        failure = _failure(ended.error or _why(outcome), at, secrets)
        attributes = common | dict(_attributes(outcome))
        told.append(Span(f"{dataset} run", own.span, 0, _nanoseconds(outcome.started), at, attributes, failure))
    return told


def _of_stage(stage: Stage, run: int, common: Mapping[str, Value], secrets: Sequence[str]) -> Span:
    ended = _nanoseconds(stage.began + dt.timedelta(seconds=stage.seconds))
    failure = _failure(stage.error, ended, secrets)
    attributes = {**common, "apod.stage": stage.name}
    return Span(stage.name, luck.randbits(64) or 1, run, _nanoseconds(stage.began), ended, attributes, failure)


def _why(outcome: Outcome) -> str:
    """What the span of a run that came to its end says of it; empty where that was good."""
    if not outcome.exit_code or outcome.exit_code == LATE:
        return ""
    failed = [stage.error for stage in outcome.stages if stage.error]  # beside: no run is ended by that
    return next(iter([*failed, *outcome.missing.values()]), f"exit code {outcome.exit_code}")


def _failure(why: str, at: int, secrets: Sequence[str]) -> Failure | None:
    if not why:
        return None
    kind, colon, said = masked(in_plain_words(why, 2000), secrets).partition(": ")
    return Failure(kind, said, at) if colon and said else Failure("", kind, at)


def _attributes(outcome: Outcome) -> Iterator[tuple[str, Value]]:
    if outcome.span:
        yield "apod.span.first", str(outcome.span.first)
        yield "apod.span.last", str(outcome.span.last)
    yield from ((f"apod.{name}", getattr(outcome, name)) for name in COUNTED)
    yield "apod.missing", len(outcome.missing)
    yield "apod.exit_code", outcome.exit_code
    for name, asked in outcome.asked.items():
        yield f"apod.asked.{name}.requests", asked.requests
        yield f"apod.asked.{name}.failed", asked.failed
    if outcome.version:
        yield "apod.version", outcome.version


def _nanoseconds(at: dt.datetime) -> int:
    return (at - EPOCH) // dt.timedelta(microseconds=1) * 1000
