"""How an entry is recognised when a source tells of it again.

Takes records, gives keys. Pure and repeatable: who reads the same replies in the same order finds the same keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from apod_pipeline.dataset.readings import Record

Traits = Mapping[str, Any]  # what an entry is recognised by; small, and what JSON can hold


class Identity(NamedTuple):
    """What tells the entries of a data set apart where a day may have none, one or many of them.

    A key holds no day: an entry may move to another one. A new one is made of the traits alone, never of which entries
    are known already: two machines that meet different new entries must not call them alike. What `identify` decides is
    written down in the ledger with the traits, so that nobody has to open old replies to recognise what is told anew.

    Attributes:
        traits: what a record is recognised by.
        identify: the key of each record of one reply, by its traits and by those of every entry that was ever known
            (also of those that were left out: an entry may come back); iterated, the latter give what lies within
            `reach`. A key holds no comma, quote, control character or blank at an end.
        reach: how many days an entry may move at once: one so near to the end of what was answered may have moved
            outside of it, and is not gone by being left out.
        asked: whether a question (its address) asks for an entry of some traits, last told to another question: one may
            have limits beside its days.
        complete: whether an answer tells of all entries of the days that it was asked for, so that one which it leaves
            out is gone.
    """

    traits: Callable[[Record], Traits]
    identify: Callable[[Sequence[Traits], Mapping[str, Traits]], Sequence[str]]
    complete: bool = True
    reach: int = 0
    asked: Callable[[str, Traits, str], bool] = lambda *_: True


def by_key(key_of: Callable[[Record], str], *, complete: bool = True) -> Identity:
    """The identity of entries whose source names them: the key stands in the record."""
    return Identity(
        lambda record: {"key": key_of(record)}, lambda told, _: [str(traits["key"]) for traits in told], complete
    )
