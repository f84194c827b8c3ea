"""How the mirror reaches the tables: as the role that can only read.

Takes settings and how the archive's loader reaches its database, gives a connection string, a role and a schema.
Never hands out more rights than it was given, and says so where a role of its own cannot be had.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from apod_pipeline.database.connection import connected
from apod_pipeline.database.reader import READER, READS_ALL
from apod_pipeline.database.schema import migrate
from apod_pipeline.database.searchable import make_searchable
from apod_pipeline.database.tables import Tables
from apod_pipeline.settings import Settings
from apod_pipeline.wiring import data_set_of

log = logging.getLogger(__name__)


class Door(NamedTuple):
    """Where to knock, as whom to read, and in which schema; None leaves that as it is."""

    conninfo: str
    role: str | None = None
    schema: str | None = None


def reading_door(settings: Settings, conninfo: str) -> Door:
    """The way in for a reader.

    Args:
        settings: of the archive; `APOD_READ_DATABASE_URL` is taken as it is.
        conninfo: the loader's own way in.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    from psycopg.conninfo import make_conninfo

    tables = Tables(data_set_of(settings))

    if settings.read_database_url and not settings.database:
        return Door(settings.read_database_url)
    with connected(conninfo) as connection:
        migrate(connection, tables)
        make_searchable(connection, tables)
        (schema,) = connection.execute("SELECT current_schema()").fetchone() or (None,)
        found = connection.execute(
            "SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = %s", [READER]
        ).fetchone()
        reads = found and connection.execute(tables.sql(READS_ALL), {"role": READER}).fetchone()
    if settings.read_database_url:
        return Door(settings.read_database_url, schema=schema)
    if settings.database is None and found:  # the archive's own server trusts who reaches its socket
        return Door(make_conninfo(conninfo, user=READER), schema=schema)
    if found and found[0] and reads and reads[0]:
        return Door(conninfo, READER, schema)
    log.warning(
        "the mirror reads with the loader's role, in read-only sessions: set APOD_READ_DATABASE_URL (docs/serve.md)"
    )
    return Door(conninfo, schema=schema)
