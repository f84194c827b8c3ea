"""One way to reach PostgreSQL: a session in UTC, and errors in the family's words.

Takes a libpq connection string, gives psycopg connections. Never shows a password, never opens one at import.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from apod_pipeline.errors import DatabaseError, DatabaseUnavailable

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

CONNECT_SECONDS = 15


@contextmanager
def connected(conninfo: str) -> Iterator[Connection]:
    """A connection whose transaction is committed at the end and rolled back on any error.

    Raises:
        DatabaseError: when the server cannot be reached, or refuses what is asked of it.
    """
    import psycopg

    _readable(conninfo)
    try:
        with psycopg.connect(
            conninfo, connect_timeout=CONNECT_SECONDS, options="-c TimeZone=UTC", application_name="apod"
        ) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"PostgreSQL: {_clean(error)}. The archive's files are complete and nothing of this run was loaded; start "
            "the server or mend APOD_DATABASE_URL (`apod doctor` shows it), then type the same command again."
        ) from None if _holds_secret(error) else error
    except psycopg.Error as error:
        raise DatabaseError(
            f"PostgreSQL refused the load: {_clean(error)}. The transaction was rolled back, the archive's files are "
            "complete; `apod doctor` looks at the tables, `apod recover database` makes them again."
        ) from error


def _readable(conninfo: str) -> None:
    from psycopg import ProgrammingError
    from psycopg import conninfo as parser

    try:
        parts = parser.conninfo_to_dict(conninfo)
    except ProgrammingError:
        parts = {"host": "@"}
    # An @ in a password that is not written as %40 ends up in the host's name.
    if "@" in str(parts.get("host") or "") or not str(parts.get("port") or "0").replace(",", "").isdigit():
        # libpq quotes what it cannot read, and a password may stand in it: its words are not passed on.
        raise DatabaseError(
            "APOD_DATABASE_URL is no connection string that PostgreSQL can read. Nothing was loaded, the archive's "
            "files are complete; write it as postgresql://user@host:5432/database, with %25 for a percent sign "
            "(`apod doctor` tries it)."
        ) from None


def _clean(error: Exception) -> str:
    """Its words, without any connection string: libpq quotes what it cannot read, whatever stands in it."""
    text = " ".join(str(error).split())
    text = re.sub(r"(?i)(password\s*=\s*)('(?:[^'\\\\]|\\\\.)*'|\S+)", r"\1***", text)
    text = re.sub(r"(\w+://)\S*@", r"\1***@", text)
    return re.sub(r'"[^"]*(=|://)[^"]*"', '"***"', text)


def _holds_secret(error: Exception) -> bool:
    return _clean(error) != " ".join(str(error).split())
