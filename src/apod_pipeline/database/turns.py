"""One stateless run at a time on one database: they share no folder whose lock could keep them apart.

Takes a libpq connection string, gives a span of time in which no other stateless run is at that database. PostgreSQL
lets go of it when the connection ends, however it ends. Never keeps out anybody else: a load has a lock of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from apod_pipeline.database.connection import connected
from apod_pipeline.database.pooler import refuse_pooler
from apod_pipeline.database.tables import Tables
from apod_pipeline.errors import ArchiveBusy

# When the machine of a run is gone without a word, the server notices after two minutes, not after two hours.
NOTICE = {"tcp_keepalives_idle": 60, "tcp_keepalives_interval": 20, "tcp_keepalives_count": 3}


@contextmanager
def turn(conninfo: str, tables: Tables, patience: float) -> Iterator[None]:
    """Wait until no other stateless run is at the database, and keep others waiting until the end.

    Args:
        conninfo: how to reach the server.
        tables: whose runs take turns.
        patience: how many seconds to wait.

    Raises:
        ArchiveBusy: another one goes on for longer.
        SettingsError: the address leads to a connection pooler, which would lend the lock's session to others.
        DatabaseError: the server cannot be reached.
    """
    from psycopg.errors import LockNotAvailable

    with connected(conninfo) as connection:
        refuse_pooler(connection, "apod run --stateless")
        connection.commit()
        connection.autocommit = True  # no transaction stays open meanwhile
        settings = {**NOTICE, "idle_session_timeout": 0, "lock_timeout": f"{max(1, round(patience * 1000))}ms"}
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", [name, str(value)])
        try:
            connection.execute("SELECT pg_advisory_lock(%s)", [tables.lock + 1])
        except LockNotAvailable:
            raise ArchiveBusy(
                f"another stateless run has been using this database for {patience:.0f} seconds. Nothing was changed; "
                "wait for it to end, then type the same command again."
            ) from None
        yield
