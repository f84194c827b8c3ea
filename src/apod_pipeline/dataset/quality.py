"""What a data set says its rows must be.

Takes nothing, gives the form of a rule and of all of a set's rules. Pure. A rule is a polars expression, because whole
tables are judged by it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import polars


class Rule(NamedTuple):
    """One check: its name, what it means, how bad it is, and the rows that it finds."""

    name: str
    meaning: str
    severity: str
    finds: Callable[[dt.date], polars.Expr]


class Quality(NamedTuple):
    """A data set's rules.

    Attributes:
        errors: what must never be; a row that breaks one is refused before a version is sealed.
        warnings: what a reader should know of.
        surely_fine: true for a row (and the newest day that is due) that is so plain that no error can find it.
    """

    errors: Callable[[], Iterator[Rule]]
    warnings: Callable[[], Iterator[Rule]]
    surely_fine: Callable[[Mapping[str, Any], str], bool]
