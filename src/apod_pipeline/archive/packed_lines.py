"""Lines of a ledger that tell of very many entries, packed.

Takes lines, gives lines that hold their largest part compressed, and back. Pure. Where every number may change at once,
plain lines would take more room than all that they tell of. What other tools look for (when, which reply, of which
version) stays readable.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

MANY = 100  # entries: fewer are told plainly
PACKED = "packed"  # in a line: the rest of it, as JSON, xz and base 85
_MAPS = ("readings", "entries")


def packed_reply(line: dict[str, Any]) -> dict[str, Any]:
    """A reply's line, packed where it tells of many entries."""
    readings = line.get("readings", {})
    if len(readings) < MANY:
        return line
    keys = sorted(readings)
    told = [keys, " ".join(readings[key] for key in keys), line.get("entries", {})]
    return {**{name: value for name, value in line.items() if name not in _MAPS}, PACKED: _pack(told)}


def unpacked_reply(line: dict[str, Any]) -> dict[str, Any]:
    """What `packed_reply` was given."""
    if PACKED not in line:
        return line
    keys, digests, entries = _unpack(line[PACKED])
    told = {"readings": dict(zip(keys, digests.split(" "), strict=True)), **({"entries": entries} if entries else {})}
    return {**{name: value for name, value in line.items() if name != PACKED}, **told}


def packed_states(states: Sequence[dict[str, Any]], key: str) -> dict[str, Any]:
    """States that one version replaced, as one line: column by column.

    Args:
        states: the lines of a version, of one form.
        key: what a line and its entry both call the key.
    """
    ordered = sorted(states, key=lambda state: str(state["key"]))
    about, fields = [[*part] for part in (ordered[0], ordered[0]["entry"])]
    about.remove("entry")
    fields.remove(key)
    columns = [[state[name] for state in ordered] for name in about]
    columns += [[state["entry"].get(name) for state in ordered] for name in fields]
    return {"to": ordered[0]["to"], PACKED: _pack([key, about, fields, columns])}


def unpacked_states(line: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The states of a line: many where `packed_states` made it."""
    if PACKED not in line:
        yield line
        return
    key, about, fields, columns = _unpack(line[PACKED])
    for values in zip(*columns, strict=True):
        state = dict(zip(about, values, strict=False))
        entry = {key: state["key"], **dict(zip(fields, values[len(about) :], strict=True))}
        yield {**state, "entry": entry}


def _pack(value: object) -> str:
    import lzma

    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    # A small window: most lines are small, and a large one takes a millisecond to be made ready.
    window = 1 << max(12, min(22, len(plain).bit_length()))
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 4, "dict_size": window}]
    return base64.b85encode(lzma.compress(plain, filters=filters)).decode("ascii")


def _unpack(text: str) -> Any:  # noqa: ANN401 - whatever was packed
    import lzma

    plain = lzma.decompress(base64.b85decode(text))
    try:
        return orjson.loads(plain)
    except ValueError:
        return json.loads(plain.decode("utf-8", "surrogatepass"))
