"""Favourites that are shown again years later: which day repeats which, and how much of it.

Takes days, gives what they repeat; never depends on a seed. The sizes of the groups are those counted over the real
history from 1995 to 2026: the beginning of a text stands on up to 12 days, a whole text on up to 4, a picture on up
to 5; days that repeat one another lie more than half a year apart.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from random import Random
from typing import NamedTuple

from apod_pipeline.simulator.dirt import FIRST_ORDINAL, GAP_ORDINALS, PINNED, TEXT_DIRTS, shape_of

_LAST_ORDINAL = date(2026, 12, 31).toordinal()
_GROUPS = {12: 1, 10: 1, 9: 3, 7: 6, 6: 6, 5: 12, 4: 50, 3: 150, 2: 650}  # how many days -> how many such groups
_APART = 200  # days
_FAVOURITE = 4  # days: such a text comes with its picture now and then; other pictures repeat by themselves
_MOST_WHOLE, _MOST_PICTURES = 4, 5
_BLANKS = {"double_blanks"}
_WHOLE_SHARE, _PICTURE_SHARE = 0.4, 0.5


class Rerun(NamedTuple):
    """What a day repeats: which day, whether its whole text or only the beginning, and whether its picture."""

    of: int
    whole: bool
    picture: bool


@cache
def _reruns() -> dict[int, Rerun]:
    rng = Random(FIRST_ORDINAL)
    taken = set(GAP_ORDINALS) | PINNED.keys()
    found: dict[int, Rerun] = {}
    for size, groups in _GROUPS.items():
        for _ in range(groups):
            days = _group(rng, size, taken)
            taken.update(days)
            found |= _repeats(rng, days)
    return found


def _group(rng: Random, size: int, taken: set[int]) -> list[int]:
    # Two spoilt copies of one text are two texts: only days whose texts are served in one form repeat one another.
    days: list[int] = []
    while len(days) < size:
        day = rng.randint(FIRST_ORDINAL, _LAST_ORDINAL)
        if day in taken or any(abs(day - other) < _APART for other in days):
            continue
        form = shape_of(day).dirts & TEXT_DIRTS
        if form <= _BLANKS and (not days or form == shape_of(days[0]).dirts & TEXT_DIRTS):
            days.append(day)
    return sorted(days)


def _repeats(rng: Random, days: list[int]) -> dict[int, Rerun]:
    first, *later = days
    whole = pictures = 1
    found = {}
    for day in later:
        shown = len(days) >= _FAVOURITE and pictures < _MOST_PICTURES and rng.random() < _PICTURE_SHARE
        again = Rerun(first, whole < _MOST_WHOLE and rng.random() < _WHOLE_SHARE, shown)
        whole, pictures = whole + again.whole, pictures + again.picture
        found[day] = again
    return found


def rerun_of(ordinal: int) -> Rerun | None:
    """What the day with this proleptic ordinal repeats; None for most."""
    return _reruns().get(ordinal)
