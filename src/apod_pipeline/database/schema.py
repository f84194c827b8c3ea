"""Numbered migrations, applied by `apod` itself, once each, safe when two come at once.

Takes a connection, gives the number of the newest one. Never edits one that was released: a change is a new number.
What the tables mean stands in the data dictionary and is said anew, as comments, whenever something was applied.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection

# Any number will do, as long as no other program takes an advisory lock on it.
LOCK = 0x41504F44
MIGRATIONS = Path(__file__).parents[1] / "datasets" / "apod" / "migrations"


def available() -> list[tuple[int, str]]:
    """The migrations that this code knows: number and name, oldest first."""
    return [(int(path.name[:4]), path.name) for path in sorted(MIGRATIONS.glob("*.sql"))]


def applied(connection: Connection) -> int:
    """Number of the newest migration in the database; 0 for none."""
    found = connection.execute("SELECT to_regclass('apod_migration')").fetchone()
    if not found or found[0] is None:
        return 0
    row = connection.execute("SELECT coalesce(max(number), 0) FROM apod_migration").fetchone()
    return int(row[0]) if row else 0


def migrate(connection: Connection) -> int:
    """Apply what is missing, in the caller's transaction; gives the number that the database then stands at."""
    newest = available()[-1][0]
    if applied(connection) >= newest:
        return newest
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    connection.execute(
        "CREATE TABLE IF NOT EXISTS apod_migration "
        "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())"
    )
    done = applied(connection)
    for number, name in available():
        if number > done:
            connection.execute((MIGRATIONS / name).read_text(encoding="utf-8").encode())
            connection.execute("INSERT INTO apod_migration (number, name) VALUES (%s, %s)", [number, name])
    from apod_pipeline.database.comments import comment  # not imported where there is nothing to apply
    from apod_pipeline.database.reader import let_read

    comment(connection)
    let_read(connection)
    return newest
