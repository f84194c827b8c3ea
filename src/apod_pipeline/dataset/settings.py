"""What can be set for a data set: a setting's name, variable, default and meaning; and how its text is read.

Takes texts, gives values. Pure: never reads the environment or a file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple


class Setting(NamedTuple):
    """One thing that can be set.

    Attributes:
        name: as the code and the files call it: `planetary_url`.
        variable: as the environment calls it: `APOD_PLANETARY_URL`.
        default: its value where nobody sets it.
        meaning: in a few words.
        parse: text to value; raises `ValueError` with what is wrong.
        secret: whether it is never shown.
        sent_to: name of the setting that holds the host which gets this one, a secret; None where it is none.
    """

    name: str
    variable: str
    default: Any
    meaning: str
    parse: Callable[[str], Any] = str
    secret: bool = False
    sent_to: str | None = None


def address(text: str) -> str:
    """An http(s) address, without a user in it and without a slash at its end."""
    if not re.match(r"https?://[^/@]+", text) or "@" in text:
        raise ValueError("must be an http(s) address without a user or password")
    return text.rstrip("/")


def one_word(text: str) -> str:
    """A key: one word of plain letters."""
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("must be one word of plain letters, digits and punctuation")
    return text


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number between two others."""

    def parse(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise ValueError(f"must be from {least} to {most}, not {text}")
        return value

    return parse


def positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """A number above zero, of a kind."""

    def parse(text: str) -> Any:  # noqa: ANN401 - int or float, as asked
        value = kind(text)
        if not 0 < value < math.inf:
            raise ValueError(f"must be a number above 0, not {text}")
        return value

    return parse


def names_among(known: tuple[str, ...], not_asked: tuple[str, ...] = ()) -> Callable[[str], tuple[str, ...]]:
    """Names with commas between, each of them known; some may be known and are not to be asked."""

    def parse(text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise ValueError(f"holds {text!r}; known sources: {', '.join(known)}")
        if wrong := [name for name in names if name in not_asked]:
            raise ValueError(f"names {wrong[0]!r}, which cannot be queried: type `apod import FILE` to import one")
        return names

    return parse
