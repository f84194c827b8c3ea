"""Which objects of a remote are read this time: a share of them, another one every day, so that each has its turn.

Takes names (hashes), a share and a day, gives names. Never reads one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

WEEK = 7


def sample(oids: Iterable[str], share: float, day: dt.date) -> list[str]:
    """The objects whose turn it is.

    As many parts as make the share are looked at in turn: of 5% twenty. Who comes on the same day of every week sees
    all of them in so many weeks, and who comes daily sooner.

    Args:
        oids: names that begin with a hash.
        share: of all, more than 0 and up to 1; a part is never less.
        day: decides which part.
    """
    parts = max(1, int(1 / share + 1e-9))
    weeks, rest = divmod(day.toordinal(), WEEK)
    turn = (weeks + rest * _step(parts)) % parts
    return [oid for oid in oids if int(oid[:8], 16) % parts == turn]


def _step(parts: int) -> int:
    """How far a day moves on: so that days of one week see different parts, as far as there are so many."""
    return max(1, parts // WEEK)
