"""Items out of a JSON body, one at a time, so that a body of 100 MB never stands in memory.

Takes a file, gives its shape and its items. Never trusts it: HTML, text, a torn or a deeply nested body is
`Unreadable`. Bodies of a usual size are decoded at once; larger ones, and those that need a patient reader (half a
surrogate pair) or deserve a good reason, by the standard library's decoder, fed piece by piece: it stops at a nesting
of a thousand, which the streaming parsers that were tried (ijson) do not.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from apod_pipeline.errors import Unreadable

PIECE = 1 << 20
AT_ONCE = 4 << 20  # bytes; the largest body that is decoded as a whole
_BLANK = " \t\r\n"
_HOLDERS = frozenset({dict, list})
_decoder = json.JSONDecoder()


def shape_of(body: Path) -> str:
    """`list` or `object`: what the JSON in a body is.

    Raises:
        Unreadable: when it is neither.
    """
    with body.open("rb") as file:
        head = file.read(4096).removeprefix(codecs.BOM_UTF8).lstrip()
    if head[:1] in (b"[", b"{"):
        return "list" if head[:1] == b"[" else "object"
    kind = "a web page" if head[:1] == b"<" else "text" if head else "nothing"
    raise Unreadable(f"{kind} instead of JSON")


def json_items(body: Path) -> Iterator[Any]:
    """The items of a list, or the one object.

    Raises:
        Unreadable: when the body is not JSON to its end, or not UTF-8.
    """
    try:
        shape = shape_of(body)
        if (items := _at_once(body)) is not None:
            yield from items
        elif shape == "object":
            yield json.loads(body.read_bytes())
        else:
            yield from _list_items(body)
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is not UTF-8: byte {error.start} of a piece cannot be read") from error
    except json.JSONDecodeError as error:
        raise Unreadable(f"its JSON breaks off or is wrong: {error.msg}") from error
    except ValueError as error:  # a number of thousands of digits
        raise Unreadable(f"its JSON holds what cannot be read: {error}") from error
    except RecursionError as error:
        raise Unreadable("its JSON is nested too deeply") from error


def _at_once(body: Path) -> list[Any] | None:
    """All items of a body that is not large; None where it is, or cannot be read so."""
    if body.stat().st_size > AT_ONCE:
        return None
    try:
        told = orjson.loads(body.read_bytes().removeprefix(codecs.BOM_UTF8))
    except ValueError:
        return None
    items = told if isinstance(told, list) else [told]
    return None if _holds_float(items) else items


def _holds_float(items: list[Any]) -> bool:
    """True where there is a number with a point, or one that was taken for such because it has more than 64 bits."""
    waiting: list[Any] = [items]
    while waiting:
        value = waiting.pop()
        inner = value.values() if isinstance(value, dict) else value
        kinds = set(map(type, inner))
        if float in kinds:
            return True
        if not kinds.isdisjoint(_HOLDERS):
            waiting += [held for held in inner if type(held) in _HOLDERS]
    return False


def _list_items(body: Path) -> Iterator[Any]:
    with body.open("r", encoding="utf-8-sig") as file:
        text = _Text(file)
        text.expect("[")
        if text.peek() == "]":
            return text.expect_end()
        while True:
            yield text.value()
            if text.peek() != ",":
                return text.expect_end()
            text.expect(",")


class _Text:
    """A window that moves over a JSON text; what lies before the cursor is forgotten piece by piece."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._window = ""
        self._cursor = 0

    def _widen(self) -> bool:
        # At least doubling keeps one long value from being decoded again at every piece.
        rest = self._window[self._cursor :]
        piece = self._file.read(max(PIECE, len(rest)))
        if piece:
            self._window, self._cursor = rest + piece, 0
        return bool(piece)

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            end = len(self._window)
            while self._cursor < end and self._window[self._cursor] in _BLANK:
                self._cursor += 1
            if self._cursor < end:
                return self._window[self._cursor]
            if not self._widen():
                return ""

    def expect(self, character: str) -> None:
        """Pass one character."""
        if self.peek() != character:
            raise json.JSONDecodeError(f"expected {character}", self._window[:20], 0)
        self._cursor += 1

    def expect_end(self) -> None:
        """Pass the list's end; nothing may follow."""
        self.expect("]")
        if self.peek():
            raise json.JSONDecodeError("something follows the list", self._window[:20], 0)

    def value(self) -> Any:  # noqa: ANN401 - whatever the JSON holds
        """Pass one value, and give it."""
        self.peek()
        while True:
            try:
                value, end = _decoder.raw_decode(self._window, self._cursor)
            except json.JSONDecodeError:
                if not self._widen():
                    raise
                continue
            # A number may go on in the next piece, also behind a point or an exponent's letter.
            if end >= len(self._window) - 3 and not isinstance(value, dict | list | str) and self._widen():
                continue
            self._cursor = end
            return value
