"""Whether a row holds what its fields say: the kind of each value, and nothing absent that must be there.

Takes fields, gives a check. Pure. Files and tables take no other values; a row that fails is refused by itself, before
any of them is touched.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any

from apod_pipeline.dataset.fields import Field

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _is_text(value: object) -> bool:
    return type(value) is str and "\0" not in value


def _is_day(value: object) -> bool:
    return type(value) is str and bool(_DAY.fullmatch(value)) and _is_date(value)


def _is_instant(value: object) -> bool:
    return type(value) is str and bool(_INSTANT.fullmatch(value)) and _is_date(value)


def _is_date(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_number(value: object) -> bool:
    return type(value) in {int, float} and isfinite(value)  # type: ignore[arg-type] # it is one of the two


def _is_json(value: object) -> bool:
    """Whether PostgreSQL takes it as JSON: no NUL in a text, no number that is none."""
    if isinstance(value, str):
        return _is_text(value)
    if isinstance(value, dict):
        return all(_is_text(key) for key in value) and all(map(_is_json, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_json, value))
    return value is None or isinstance(value, bool) or _is_number(value)


CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("text", "html", "name", "address", "hash"), (_is_text, "a text without NUL")),
    "day": (_is_day, "a day, YYYY-MM-DD"),
    "names": (lambda value: isinstance(value, list | tuple) and all(map(_is_text, value)), "a list of texts"),
    "instant": (_is_instant, "an instant, YYYY-MM-DDThh:mm:ssZ"),
    "count": (lambda value: type(value) is int and abs(value) < 2**31, "a whole number below 2^31"),
    "large count": (lambda value: type(value) is int and abs(value) < 2**63, "a whole number below 2^63"),
    "number": (_is_number, "a finite number"),
    "truth": (lambda value: type(value) is bool, "true or false"),
    "object": (lambda value: isinstance(value, dict) and _is_json(value), "a JSON object without NUL"),
    "list": (lambda value: isinstance(value, list | tuple) and _is_json(value), "a JSON array without NUL"),
}


def misfits(fields: Iterable[Field]) -> list[str]:
    """The fields whose example is not of their kind, or none of the values that they may hold."""
    told = [field for field in fields if field.example is not None]
    return [
        field.name
        for field in told
        if not CHECKS[field.kind][0](field.example) or not _allows(field.allowed, field.example)
    ]


def _allows(allowed: tuple[str, ...], value: object) -> bool:
    return not allowed or all(one in allowed for one in (value if isinstance(value, list | tuple) else (value,)))


def checked(fields: Iterable[Field]) -> Callable[[Mapping[str, Any]], str | None]:
    """What says of a row why it cannot be stored; None where it can."""
    every = [(field.name, field.nullable, *CHECKS[field.kind]) for field in fields]
    names = {name for name, *_ in every}

    def fault(row: Mapping[str, Any]) -> str | None:
        for name, nullable, fits, what in every:
            if name not in row:
                return f"its {name} is left out: say None where there is none"
            value = row[name]
            if value is None:
                if not nullable:
                    return f"its {name} is absent"
            elif not fits(value):
                return f"its {name} is not {what}"
        return next((f"it has a field {name}, which is not declared" for name in row if name not in names), None)

    return fault
