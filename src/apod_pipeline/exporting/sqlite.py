"""Entries as a SQLite file that can be searched at once, in Datasette and elsewhere.

Takes chosen entries, writes a file with the table `entries`, its full-text index `entries_fts` where the data set says
what is searched, and two tables that explain it: `fields` and `metadata`. Lists and objects are JSON text. Never keeps
the index up to date: the file is a snapshot.

Through the standard library: `sqlite-utils` is the well-kept library for this, and its conventions are followed (the
name of the index, and `content="entries"`, by which Datasette finds it); but what is needed of it is five statements,
for which it would bring half a dozen packages to everybody who installs `apod`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from apod_pipeline.dataset.fields import Field
from apod_pipeline.exporting.choice import Choice
from apod_pipeline.exporting.kinds import in_sqlite, sqlite_type
from apod_pipeline.exporting.notes import facts, rights_notes


def write_sqlite(choice: Choice, path: Path) -> None:
    """The file is made anew and is complete when the call comes back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # Nobody else sees the file before it is whole, and a torn one is thrown away: no journal is needed.
        connection.executescript("PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")
        fields, search = choice.dataset.columns.fields, choice.dataset.search
        connection.execute(_entries_table(connection, fields))
        places = ", ".join("?" * len(fields))
        rows = (tuple(map(in_sqlite, row)) for piece in choice.pieces() for row in piece.iter_rows())
        connection.executemany(f"INSERT INTO entries VALUES ({places})", rows)  # noqa: S608 - question marks only
        if search:
            _index(connection, search.indexed)
        _explain(connection, choice)
        connection.execute("COMMIT")


def _entries_table(connection: sqlite3.Connection, fields: Sequence[Field]) -> str:
    # Comments are kept in the file: whoever looks at its schema reads what each column means.
    columns = [
        f"    {_named(connection, field.name)} {sqlite_type(field)}"
        f"{'' if field.nullable else ' NOT NULL'}{' PRIMARY KEY' if number == 0 else ''}"
        f"{',' if number < len(fields) - 1 else ''} -- {field.comment}"
        for number, field in enumerate(fields)
    ]
    return "CREATE TABLE entries (\n" + "\n".join(columns) + "\n)"


def _named(connection: sqlite3.Connection, name: str) -> str:
    """A column's name, in quotes where SQLite takes it for a word of its own."""
    try:
        connection.execute(f"SELECT 1 AS {name}")
    except sqlite3.OperationalError:
        return f'"{name}"'
    return name


def _index(connection: sqlite3.Connection, searched: Iterable[str]) -> None:
    names = ", ".join(_named(connection, name) for name in searched)
    # The porter stemmer finds "galaxies" for "galaxy"; the texts are English.
    connection.execute(
        f'CREATE VIRTUAL TABLE entries_fts USING fts5({names}, tokenize="porter unicode61", content="entries")'
    )
    connection.execute("INSERT INTO entries_fts (entries_fts) VALUES ('rebuild')")
    connection.execute("INSERT INTO entries_fts (entries_fts) VALUES ('optimize')")


def _explain(connection: sqlite3.Connection, choice: Choice) -> None:
    connection.execute("CREATE TABLE fields (name TEXT PRIMARY KEY, meaning TEXT, unit TEXT, nullable INTEGER)")
    connection.executemany("INSERT INTO fields VALUES (?, ?, ?, ?)", map(_field_row, choice.dataset.columns.fields))
    connection.execute("CREATE TABLE metadata (name TEXT PRIMARY KEY, value TEXT)")
    told = {name: None if value is None else str(value) for name, value in facts(choice).items()}
    connection.executemany("INSERT INTO metadata VALUES (?, ?)", {**told, "rights_note": rights_notes(choice)}.items())


def _field_row(field: Field) -> tuple[str, str, str, bool]:
    return field.name, field.meaning, field.unit, field.nullable
