"""Entries as a SQLite file that can be searched at once, in Datasette and elsewhere.

Takes chosen entries, writes a file with the table `entries`, its full-text index `entries_fts`, and two tables that
explain it: `fields` and `metadata`. Lists are JSON text. Never keeps the index up to date: the file is a snapshot.

Through the standard library: `sqlite-utils` is the well-kept library for this, and its conventions are followed (the
name of the index, and `content="entries"`, by which Datasette finds it); but what is needed of it is five statements,
for which it would bring half a dozen packages to everybody who installs `apod`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from apod_pipeline.dataset.fields import KINDS, Field
from apod_pipeline.datasets.apod.fields import ENTRY
from apod_pipeline.exporting.choice import Choice
from apod_pipeline.exporting.notes import facts, rights_notes
from apod_pipeline.exporting.text import plain

SEARCHED = ("title", "explanation", "credit")


def write_sqlite(choice: Choice, path: Path) -> None:
    """The file is made anew and is complete when the call comes back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # Nobody else sees the file before it is whole, and a torn one is thrown away: no journal is needed.
        connection.executescript("PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")
        connection.execute(_entries_table())
        places = ", ".join("?" * len(ENTRY))
        rows = (tuple(map(plain, row)) for piece in choice.pieces() for row in piece.iter_rows())
        connection.executemany(f"INSERT INTO entries VALUES ({places})", rows)  # noqa: S608 - question marks only
        _index(connection)
        _explain(connection, choice)
        connection.execute("COMMIT")


def _entries_table() -> str:
    # Comments are kept in the file: whoever looks at its schema reads what each column means.
    columns = [
        f"    {field.name} TEXT{'' if field.nullable else ' NOT NULL'}{' PRIMARY KEY' if number == 0 else ''}"
        f"{',' if number < len(ENTRY) - 1 else ''} -- {field.comment}"
        for number, field in enumerate(ENTRY)
    ]
    return "CREATE TABLE entries (\n" + "\n".join(columns) + "\n)"


def _index(connection: sqlite3.Connection) -> None:
    names = ", ".join(SEARCHED)
    # The porter stemmer finds "galaxies" for "galaxy"; the texts are English.
    connection.execute(
        f'CREATE VIRTUAL TABLE entries_fts USING fts5({names}, tokenize="porter unicode61", content="entries")'
    )
    connection.execute("INSERT INTO entries_fts (entries_fts) VALUES ('rebuild')")
    connection.execute("INSERT INTO entries_fts (entries_fts) VALUES ('optimize')")


def _explain(connection: sqlite3.Connection, choice: Choice) -> None:
    connection.execute("CREATE TABLE fields (name TEXT PRIMARY KEY, meaning TEXT, unit TEXT, nullable INTEGER)")
    connection.executemany("INSERT INTO fields VALUES (?, ?, ?, ?)", map(_field_row, ENTRY))
    connection.execute("CREATE TABLE metadata (name TEXT PRIMARY KEY, value TEXT)")
    told = {name: None if value is None else str(value) for name, value in facts(choice).items()}
    connection.executemany("INSERT INTO metadata VALUES (?, ?)", {**told, "rights_note": rights_notes(choice)}.items())


def _field_row(field: Field) -> tuple[str, str, str, bool]:
    return field.name, field.meaning, KINDS[field.kind].unit, field.nullable
