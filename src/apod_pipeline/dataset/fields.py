"""What a field is: its kind, whether it may be absent, what it may hold, an example.

Takes nothing, gives `Field`, the kinds that there are, and a data set's fields together. Pure. Files, tables and
descriptors are made from fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from apod_pipeline.dataset.readings import Row


class Kind(NamedTuple):
    """What a value is, wherever it is written.

    Attributes:
        postgres: its type in PostgreSQL.
        unit: how it is worded or measured.
        schema: its type and format in a Table Schema.
        croissant: its data type in Croissant.
        parquet: its type in Parquet, as polars calls it; `List` is of text.
    """

    postgres: str
    unit: str
    schema: tuple[str, str | None] = ("string", None)
    croissant: str = "sc:Text"
    parquet: str = "String"


KINDS = {
    "text": Kind("text", "plain text"),
    "html": Kind("text", "HTML"),
    "name": Kind("text", "a short name"),
    "day": Kind("text", "ISO 8601 date, YYYY-MM-DD", ("date", None), "sc:Date"),
    "address": Kind("text", "URI", ("string", "uri"), "sc:URL"),
    "hash": Kind("text", "hexadecimal digits"),
    "names": Kind("text[]", "list of short names", ("array", None), parquet="List"),
    "instant": Kind("timestamp with time zone", "ISO 8601 instant, UTC", ("datetime", None), "sc:DateTime"),
    "instant without zone": Kind("timestamp without time zone", "UTC", ("datetime", None), "sc:DateTime"),
    "count": Kind("integer", "a number", ("integer", None), "sc:Integer", "Int64"),
    "large count": Kind("bigint", "a number", ("integer", None), "sc:Integer", "Int64"),
    "number": Kind("double precision", "a number, perhaps with a fraction", ("number", None), "sc:Float", "Float64"),
    "words": Kind("tsvector", "words, their places and weights"),
    "truth": Kind("boolean", "true or false", ("boolean", None), "sc:Boolean", "Boolean"),
    "object": Kind("jsonb", "JSON object", ("object", None)),
    "list": Kind("jsonb", "JSON array", ("array", None)),
}
NESTED = ("object", "list")
OF_TABLES = frozenset({"words", "instant without zone"})  # kinds that only the database's own columns have


class Field(NamedTuple):
    """One field of an entry, column of a table, or key of a line.

    Attributes:
        name: as the code, the files and the tables call it.
        kind: a name in `KINDS`.
        meaning: in a sentence without its stop.
        nullable: whether it may be absent.
        allowed: the only values there are; empty where it may hold anything of its kind.
        example: an invented value as JSON would hold it; None where none helps.
        measure: of what a number counts so many; empty where its kind says all.
    """

    name: str
    kind: str
    meaning: str
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    example: str | float | list[str] | Mapping[str, Any] | None = None
    measure: str = ""

    @property
    def postgres(self) -> str:
        """Its type in PostgreSQL, as `format_type` words it."""
        return KINDS[self.kind].postgres

    @property
    def unit(self) -> str:
        """How it is worded or measured."""
        return self.measure or KINDS[self.kind].unit

    @property
    def comment(self) -> str:
        """Meaning, unit and allowed values in one line: the comment of a column."""
        values = f"; one of {', '.join(self.allowed)}" if self.allowed else ""
        return f"{self.meaning} ({self.unit}){values}"


def means(kind: str, meaning: str, example: Any = None, *, allowed: tuple[str, ...] = ()) -> Field:  # noqa: ANN401 - as JSON
    """What the annotation of a class's attribute tells of a field; its name, and what may be None, the class tells."""
    return Field("", kind, meaning, allowed=allowed, example=example)


def declared(row: type) -> tuple[Field, ...]:
    """The fields of a class whose attributes are `Annotated[type, means(...)]`, in their order.

    Args:
        row: a class of a module whose annotations are values: one without `from __future__ import annotations`.
    """
    return tuple(
        one.__metadata__[0]._replace(name=name, nullable=type(None) in getattr(one.__origin__, "__args__", ()))
        for name, one in row.__annotations__.items()
    )


class Columns:
    """The fields of a data set's entries.

    Attributes:
        fields: all of them, as the Parquet file has them; the key first, then the day where it is another field.
        key: the field that identifies an entry.
        day: the field that tells its day; entries are sorted by it, and then by their keys.
        output: names of those that CSV, JSON and the plain table have, the key first.
        every: names of all.
        lists: names of those that hold lists of text.
        nested: names of those that hold whatever JSON can.
        fractions: names of those that hold numbers with a fraction.
        loose: names of output fields that the plain table lets be absent, though no entry does.
        source: the field that names whose reading an entry is; None where none does.
    """

    __slots__ = ("day", "every", "fields", "fractions", "key", "lists", "loose", "nested", "output", "source")

    def __init__(
        self,
        fields: tuple[Field, ...],
        output: tuple[str, ...],
        *,
        day: str | None = None,
        loose: tuple[str, ...] = (),
        source: str | None = None,
    ) -> None:
        self.fields, self.output, self.loose, self.source = fields, output, loose, source
        self.every = tuple(field.name for field in fields)
        self.key, self.day = self.every[0], day or self.every[0]
        self.lists, self.nested, self.fractions = (
            tuple(field.name for field in fields if field.kind in kinds) for kinds in (("names",), NESTED, ("number",))
        )

    def named(self, names: Iterable[str]) -> tuple[Field, ...]:
        """The fields of some names, in the order of the names."""
        by_name = {field.name: field for field in self.fields}
        return tuple(by_name[name] for name in names)

    def typed(self, row: Row) -> Row:
        """A row whose numbers are of their field's kind: what a service writes as 7 may be 7.0."""
        for name in self.fractions:
            if row[name] is not None:
                row[name] = float(row[name])
        return row

    @property
    def told(self) -> str:
        """Every field and its type in Parquet, in one line: what a file's own columns are compared with."""
        return ",".join(f"{field.name} {KINDS[field.kind].parquet}" for field in self.fields)

    def whole(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row with every field: one that was made before a field was thought of says nothing of it."""
        return {name: row.get(name) for name in self.every}

    def place(self, row: Mapping[str, Any]) -> str:
        """Where a row stands among the others: what they are sorted by."""
        key: str = row[self.key]
        return key if self.day == self.key else f"{row[self.day]} {key}"

    def schema(self) -> dict[str, Any]:
        """Every field with its type, as polars has it."""
        import polars

        kinds = {field.name: KINDS[field.kind].parquet for field in self.fields}
        text_list = polars.List(polars.String)
        return {name: text_list if kind == "List" else getattr(polars, kind) for name, kind in kinds.items()}
