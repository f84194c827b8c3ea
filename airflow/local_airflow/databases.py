"""Two databases on one PostgreSQL, each with a role of its own: Airflow's metadata, and what the pipeline loads.

Takes a superuser's URL, gives databases that only their own role may connect to, never touches one that belongs
to somebody else.

The embedded server listens on a socket in a folder that is its owner's alone, and there it trusts everybody who
gets at it: the roles keep the pipeline from Airflow's tables and Airflow from the pipeline's, the folder keeps
everybody else out. On a server of the user's own the passwords count as well.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from apod_pipeline.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg

SERVER_VARIABLE = "APOD_AIRFLOW_POSTGRES"


@dataclass(frozen=True)
class Database:
    """A database, the role it belongs to, and that role's password."""

    role: str
    name: str
    password: str = field(repr=False)

    def fields(self, server: str) -> dict[str, Any]:
        """How it is reached, in the words of an Airflow connection."""
        from psycopg.conninfo import conninfo_to_dict

        parts = conninfo_to_dict(server)
        host, port = str(parts.get("host") or "localhost"), int(parts.get("port") or 5432)
        return {"host": host, "port": port, "login": self.role, "password": self.password, "schema": self.name}

    def sqlalchemy_url(self, server: str) -> str:
        """How it is reached, in SQLAlchemy's words; holds the password."""
        found = self.fields(server)
        where = urlencode({"host": found["host"], "port": found["port"]})
        return f"postgresql+psycopg2://{self.role}:{quote(self.password)}@/{self.name}?{where}"


@contextmanager
def server(folder: Path, url: str | None) -> Iterator[str]:
    """A superuser's URL: of the server that `APOD_AIRFLOW_POSTGRES` names, else of one embedded in the folder."""
    if url:
        yield url
        return
    from apod_pipeline.embedded_postgres import EmbeddedPostgres

    with EmbeddedPostgres(folder).lease() as embedded:
        yield embedded


def separate(server: str, *databases: Database) -> None:
    """Make roles and databases where they are missing, and let nobody but its own role into each.

    Raises:
        DatabaseError: The server cannot be reached, or a database of that name belongs to somebody else.
    """
    import psycopg

    try:
        with psycopg.connect(server, autocommit=True) as connection:
            for database in databases:
                _make_role(connection, database)
                _make_database(connection, database)
    except psycopg.Error as error:
        # not chained: libpq quotes an address that it cannot read, with the password in it
        raise DatabaseError(
            f"PostgreSQL cannot be made ready for Airflow: {type(error).__name__} {error.sqlstate or ''}. What was "
            f"made stays; see that {SERVER_VARIABLE} is a superuser's URL (or unset it), then type the same again."
        ) from None


def _make_role(connection: psycopg.Connection[Any], database: Database) -> None:
    from psycopg import sql

    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [database.role]).fetchone() is not None
    # the hash, because a statement that fails stands in the server's log
    hashed = connection.pgconn.encrypt_password(database.password.encode(), database.role.encode(), b"scram-sha-256")
    words = "ALTER ROLE {} LOGIN PASSWORD {}" if known else "CREATE ROLE {} LOGIN PASSWORD {}"
    connection.execute(sql.SQL(words).format(sql.Identifier(database.role), sql.Literal(hashed.decode())))


def _make_database(connection: psycopg.Connection[Any], database: Database) -> None:
    from psycopg import sql

    name, role = sql.Identifier(database.name), sql.Identifier(database.role)
    owner = connection.execute(
        "SELECT pg_get_userbyid(datdba), pg_get_userbyid(datdba) IN (%s, current_user) "
        "FROM pg_database WHERE datname = %s",
        [database.role, database.name],
    ).fetchone()
    if owner is None:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, role))
    elif not owner[1]:
        raise DatabaseError(
            f"The database {database.name} belongs to {owner[0]}, not to {database.role}. It was left as it is; "
            f"rename it, or let {SERVER_VARIABLE} name another server."
        )
    connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, role))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
