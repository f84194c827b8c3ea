"""The database as one file, and back: PostgreSQL's own dump in its custom format.

Takes a connection string, gives a file that was restored once already, in a scratch server, and compared table by
table. A dump is its owner's alone (0600), and what a killed backup had left is taken away by the next one.
Never shows a password to other processes: programs get it by their environment.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from apod_pipeline.database.connection import connected
from apod_pipeline.database.schema import migrate
from apod_pipeline.database.tables import Tables
from apod_pipeline.errors import DatabaseError

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection

SECONDS = 3600
# What `NAME_migration` says is of what the code has made, so it never comes from a file.
TABLES = """
SELECT tablename FROM pg_tables
WHERE schemaname = current_schema() AND tablename = ANY ({every}) AND tablename <> '{name}_migration'
"""
BY_NAME = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""
COPY = re.compile(rb'COPY (?:[^\W"]\w*|"(?:[^"]|"")+")\.(?=\w+ \()')

Scratch = Callable[[], AbstractContextManager[str]]


def back_up(conninfo: str, tables: Tables, file: Path, programs: Path, scratch: Scratch) -> dict[str, int]:
    """Dump the tables, restore the dump into a scratch server, and compare; gives rows by table.

    Args:
        conninfo: the database.
        tables: which are dumped.
        file: where the dump goes; it takes its name when it was found good.
        programs: folder of PostgreSQL's client programs, as new as the server at least.
        scratch: gives an empty server that is thrown away afterwards.

    Raises:
        DatabaseError: it cannot be dumped, or what comes out of the dump is not what went in; no file is left then.
    """
    from psycopg.conninfo import make_conninfo

    partial = file.with_name(f".{file.name}.partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    _sweep(partial.parent)
    try:
        with _private(partial):
            before = _dumped(conninfo, tables, partial, programs)
            with scratch() as server:
                empty = make_conninfo(server, options="")  # the environment's are meant for the database
                restore(empty, tables, partial, programs)
                with connected(empty) as connection:
                    after = _digests(connection, tables)
        if wrong := sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)):
            raise DatabaseError(
                f"the backup does not match the database: {', '.join(wrong)} differ. No file was kept; check the "
                "tables with `apod verify`, then type the same command again."
            )
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return {name: rows for name, (rows, _) in before.items()}


@contextmanager
def _private(file: Path) -> Iterator[None]:
    """A file that only its owner reads, made anew and locked: nobody takes it for one that was left behind."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _sweep(folder: Path) -> None:
    """Take away what killed backups have left in a folder: nobody holds it any more."""
    for left in folder.glob(".*.dump.partial"):
        with suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for path in (left, *folder.glob(f".{left.name}.sql.partial*")):
                path.unlink(missing_ok=True)


def _dumped(conninfo: str, tables: Tables, file: Path, programs: Path) -> dict[str, tuple[int, str]]:
    """Dump what one snapshot holds; gives what it hashes to, table by table."""
    with connected(conninfo, still=True) as connection:
        schema = _schema(connection)
        snapshot = str((connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",))[0])
        chosen = [f'--table={schema}."{name}"' for name in tables.every if name != f"{tables.name}_migration"]
        form = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={file}")
        _program(programs / "pg_dump", conninfo, *form, *chosen)
        return _digests(connection, tables)


def restore(conninfo: str, tables: Tables, file: Path, programs: Path) -> None:
    """Let the tables hold what a dump holds: whole or not at all.

    The schema is made by the migrations, not by the file.

    Raises:
        DatabaseError: the file is no dump, or does not fit; the rows are as they were.
    """
    with connected(conninfo) as connection:
        migrate(connection, tables)
        schema = _schema(connection)
        names = [str(name) for (name,) in connection.execute(tables.sql(TABLES))]
    script = file.with_name(f".{file.name}.sql.partial")
    try:
        with _private(script):
            _program(programs / "pg_restore", conninfo, "--data-only", "--no-owner", f"--file={script}", str(file))
        _only_rows(script, schema)
        empty = f"TRUNCATE {', '.join(f'{schema}.{table}' for table in names)}"
        words = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction")
        _program(programs / "psql", conninfo, *words, f"--command={empty}", f"--file={script}")
    finally:
        script.unlink(missing_ok=True)


def _schema(connection: Connection) -> str:
    """Where the tables are, in double quotes: also a name with capitals is taken as it is then."""
    found = connection.execute("SELECT current_schema()").fetchone() or ("",)
    return '"' + str(found[0]).replace('"', '""') + '"'


def _only_rows(script: Path, schema: str) -> None:
    """Leave nothing of a script but its rows, and let them go into a schema, whichever one they were saved from.

    What else stands there sets up a session of the programs' own version, which an older server does not understand.
    """
    moved = script.with_name(f"{script.name}.moved")
    into, copying = f"COPY {schema}.".encode(), False
    try:
        with _private(moved), script.open("rb") as lines, moved.open("wb") as file:
            for line in lines:
                begins = not copying and COPY.match(line)
                if begins:
                    file.write(into + line[begins.end() :])
                elif copying or line.startswith(b"SET client_encoding"):
                    file.write(line)
                copying = bool(begins) or (copying and line != b"\\.\n")
        moved.replace(script)
    finally:
        moved.unlink(missing_ok=True)


def _program(program: Path, conninfo: str, *words: str) -> None:
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.pq import Conninfo

    # What the address does not say libpq takes from the environment, as it does for our own connections.
    names = {one.keyword.decode(): one.envvar.decode() for one in Conninfo.get_defaults() if one.envvar}
    parts = {names[name]: str(value) for name, value in conninfo_to_dict(conninfo).items() if name in names}
    environment = {**os.environ, **parts}
    done = subprocess.run(
        [program, *words], env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[-600:] or f"it ended with status {done.returncode}"
        raise DatabaseError(f"{program.name}: {said}. The tables' rows and the archive's files are unchanged.")


def _digests(connection: Connection, tables: Tables) -> dict[str, tuple[int, str]]:
    """Of every table how many rows it has, and what they hash to whatever their order."""
    told = {}
    for (name,) in connection.execute(tables.sql(TABLES)).fetchall():
        (columns,) = connection.execute(BY_NAME, [name]).fetchone() or (
            "",
        )  # a later field's column may stand anywhere
        row = f"md5(ROW({columns})::text)"
        query = f"SELECT count(*), coalesce(md5(string_agg({row}, '' ORDER BY {row})), '') FROM {name}"  # noqa: S608 - names are ours
        found = connection.execute(query.encode()).fetchone()
        told[str(name)] = (int(found[0]), str(found[1])) if found else (0, "")
    return told
