"""Statements asked of one archive's tables: a pool of connections, and which version the tables show.

Takes a door to the database, gives rows. Never writes: the sessions are read-only, each statement has a time limit.
A database that is away is told as `DatabaseUnavailable`, and found again by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString

from psycopg import AsyncConnection, Error, OperationalError
from psycopg.conninfo import make_conninfo
from psycopg.errors import InsufficientPrivilege, InvalidSchemaName, UndefinedColumn, UndefinedFunction, UndefinedTable
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Composed, Identifier
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from apod_pipeline.errors import DatabaseUnavailable
from apod_pipeline.extras.mirror.reader_role import Door
from apod_pipeline.extras.mirror.sessions import Sessions

Row = Mapping[str, Any]
Pool = AsyncConnectionPool[AsyncConnection[DictRow]]
Statement = LiteralString | Composed

WAIT_SECONDS = 3
AWAY = "the database does not answer; the next request tries again"


@dataclass(eq=False, repr=False)
class Reads:
    """What can be asked of any archive's tables, between `open` and `close`.

    Attributes:
        name: the prefix of the tables.
    """

    name: str = "apod"
    _pool: Pool | None = None
    _sessions: Sessions = field(default_factory=Sessions)

    async def open(self, door: Door, most: int) -> None:
        """Begin to connect; a server that is away is waited for beside, and asked again at every request."""
        self._sessions = Sessions(door, self.name)
        self._pool = AsyncConnectionPool(
            make_conninfo(door.conninfo, fallback_application_name="apod serve"),
            min_size=1,
            max_size=most,
            open=False,
            timeout=WAIT_SECONDS,
            kwargs={"autocommit": True, "row_factory": dict_row},
            configure=self._sessions.begin,
            connection_class=AsyncConnection[DictRow],
        )
        await self._pool.open()

    async def close(self) -> None:
        """Let go of all connections."""
        if self._pool:
            await self._pool.close()

    async def version(self) -> tuple[dt.datetime, int] | None:
        """Instant and number of lines of the version that the tables show; None while they are empty."""
        row = await self.one(SQL("SELECT version_at, lines FROM {}").format(Identifier(f"{self.name}_state")))
        return (row["version_at"], row["lines"]) if row else None

    async def rows(self, query: Statement, **values: object) -> list[Row]:
        """What a statement of this room's, or of a page's, finds.

        Raises:
            DatabaseUnavailable: also the second time, with connections that were looked at.
        """
        try:
            return await self._found(query, values)
        except _Cut:
            await self._open_pool.check()  # a server that was started anew knows none of the old connections
            return await self._found(query, values)

    async def one(self, query: Statement, **values: object) -> Row | None:
        """The first of them; None where there is none."""
        rows = await self.rows(query, **values)
        return rows[0] if rows else None

    @property
    def _open_pool(self) -> Pool:
        if self._pool is None:
            raise DatabaseUnavailable("the mirror has not started, or has stopped")
        return self._pool

    async def _found(self, query: Statement, values: Row) -> list[Row]:
        try:
            async with self._open_pool.connection() as connection:
                try:
                    async with self._sessions.reading(connection):
                        return list(await (await connection.execute(query, values)).fetchall())
                except OperationalError as error:
                    raise (_Cut if connection.broken else DatabaseUnavailable)(AWAY) from error
                except Error as error:
                    raise DatabaseUnavailable(_why(error)) from error
        except PoolTimeout as error:
            raise DatabaseUnavailable(AWAY) from error


def _why(error: Error) -> str:
    """What a statement of ours, which is right, failed by: the tables it was asked of."""
    if isinstance(error, InsufficientPrivilege):
        return f"the mirror's role may not read the tables ({_told(error)}): docs/serve.md has the GRANTs"
    if isinstance(error, UndefinedTable | UndefinedColumn | UndefinedFunction | InvalidSchemaName):
        return f"the tables are missing, or from another release ({_told(error)}): type `apod migrate`"
    return f"the database refuses to answer ({_told(error)})"


def _told(error: Error) -> str:
    return error.diag.message_primary or type(error).__name__


class _Cut(DatabaseUnavailable):
    """The connection ended in the middle: another one may answer."""
