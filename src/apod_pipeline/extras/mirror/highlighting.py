"""Hits of a search as HTML: the title whole, the text as the piece that says most of it, the words found in `<mark>`.

Takes texts and the stems that PostgreSQL looked for, gives HTML. The words are taken apart and stemmed as PostgreSQL's
own `english` does; `ts_headline` would do it on the server at five times the price, which is most of a search. Never
lets markup of a text's own through: each piece is escaped before the marks come to it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from itertools import pairwise
from typing import NamedTuple

import snowballstemmer

LONGEST, BEFORE = 240, 40  # letters of a piece, and of those before its first hit
_LEXEME = re.compile(r"'((?:[^'\\]|''|\\\\)*)'")  # as a tsquery is written
_REST = r"[^\W_]*(?:[./][^\W_]+)*"  # 1.5 and a.host.name are one word for PostgreSQL
_BEGINS = re.compile(r"(?<![^\W_])(?<![^\W_][./])")  # nothing of the same word is before
_stemmer = snowballstemmer.stemmer("english")


class _Hit(NamedTuple):
    """Where a word stands in its text, and as what it was found."""

    start: int
    end: int
    lexeme: str


class Highlighting:
    """The words of one search.

    Args:
        tree: what is looked for, as `querytree()` writes it: the words that are excluded are not in it.
    """

    def __init__(self, tree: str) -> None:
        self._lexemes = {found.replace("''", "'").replace("\\\\", "\\") for found in _LEXEME.findall(tree)}
        # A stem is its words' beginning but for two letters at most (die: dying), so few words need to be stemmed.
        beginnings = sorted({re.escape(lexeme[: max(1, len(lexeme) - 2)]) for lexeme in self._lexemes if lexeme})
        self._candidates = re.compile(f"(?:{'|'.join(beginnings)}){_REST}") if beginnings else None

    def whole(self, text: str) -> str:
        """All of a text, as HTML."""
        return _marked(text, 0, len(text), self._hits(text))

    def piece(self, text: str) -> str:
        """The piece of a text that has most different words that were asked for, or its beginning, as HTML."""
        hits = self._hits(text)

        def inside(edges: tuple[int, int]) -> list[_Hit]:
            return [hit for hit in hits if edges[0] <= hit.start and hit.end <= edges[1]]

        def worth(edges: tuple[int, int]) -> tuple[int, int]:
            found = inside(edges)
            return len({hit.lexeme for hit in found}), len(found)

        best = max((_edges(text, at) for at in [0, *(hit.start for hit in hits)]), key=worth)
        before, after = "… " if best[0] else "", " …" if best[1] < len(text) else ""
        return before + _marked(text, *best, inside(best)) + after

    def _hits(self, text: str) -> list[_Hit]:
        if self._candidates is None:
            return []
        folded = text.replace("\u0130", "I").lower()  # that one would become two letters
        found = (
            _Hit(*match.span(), self._lexeme(match[0]))
            for match in self._candidates.finditer(folded)
            if _BEGINS.match(folded, match.start())
        )
        return [hit for hit in found if hit.lexeme]

    def _lexeme(self, word: str) -> str:
        return next((form for form in (word, _stem(word)) if form in self._lexemes), "")


@lru_cache(10_000)
def _stem(word: str) -> str:
    return str(_stemmer.stemWord(word))


def _edges(text: str, at: int) -> tuple[int, int]:
    """Start and end of the piece around a hit, between words where there is a space."""
    start = max(0, min(at - BEFORE, len(text) - LONGEST))
    if start:
        start = text.find(" ", start, at) + 1 or start
    end = start + LONGEST
    return start, len(text) if end >= len(text) else max(text.rfind(" ", at, end), 0) or end


def _marked(text: str, start: int, end: int, hits: list[_Hit]) -> str:
    """A piece of a text, escaped, the hits in `<mark>`."""
    parts = [escape(text[a:b]) for a, b in pairwise([start, *(edge for hit in hits for edge in hit[:2]), end])]
    return "".join(f"<mark>{part}</mark>" if n % 2 else part for n, part in enumerate(parts))
