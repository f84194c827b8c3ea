"""The searched words of entries that are still to be loaded, made by the server while we do something else.

Takes rows as soon as it is known that they will be entries, gives a connection in whose transaction their words lie
ready, by their texts. Only a help: where anything is wrong with it, the load makes the words itself. Begins with the
first large batch, so that a day costs nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import orjson

from apod_pipeline.database.connection import connected
from apod_pipeline.database.searchable import AHEAD, Wording, is_searchable
from apod_pipeline.database.tables import Tables
from apod_pipeline.errors import DatabaseError

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection

WORTH_IT = 1000  # rows at one time


@dataclass(eq=False, repr=False)
class WordsAhead:
    """What one load finds ready.

    Attributes:
        conninfo: how to reach the server (libpq).
        tables: whose words.
    """

    conninfo: str
    tables: Tables
    _batches: SimpleQueue[bytes | None] = field(default_factory=SimpleQueue)
    _thread: threading.Thread | None = None
    _open: ExitStack = field(default_factory=ExitStack)
    _connection: Connection | None = None

    def take(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Begin to make the words of rows that will most likely be loaded; returns at once."""
        if (search := self.tables.dataset.search) is None:
            return
        if self._thread is None and len(rows) >= WORTH_IT:
            self._batches = SimpleQueue()
            self._thread = threading.Thread(target=self._work, name="words-ahead")
            self._thread.start()
        if self._thread is not None and self._thread.is_alive():
            fields = Wording(search).fields
            self._batches.put(orjson.dumps([{name: row[name] for name in fields} for row in rows]))

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """The connection that has them, or a new one where there are none; its transaction ends with the block.

        Raises:
            DatabaseError: as `connected`.
        """
        self._wait()
        if self._connection is None:
            with connected(self.conninfo) as connection:
                yield connection
            return
        connection, self._connection = self._connection, None
        with self._open.pop_all():
            yield connection

    def close(self) -> None:
        """Let go of what no load has taken."""
        self._wait()
        if self._connection is not None:
            self._connection.rollback()
            self._connection = None
        self._open.close()

    def _wait(self) -> None:
        if self._thread is not None:
            self._batches.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        with suppress(DatabaseError), ExitStack() as held:  # the load meets it again, and says so
            connection = held.enter_context(connected(self.conninfo))
            search = self.tables.dataset.search
            if search is None or not is_searchable(connection, self.tables):
                return
            connection.execute(self.tables.sql(AHEAD))
            foresee = self.tables.sql(Wording(search).foresee())
            while (batch := self._batches.get()) is not None:
                connection.execute(foresee, [batch])
            self._connection, self._open = connection, held.pop_all()
