"""Events go to the transport that OpenLineage's variables or its file name, and not for long.

Takes events, gives them away. Never raises, and never says a secret: what goes wrong is one line of the log.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import RunEvent

PATIENCE = 3.0  # seconds; what goes on then ends with the process
LIBRARIES = ("openlineage.client", "urllib3.connectionpool")
CONSOLE = "openlineage.client.transport.console"  # what it is told, it logs

log = logging.getLogger(__name__)


def tell(make: Callable[[], RunEvent]) -> None:
    """Make an event, and give it to whoever is to be told."""
    why: list[str] = []
    teller = threading.Thread(target=_emit, args=[make(), why], name="lineage", daemon=True)
    teller.start()
    teller.join(PATIENCE)
    if teller.is_alive():
        log.error("OpenLineage's transport did not take an event within %d seconds", PATIENCE)
    for reason in why:
        log.error("OpenLineage's transport did not take an event (%s)", reason)


def _emit(event: RunEvent, why: list[str]) -> None:
    with _quiet(threading.get_ident()):
        try:
            client = OpenLineageClient()
            client.emit(event)
            client.close(PATIENCE)
        except Exception as error:  # noqa: BLE001 - a dozen transports, each with errors of its own, addresses in them
            why.append(type(error).__name__)


@contextmanager
def _quiet(thread: int) -> Iterator[None]:
    """The libraries say nothing meanwhile: they log what they send, where to, and each try."""

    def elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != thread or not record.name.startswith(LIBRARIES) or record.name == CONSOLE

    handlers = [one for one in (*logging.getLogger().handlers, logging.lastResort) if one]
    for handler in handlers:
        handler.addFilter(elsewhere)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(elsewhere)
