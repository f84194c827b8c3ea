"""What a field's values are in a file, as its kind says: numbers are numbers, days are dates where a format has dates.

Takes frames of entries and their fields, gives frames; takes one value, gives it as text or as SQLite keeps it. Between
`told` and a file every value is what JSON holds: a day and an instant are text, and so is an object, whose keys no
reader need guess then. Never looks at a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import orjson

from apod_pipeline.dataset.fields import KINDS, Field

if TYPE_CHECKING:
    import polars

_IN_SQLITE = {"integer": "INTEGER", "number": "REAL", "boolean": "INTEGER"}


def told(frame: polars.LazyFrame, fields: Iterable[Field]) -> polars.LazyFrame:
    """The fields of a frame, and no other columns, as JSON holds them, whatever the frame has them as."""
    import polars

    there = frame.collect_schema()
    return frame.select(_told(polars.col(field.name), _type(field), there[field.name]) for field in fields)


def dated(frame: polars.LazyFrame, fields: Iterable[Field]) -> polars.LazyFrame:
    """What `told` gave, with days as dates and instants as instants."""
    import polars

    reads: dict[str, Callable[[polars.Expr], polars.Expr]] = {
        "day": lambda column: column.str.to_date("%Y-%m-%d"),
        "instant": lambda column: column.str.to_datetime("%+", time_unit="us", time_zone="UTC"),
        "instant without zone": lambda column: column.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us"),
    }
    return frame.with_columns(reads[field.kind](polars.col(field.name)) for field in fields if field.kind in reads)


def plain(value: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    """A value where there is only text: what is none becomes its JSON."""
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def in_sqlite(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """A value as SQLite keeps it: numbers as such, true as 1, a list as its JSON."""
    return plain(value) if isinstance(value, list) else value


def sqlite_type(field: Field) -> str:
    """The type of a field's column in SQLite."""
    return _IN_SQLITE.get(_type(field), "TEXT")


def _type(field: Field) -> str:
    """What a Table Schema calls it: all that the formats tell apart, but for the zone of an instant."""
    return KINDS[field.kind].schema[0]


def _told(column: polars.Expr, kind: str, there: polars.DataType) -> polars.Expr:
    import polars

    if kind == "integer":
        return column.cast(polars.Int64)
    if kind == "number":
        number = column.cast(polars.Float64)
        return polars.when(number.is_finite()).then(number)  # JSON knows no other ones
    if kind == "boolean":
        return column == polars.lit("true") if there == polars.String else column.cast(polars.Boolean)
    if isinstance(there, polars.Datetime):
        return column.dt.to_string("%Y-%m-%dT%H:%M:%S%.fZ" if there.time_zone else "%Y-%m-%dT%H:%M:%S%.f")
    if isinstance(there, polars.Struct):
        # polars would word an absent one as the text `null`.
        return polars.when(column.is_not_null()).then(column.struct.json_encode())
    return column if kind == "array" else column.cast(polars.String)
