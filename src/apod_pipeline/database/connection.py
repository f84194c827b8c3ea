"""One way to reach PostgreSQL: one transaction in UTC and in one schema, and errors in the family's words.

Takes a libpq connection string, gives psycopg connections. Whatever the string or the environment says of a session
(`options`, `application_name`, `connect_timeout`) stays as it is said: ours is set by the transaction itself, which
also works behind a connection pooler. Never shows a password, never opens one at import.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from apod_pipeline.errors import DatabaseError, DatabaseUnavailable

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

CONNECT_SECONDS = 15
OLDEST = 15  # of PostgreSQL's versions: older ones get no fixes any more, and are not tried; docs/postgres.md says so
# The tables are where this role's new tables go, also where another schema on its path has some of the same names.
BEGIN = (
    "SELECT current_schema(), set_config('TimeZone', 'UTC', true),"
    " set_config('search_path', quote_ident(current_schema()), true)"
)


@contextmanager
def connected(conninfo: str, *, still: bool = False) -> Iterator[Connection]:
    """A connection whose transaction is committed at the end and rolled back on any error.

    Args:
        conninfo: how to reach the server (libpq).
        still: see one instant of the database throughout, and write nothing.

    Raises:
        DatabaseError: when the server cannot be reached, is too old, or refuses what is asked of it.
    """
    import psycopg

    _readable(conninfo)
    try:
        # A statement is rarely repeated here, and one that was prepared would stay behind in a pooler's session.
        with psycopg.connect(conninfo, prepare_threshold=None, **_unsaid(conninfo)) as connection:
            _new_enough(connection)
            if still:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True
            _begin(connection)
            yield connection
    except psycopg.OperationalError as error:
        raise _unreached(error) from None if _holds_secret(error) else error
    except psycopg.Error as error:
        raise DatabaseError(
            f"PostgreSQL refused the load: {_clean(error)}. The transaction was rolled back, the archive's files are "
            "complete; `apod doctor` checks the tables, `apod recover database` rebuilds them."
        ) from error


def _new_enough(connection: Connection) -> None:
    if connection.info.server_version // 10000 >= OLDEST:
        return
    version = (connection.info.parameter_status("server_version") or "older").partition(" ")[0]
    raise DatabaseError(
        f"the server is PostgreSQL {version}, and {OLDEST} is the oldest that is supported. Nothing was loaded, the "
        "archive's files are complete; upgrade the server, or type `unset APOD_DATABASE_URL POSTGRES_HOST` for the "
        "archive's own PostgreSQL."
    )


def _unsaid(conninfo: str) -> dict[str, Any]:
    """What a connection is opened with where neither the address nor the environment says it."""
    from psycopg.conninfo import conninfo_to_dict

    patience = {} if "PGCONNECT_TIMEOUT" in os.environ else {"connect_timeout": CONNECT_SECONDS}
    return {
        name: value
        for name, value in {"fallback_application_name": "apod", **patience}.items()
        if name not in conninfo_to_dict(conninfo)
    }


def _begin(connection: Connection) -> None:
    (schema, *_) = connection.execute(BEGIN).fetchone() or (None,)
    if schema is None:
        path = (connection.execute("SHOW search_path").fetchone() or ("",))[0]
        raise DatabaseError(
            f"no schema of the search_path ({path}) exists for this role, so there is no place for the tables. Nothing "
            "was loaded, the archive's files are complete; create one in that database (CREATE SCHEMA ...), or name "
            "another in APOD_DATABASE_URL (?options=-csearch_path%3Dpublic)."
        )


def _unreached(error: Exception) -> DatabaseError:
    told = f"PostgreSQL: {_clean(error)}. The archive's files are complete and nothing of this run was loaded; "
    if "unsupported startup parameter" in str(error):  # PgBouncer's words
        return DatabaseError(
            f"{told}a connection pooler takes no options: leave `options` out of APOD_DATABASE_URL and PGOPTIONS and "
            "set them for the role (ALTER ROLE ... SET search_path = ...), then type the same command again."
        )
    return DatabaseUnavailable(
        f"{told}start the server or correct APOD_DATABASE_URL (`apod doctor` shows it), then type the same command "
        "again."
    )


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
            "APOD_DATABASE_URL is not a connection string that PostgreSQL can read. Nothing was loaded, the archive's "
            "files are complete; write it as postgresql://user@host:5432/database, with %25 for a percent sign (`apod "
            "doctor` tries it)."
        ) from None


def _clean(error: Exception) -> str:
    """Its words, without any connection string: libpq quotes what it cannot read, whatever stands in it."""
    text = " ".join(str(error).split())
    text = re.sub(r"(?i)(password\s*=\s*)('(?:[^'\\\\]|\\\\.)*'|\S+)", r"\1***", text)
    text = re.sub(r"(\w+://)\S*@", r"\1***@", text)
    return re.sub(r'"[^"]*(=|://)[^"]*"', '"***"', text)


def _holds_secret(error: Exception) -> bool:
    return _clean(error) != " ".join(str(error).split())
