"""The answers that were refused as a whole, for how much they change or leave out, and wait for a person's word.

Takes what is known, gives them with the command that takes each. Pure: never opens a reply, never judges one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from apod_pipeline.archive.known import Known, Quarantined
from apod_pipeline.dataset.spans import Span


class Doubted(NamedTuple):
    """One answer that was refused as a whole.

    Attributes:
        refusal: who gave it, why it was refused, and where it lies.
        asked: the days that it speaks of.
    """

    refusal: Quarantined
    asked: Span

    @property
    def command(self) -> str:
        """What a person types who knows that it is right."""
        return f"apod replay --accept {self.asked} --because TEXT"

    def speaks_of(self, day: str) -> bool:
        """Whether a day is among those that it speaks of."""
        return str(self.asked.first) <= day <= str(self.asked.last)


def doubted_answers(known: Known) -> Iterator[Doubted]:
    """Every doubted answer of which a day still waits, the last one first."""
    for refusal in reversed(known.quarantine):
        asked = known.spans[refusal.line]
        if known.replies[refusal.file].get("doubted") and _waiting(known, refusal, asked):
            yield Doubted(refusal, asked)


def _waiting(known: Known, refusal: Quarantined, asked: Span) -> set[tuple[str, str]]:
    """The days of an answer, with its source, of which nothing was let in since it was refused."""
    first, last = str(asked.first), str(asked.last)
    return {
        (source, day)
        for (source, day), line in known.open_refusals.items()
        if source == refusal.source and first <= day <= last and line >= refusal.line
    }


def to_accept(known: Known) -> list[Doubted]:
    """As few doubted answers as speak of every day that waits: whoever takes them need not take the narrower ones.

    What one run was told of some days is first a long list, and then the same again in shorter ones.
    """
    left: set[tuple[str, str]] = set()
    chosen = []
    for one in sorted(doubted_answers(known), key=lambda one: (len(one.asked), one.refusal.line), reverse=True):
        if not (days := _waiting(known, one.refusal, one.asked)) <= left:
            left |= days
            chosen.append(one)
    return sorted(chosen, key=lambda one: one.asked)
