"""The SELECTs: one entry, a range as it is read, some at random, and which version the tables show.

Takes a pool of connections, gives rows. Never writes: the sessions are read-only, and every statement has a time limit.
A database that is away is told as `DatabaseUnavailable`, and found again by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from apod_pipeline.errors import DatabaseUnavailable

Row = Mapping[str, Any]
Pool = AsyncConnectionPool[AsyncConnection[DictRow]]

SELECT: LiteralString = (
    "SELECT date, title, explanation, media_type, url, hdurl, thumbnail_url, copyright FROM apod_entry"
)
STATEMENT_SECONDS, WAIT_SECONDS = 10, 3
SESSION = f"-c TimeZone=UTC -c default_transaction_read_only=on -c statement_timeout={STATEMENT_SECONDS}s"
PIECE = 500  # rows that are fetched at one time


def pool_of(conninfo: str, most: int) -> Pool:
    """Connections that only read; opened by the caller, and opened again when the server was away."""
    return AsyncConnectionPool(
        conninfo,
        min_size=1,
        max_size=most,
        open=False,
        timeout=WAIT_SECONDS,
        check=AsyncConnectionPool.check_connection,
        kwargs={"autocommit": True, "row_factory": dict_row, "options": SESSION, "application_name": "apod serve"},
        connection_class=AsyncConnection[DictRow],
    )


@dataclass(frozen=True)
class Reading:
    """What can be asked of the tables."""

    pool: Pool

    async def version(self) -> tuple[dt.datetime, int] | None:
        """Instant and number of lines of the version that the tables show; None while they are empty."""
        row = await self._one("SELECT version_at, lines FROM apod_state")
        return (row["version_at"], row["lines"]) if row else None

    async def newest(self) -> Row | None:
        """The newest entry."""
        return await self._one(f"{SELECT} ORDER BY date DESC LIMIT 1")

    async def day(self, day: dt.date) -> Row | None:
        """One day's entry."""
        return await self._one(f"{SELECT} WHERE date = %s", str(day))

    async def at_random(self, count: int) -> list[Row]:
        """So many different entries, in any order."""
        async with self._connection() as connection:
            found = await connection.execute(f"{SELECT} ORDER BY random() LIMIT %s", [count])
            return list(await found.fetchall())

    async def span(self, first: dt.date, last: dt.date) -> AsyncIterator[list[Row]]:
        """The entries of some days in pieces, in the order of the days."""
        after = str(first - dt.timedelta(days=1))
        while True:
            async with self._connection() as connection:
                query: LiteralString = f"{SELECT} WHERE date > %s AND date <= %s ORDER BY date LIMIT {PIECE}"
                rows = await (await connection.execute(query, [after, str(last)])).fetchall()
            if rows:
                yield list(rows)
            if len(rows) < PIECE:
                return
            after = rows[-1]["date"]

    async def _one(self, query: LiteralString, *values: str) -> Row | None:
        async with self._connection() as connection:
            return await (await connection.execute(query, values)).fetchone()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection[DictRow]]:
        try:
            async with self.pool.connection() as connection:
                yield connection
        except (OperationalError, PoolTimeout) as error:
            raise DatabaseUnavailable("the database does not answer; it is asked again at the next request") from error
