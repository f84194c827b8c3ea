"""What a fault's parameters may be: each reader takes a value as it was given, and gives it in its own type.

Takes values from Python and from JSON, gives values; raises TypeError or ValueError whose text says what it must be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from apod_pipeline.simulator.generated import has_entry

Reader = Callable[[object], object]
Parameters = dict[str, tuple[Reader, object]]
"""Of one kind of fault: each parameter's reader, and what it is unless given."""


def whole(value: object) -> int:
    """A count."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError("a whole number from 0 on")
    return value


def signed(value: object) -> int:
    """A whole number, also below 0."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a whole number")
    return value


def number(value: object) -> float:
    """A size or a time."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise TypeError("a number from 0 on")
    return float(value)


def text(value: object) -> str:
    """Text."""
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def day(value: object) -> date:
    """A date, or its text."""
    read = date.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(read, date):
        raise TypeError("a date, or its text as YYYY-MM-DD")
    return read


def entry_day(value: object) -> date:
    """A day that has an entry."""
    wanted = day(value)
    if not has_entry(wanted):
        raise ValueError("a day that has an entry")
    return wanted


def days(value: object) -> frozenset[int]:
    """Dates, as ordinals."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError("a list of dates")
    return frozenset(day(one).toordinal() for one in value)


def fields(value: object) -> dict[str, object]:
    """Names and values."""
    if not isinstance(value, Mapping):
        raise TypeError("a mapping of field names to values")
    return {str(name): content for name, content in value.items()}


def yes_or_no(value: object) -> bool:
    """A switch."""
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value
