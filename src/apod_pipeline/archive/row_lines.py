"""A row as a line of JSON, where files can hold it.

Takes rows whose values are of their fields' kinds (`dataset/values.py` sees to that), gives lines. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson


def row_line(row: Mapping[str, Any]) -> bytes:
    """A row as JSON.

    Raises:
        TypeError: half of a surrogate pair, or a number of thousands of digits cannot be written.
    """
    return orjson.dumps(row)


def writable(row: Mapping[str, Any]) -> bool:
    """True when a row can be written."""
    try:
        row_line(row)
    except TypeError:
        return False
    return True
