"""Rows into tables: copied beside a table and merged, or copied at once into an empty one.

Takes names, types and rows, gives nothing back. A merge touches only what differs, so a repetition writes nothing.
Never knows what a column means, never commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection


class Shape(Protocol):
    """A table: its name, what identifies a row, its columns and their types."""

    @property
    def name(self) -> str:
        """The table's name."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What its rows hold, in their order."""

    @property
    def types(self) -> tuple[str, ...]:
        """PostgreSQL's types of the columns."""


def stage_and_merge(connection: Connection, table: Shape, rows: Sequence[Sequence[Any]]) -> None:
    """Bring rows into a table: what is new is inserted, what differs is updated, the rest is left alone.

    Args:
        connection: in the caller's transaction.
        table: whose rows.
        rows: values in the order of its columns; none does nothing.
    """
    if not rows:
        return
    into = staged_in(connection, table.name, table.columns)
    with connection.cursor() as one, copying(one, into, table.columns, table.types) as copy:
        for row in rows:
            copy.write_row(row)
    if into != table.name:
        merge(connection, table.name, table.columns, table.key)


def remove_others(connection: Connection, table: Shape, keys: Sequence[Sequence[str]]) -> None:
    """Remove the rows of a table whose key, all of it text, is not among those given."""
    staged = f"kept_{table.name}"
    columns = ", ".join(f"{name} TEXT" for name in table.key)
    connection.execute(f"CREATE TEMPORARY TABLE {staged} ({columns}) ON COMMIT DROP".encode())
    with connection.cursor() as one, copying(one, staged, table.key, ("text",) * len(table.key)) as copy:
        for row in keys:
            copy.write_row(row)
    same = " AND ".join(f"k.{name} = t.{name}" for name in table.key)
    connection.execute(
        f"DELETE FROM {table.name} t WHERE NOT EXISTS (SELECT FROM {staged} k WHERE {same})".encode()  # noqa: S608 - names are ours
    )


def staged_in(connection: Connection, table: str, columns: Sequence[str]) -> str:
    """Where rows for a table are copied to: beside it, to be merged; at once into it where it is empty."""
    found = connection.execute(f"SELECT EXISTS (SELECT FROM {table})".encode()).fetchone()  # noqa: S608 - names are ours
    if found and not found[0]:
        return table
    make_staging(connection, table, columns)
    return f"staged_{table}"


def make_staging(connection: Connection, table: str, columns: Sequence[str]) -> None:
    """A temporary table `staged_<table>` with some of a table's columns, gone at the transaction's end."""
    names = ", ".join(columns)
    connection.execute(
        f"CREATE TEMPORARY TABLE staged_{table} ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA".encode()  # noqa: S608 - names are ours
    )


def copying(cursor: Any, table: str, columns: Sequence[str], types: Sequence[str]) -> Any:  # noqa: ANN401 - psycopg's Copy
    """A COPY in binary form into a table, as a context manager that takes rows."""
    copy = cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)".encode())
    return _Typed(copy, types)


class _Typed:
    """A COPY whose column types are set as soon as it is open: the binary format needs them."""

    def __init__(self, copy: Any, types: Sequence[str]) -> None:  # noqa: ANN401 - psycopg's Copy
        self._copy, self._types = copy, types

    def __enter__(self) -> Any:  # noqa: ANN401 - psycopg's Copy
        opened = self._copy.__enter__()
        opened.set_types(self._types)
        nested = [i for i, kind in enumerate(self._types) if kind == "jsonb"]
        return _Nested(opened, nested) if nested else opened

    def __exit__(self, *error: object) -> Any:  # noqa: ANN401 - as contextlib has it
        return self._copy.__exit__(*error)


class _Nested:
    """A COPY some of whose columns hold JSON."""

    def __init__(self, copy: Any, places: list[int]) -> None:  # noqa: ANN401 - psycopg's Copy
        self._copy, self._places = copy, places

    def write_row(self, row: Sequence[Any]) -> None:
        """Write a row, the JSON in it as such."""
        from psycopg.types.json import Jsonb

        values = [*row]
        for place in self._places:
            if values[place] is not None:
                values[place] = Jsonb(values[place])
        self._copy.write_row(values)


def merge(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    key: Sequence[str],
    compared: Sequence[str] | None = None,
    staged: str | None = None,
) -> None:
    """Insert what is new, update what differs in the compared columns (default: all), leave the rest alone."""
    names, watched = ", ".join(columns), compared or columns
    kept = {"created_at"}
    updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns if name not in key and name not in kept)
    old, new = (", ".join(f"{side}.{name}" for name in watched) for side in ("t", "EXCLUDED"))
    source = staged or f"staged_{table}"
    connection.execute(
        f"INSERT INTO {table} AS t ({names}) SELECT {names} FROM {source} ORDER BY {', '.join(key)} "  # noqa: S608 - names are ours
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates} WHERE ({old}) IS DISTINCT FROM ({new})".encode()
    )
