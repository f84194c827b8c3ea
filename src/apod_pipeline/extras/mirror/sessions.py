"""How the mirror's sessions begin: in UTC, only reading, with a time limit, in the schema that has the tables.

Takes a door and connections through it. A session of our own is told once; through a connection pooler, which lends
another one for each transaction, each transaction is told, and nothing is left prepared in a session that others get.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow

from apod_pipeline.database.pooler import OWN_NUMBER
from apod_pipeline.extras.mirror.reader_role import Door

Connection = AsyncConnection[DictRow]
STATEMENT_SECONDS = 10
# Who only has a reader's address is not told of a schema: it is where the tables are, if that is one place only. As it
# is where they are found without a word, so that nothing is changed there.
WHERE = """
SELECT quote_ident(min(nspname)) AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relname = %s || '_state' AND relkind = 'r' AND has_schema_privilege(n.oid, 'USAGE')
HAVING count(*) = 1 AND NOT bool_or(pg_table_is_visible(c.oid))
"""


@dataclass(eq=False, repr=False)
class Sessions:
    """What begins the sessions through one door, to the tables of one prefix."""

    door: Door | None = None
    name: str = "apod"

    async def begin(self, connection: Connection) -> None:
        """Tell a new session, in autocommit, how it begins; or take note that it is a pooler's."""
        row = await (await connection.execute(OWN_NUMBER)).fetchone()
        if row and row["number"] != connection.info.backend_pid:
            connection.prepare_threshold = None
        else:
            await self._tell(connection, default_transaction_read_only="on")

    @asynccontextmanager
    async def reading(self, connection: Connection) -> AsyncIterator[None]:
        """A block in which one statement is asked."""
        if connection.prepare_threshold is not None:
            yield
            return
        async with connection.transaction():
            await self._tell(connection, local=True, transaction_read_only="on")
            yield

    async def _tell(self, connection: Connection, *, local: bool = False, **settings: str) -> None:
        settings |= {"TimeZone": "UTC", "statement_timeout": f"{STATEMENT_SECONDS}s"}
        if path := await self._path(connection):
            settings["search_path"] = path
        if self.door and self.door.role:
            settings["role"] = self.door.role
        told: list[Any] = [part for name, value in settings.items() for part in (name, value, local)]
        calls = ", ".join(["set_config(%s, %s, %s)"] * len(settings))
        await connection.execute(f"SELECT {calls}".encode(), told)

    async def _path(self, connection: Connection) -> str | None:
        if self.door and self.door.schema:
            return '"' + self.door.schema.replace('"', '""') + '"'
        row = await (await connection.execute(WHERE, [self.name])).fetchone()
        return str(row["schema"]) if row else None
