"""uvicorn's HTTP, with an end to its patience: whoever connects has ten seconds to say the whole of what he wants.

Takes bytes of a connection, closes it when no request is complete in time. Never hurries an answer, however slowly it
is read. uvicorn has a time limit between requests only.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Impatient(HttpToolsProtocol):
    """A connection that is closed unless a request begins, and is complete, in time.

    Attributes:
        seconds: how long that is.
    """

    seconds = 10.0
    _deadline: asyncio.TimerHandle | None = None
    _is_complete = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Wait on, from the first byte of a request to its last."""
        self._is_complete = False
        super().data_received(data)
        if self._is_complete:
            self._rest()
        elif self._deadline is None:
            self._wait()

    def on_message_complete(self) -> None:
        """All of it is here."""
        self._is_complete = True
        super().on_message_complete()

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(self.seconds, self._give_up)

    def _rest(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
