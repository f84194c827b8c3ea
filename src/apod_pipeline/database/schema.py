"""Numbered migrations, applied by `apod` itself, once each, safe when two come at once; then columns for new fields.

Takes a connection and a data set's tables, gives the number of the newest migration. Never edits one that was released:
a change is a new number. A field that is new to the tables needs none (`growing`). What the tables mean stands in the
data dictionary and is said anew, as comments, whenever something was applied or added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apod_pipeline.database.growing import grow, look
from apod_pipeline.database.tables import Tables
from apod_pipeline.dataset.description import DataSet

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection


def available(dataset: DataSet) -> list[tuple[int, str]]:
    """The migrations that this code knows for a data set: number and name, oldest first."""
    if dataset.migrations is None:
        return [(1, "0001_from_fields.sql")]
    return [(int(path.name[:4]), path.name) for path in sorted(dataset.migrations.glob("*.sql"))]


def applied(connection: Connection, tables: Tables) -> int:
    """Number of the newest migration in the database; 0 for none."""
    found = connection.execute("SELECT to_regclass(%s)", [f"{tables.name}_migration"]).fetchone()
    return _newest(connection, tables) if found and found[0] is not None else 0


def _newest(connection: Connection, tables: Tables) -> int:
    row = connection.execute(tables.sql("SELECT coalesce(max(number), 0) FROM {name}_migration")).fetchone()
    return int(row[0]) if row else 0


def migrate(connection: Connection, tables: Tables) -> int:
    """Apply what is missing, in the caller's transaction; gives the number that the database then stands at.

    Raises:
        DatabaseError: a column is of another type than its field; nothing was changed.
    """
    newest, found = available(tables.dataset)[-1][0], look(connection, tables)
    if found.migrated and not found.odd and _newest(connection, tables) >= newest:
        return newest
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [tables.lock])
    _apply(connection, tables)
    grow(connection, tables)
    from apod_pipeline.database.comments import comment  # not imported where there is nothing to apply
    from apod_pipeline.database.reader import let_read

    comment(connection, tables.dataset)
    let_read(connection, tables)
    return newest


def _apply(connection: Connection, tables: Tables) -> None:
    connection.execute(
        tables.sql(
            "CREATE TABLE IF NOT EXISTS {name}_migration "
            "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())"
        )
    )
    done = _newest(connection, tables)
    for number, name in available(tables.dataset):
        if number > done:
            connection.execute(_statements(tables, name))
            connection.execute(
                tables.sql("INSERT INTO {name}_migration (number, name) VALUES (%s, %s)"), [number, name]
            )


def _statements(tables: Tables, name: str) -> bytes:
    if tables.dataset.migrations is not None:
        return (tables.dataset.migrations / name).read_text(encoding="utf-8").encode()
    from apod_pipeline.database.tables_from_fields import statements

    return statements(tables.dataset).encode()
