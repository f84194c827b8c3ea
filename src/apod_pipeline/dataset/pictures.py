"""The pictures of an entry: what part each has in it, and where it may be had.

Takes nothing, gives the words for it. Pure: never asks anybody. A data set that has pictures says which ones an entry
has (`DataSet.pictures`); who downloads them knows no field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

ORIGINAL, RENDITION, POSTER = KINDS = ("original", "rendition", "poster")


class Candidate(NamedTuple):
    """An address at which a picture may be had.

    Attributes:
        address: http or https.
        kind: what is had there: the original, a rendition that somebody made smaller, or a film's poster.
        named: the address of the entry that it stands for.
    """

    address: str
    kind: str
    named: str


class Picture(NamedTuple):
    """One picture of an entry.

    Attributes:
        role: its part in the entry, one of the words that the data set has for it.
        address: the best address at which it may be had.
        candidates: gives all that there are, the best first; asked of few pictures, and so not made of all.
    """

    role: str
    address: str
    candidates: Callable[[], tuple[Candidate, ...]]
