"""Whether two pictures look alike: 256 bits of each, nearly the same for what a person takes for the same picture.

Takes small grey pictures, gives hashes; takes hashes, gives pairs. Pure. The hash is the perceptual one of the field
(the low frequencies of a cosine transform, each above or below their median): re-encoding, scaling and brightness
hardly change it, a crop does. Of a mirrored picture every second frequency across has the other sign: that hash is
known, too.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import mul
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars

SIDE, LOW = 32, 16  # pixels of the grey picture's side; frequencies of it that count
BITS = LOW * LOW
NEAR = 40  # bits that may differ: docs/pictures.md has what that finds and misses
_COSINES = [[math.cos(math.pi * f * (2 * x + 1) / (2 * SIDE)) for x in range(SIDE)] for f in range(LOW)]
_MIRRORED = int("5555" * LOW, 16)  # bits of frequencies that are odd across
_PLAIN = BITS // 4  # fewer bits than this are set in a picture of one colour: it looks like every other such


def perceptual_hash(grey: Sequence[int]) -> str:
    """The hash of a picture of 32 times 32 grey pixels, row by row; 64 hexadecimal digits."""
    rows = [grey[start : start + SIDE] for start in range(0, SIDE * SIDE, SIDE)]
    along = [[sum(map(mul, wave, row)) for wave in _COSINES] for row in rows]
    columns = list(zip(*along, strict=True))
    # Rounded: what is nothing in a picture of one colour is not to be a rounding error of either sign.
    low = [[round(sum(map(mul, wave, column)), 6) for column in columns] for wave in _COSINES]
    middle = median(value for row in low for value in row)
    bits = "".join("1" if value > middle else "0" for row in low for value in row)
    return f"{int(bits, 2):0{BITS // 4}x}"


def distance(one: str, other: str) -> int:
    """How many of the bits of two hashes differ, where one of the pictures may be mirrored."""
    differ = int(one, 16) ^ int(other, 16)
    return min(differ.bit_count(), (differ ^ _MIRRORED).bit_count())


def near_pairs(
    hashes: Iterable[str], among: Collection[str] | None = None, near: int = NEAR
) -> Iterator[tuple[str, str, int]]:
    """Every pair of different hashes that differ in so few bits, and in how many; each pair once.

    Args:
        hashes: all there are.
        among: one of every pair is one of these; None for every pair.
        near: how many bits may differ.
    """
    import polars

    every = {one for one in hashes if int(one, 16).bit_count() >= _PLAIN}
    first = every & set(among) if among is not None else every
    known = [*sorted(first), *sorted(every - first)]
    words = [
        polars.Series([int(one[start : start + 16], 16) for one in known], dtype=polars.UInt64)
        for start in range(0, BITS // 4, 16)
    ]
    for place, one in enumerate(known[: len(first)]):
        apart = [word[place + 1 :] ^ word[place] for word in words]
        for index in sorted({*_few(apart, 0, near), *_few(apart, _MIRRORED & (1 << 64) - 1, near)}):
            other = known[place + 1 + index]
            yield one, other, distance(one, other)


def _few(apart: Sequence[polars.Series], flipped: int, near: int) -> list[int]:
    """Where so few bits differ, some of which count the other way round."""
    counts = [(word ^ flipped if flipped else word).bitwise_count_ones() for word in apart]
    return list((counts[0] + counts[1] + counts[2] + counts[3] <= near).arg_true()) if len(apart[0]) else []
