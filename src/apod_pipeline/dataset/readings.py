"""What a source said: a record, and of whom and when it speaks.

Takes plain values, gives frozen ones and their hashes. Pure: never knows a service or a field.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

Record = Mapping[str, Any]  # one item as a source words it: field name -> string (or what its JSON held)
Row = dict[str, Any]  # one entry as this project understands it: field name -> what JSON can hold

# Made once: json.dumps makes a new encoder at every call that is not plain.
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Reading(NamedTuple):
    """What one source said of one entry, settled: volatile ids and outer blanks aside.

    Attributes:
        day: the day that it is of.
        source: who said it.
        record: what was said.
        key: of the entry; empty where the day is the key.
    """

    day: dt.date
    source: str
    record: Record
    key: str = ""

    @property
    def entry(self) -> str:
        """The key of the entry that it is of."""
        return self.key or self.day.isoformat()


def canonical_json(value: object) -> str:
    """One value as JSON that is always the same text: keys sorted, no blanks, letters as they are."""
    return _canonical.encode(value)


def fingerprint(value: object) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a value's canonical JSON."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # A lone surrogate is legal in JSON and has no UTF-8 form: it is hashed as its escape.
        text = canonical_json(value).encode("utf-8", "backslashreplace")
    return hashlib.sha256(text).hexdigest()[:16]


def short_hash(text: str) -> str:
    """The first 8 hexadecimal digits of the SHA-256 of a text, whatever letters it holds."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]
