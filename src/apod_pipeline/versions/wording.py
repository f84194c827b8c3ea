"""Values as people read them, and which words of a text changed.

Takes two texts, gives pieces of both in their order: kept, taken away, put in. Pure; never knows how they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from apod_pipeline.dataset.readings import canonical_json

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
LONGEST = (
    20_000  # words of both texts together; longer ones are told apart as a whole, because time grows by the square
)


class Piece(NamedTuple):
    """A run of words.

    Attributes:
        change: `kept`, `removed` or `added`.
        text: the words, with the blanks between them.
    """

    change: str
    text: str


def changed_words(old: str, new: str) -> Iterator[Piece]:
    """Both texts as one: `kept` and `removed` pieces add up to the old text, `kept` and `added` ones to the new."""
    before, after = WORDS.findall(old), WORDS.findall(new)
    if len(before) + len(after) > LONGEST:
        yield from (piece for piece in (Piece("removed", old), Piece("added", new)) if piece.text)
        return
    gone: list[str] = []
    come: list[str] = []
    between: list[str] = []  # wordless, behind a change: it belongs to it if another one follows at once
    for change, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if change != "equal":
            gone += between + before[a:b]
            come += between + after[c:d]
            between = []
            continue
        if gone and come and not any(word[0].isalnum() for word in before[a:b]):
            between = before[a:b]
            continue
        yield from _changed(gone, come)
        gone, come = [], []
        yield Piece("kept", "".join(before[a:b]))
    yield from _changed(gone, come)
    if between:
        yield Piece("kept", "".join(between))


def _changed(gone: Sequence[str], come: Sequence[str]) -> Iterator[Piece]:
    pieces = Piece("removed", "".join(gone)), Piece("added", "".join(come))
    return (piece for piece in pieces if piece.text)


def abridged(pieces: Sequence[Piece], around: int = 40) -> Iterator[Piece]:
    """The pieces without what is unchanged, but for so many letters on each side of a change."""
    for index, piece in enumerate(pieces):
        text = piece.text
        if piece.change != "kept" or len(text) <= 2 * around:
            yield piece
            continue
        head = "" if index == 0 else text[:around]
        tail = "" if index == len(pieces) - 1 else text[-around:]
        yield Piece("kept", f"{head}...{tail}")


def as_text(value: Any) -> str:  # noqa: ANN401 - a field of any type
    """A field's value as it is read by people: nothing for nothing, lists with commas, what is nested as JSON."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return "" if value is None else canonical_json(value) if isinstance(value, list | dict) else str(value)
