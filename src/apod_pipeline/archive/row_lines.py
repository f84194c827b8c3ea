"""A row as a line of JSON, where files and tables can hold it.

Takes rows, gives lines. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # PostgreSQL has no text with one


def row_line(row: Mapping[str, Any]) -> bytes:
    """A row as JSON.

    Raises:
        TypeError: half of a surrogate pair, a NUL, or a number of thousands of digits cannot be written.
    """
    line = orjson.dumps(row)
    if b"\\u0000" in line and _NUL.search(line):
        raise TypeError("a text holds a NUL")
    return line


def writable(row: Mapping[str, Any]) -> bool:
    """True when a row can be written."""
    try:
        row_line(row)
    except TypeError:
        return False
    return True
