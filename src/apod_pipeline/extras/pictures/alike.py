"""Which pictures ran before: the same file, or one that looks like it.

Takes what is told of pictures, gives pairs of them, the later one first. Comparing all with all takes seconds, so
pairs that were found once are kept in the private folder: only new pictures are compared.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import NamedTuple

from apod_pipeline.archive.writing import replacing
from apod_pipeline.extras.pictures.perceptual import NEAR, near_pairs
from apod_pipeline.extras.pictures.shelf import Shelf
from apod_pipeline.extras.pictures.told import Name, Told

Pair = tuple[str, str, int]


class Alike(NamedTuple):
    """Two pictures that look alike.

    Attributes:
        later: the one whose entry's key comes later.
        before: the other one.
        bits: of their perceptual hashes that differ; 0 for the same file.
    """

    later: Name
    before: Name
    bits: int


def alike(shelf: Shelf, told: Told) -> list[Alike]:
    """Every two pictures of different entries that look alike, in the order of their keys."""
    by_hash: dict[str, list[tuple[Name, str]]] = defaultdict(list)
    for name, line in told.current():
        by_hash[line["perceptual_hash"]].append((name, line["sha256"]))
    found: list[Alike] = []
    for same in by_hash.values():
        found += _of_one_hash(same)
    for one, other, bits in _known_pairs(shelf, by_hash):
        found += [_ordered(a, b, bits) for a, _ in by_hash[one] for b, _ in by_hash[other] if a[0] != b[0]]
    return sorted(found)


def _of_one_hash(same: Collection[tuple[Name, str]]) -> Iterator[Alike]:
    told = list(same)
    for place, (name, digest) in enumerate(told):
        for other, other_digest in told[place + 1 :]:
            if name[0] != other[0]:
                yield _ordered(name, other, 0 if digest == other_digest else 1)


def _ordered(one: Name, other: Name, bits: int) -> Alike:
    before, later = sorted([one, other])
    return Alike(later, before, bits)


def _known_pairs(shelf: Shelf, hashes: Collection[str]) -> list[Pair]:
    """The pairs among hashes; those that were compared before are not compared again."""
    path = shelf.private / "alike.json"
    seen: set[str] = set()
    pairs: list[Pair] = []
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(path.read_bytes())
        if kept["near"] == NEAR:
            seen, pairs = set(kept["seen"]), [(one, other, bits) for one, other, bits in kept["pairs"]]
    if fresh := set(hashes) - seen:
        pairs += near_pairs(seen | fresh, among=fresh)
        with suppress(OSError), replacing(path, durable=False) as file:  # who only reads an archive compares each time
            file.write(json.dumps({"near": NEAR, "seen": sorted(seen | fresh), "pairs": pairs}).encode())
    return [(one, other, bits) for one, other, bits in pairs if one in hashes and other in hashes]
