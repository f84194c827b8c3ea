"""The one process that keeps a folder's server: starts it, waits until no client is left, stops it, goes.

Takes a cluster's arguments, with a descriptor of the held `server.lock` among them, answers on standard
output with `ready` or why not, and never outlives its server, nor its server it: PostgreSQL is its child,
which asks the kernel for a signal when its parent dies.

A client starts it without site packages, so it imports the standard library and its own room only.
"""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from apod_pipeline.embedded_postgres.cluster import READY, Cluster, stop
from apod_pipeline.embedded_postgres.socket_directory import sweep
from apod_pipeline.errors import ApodError

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from apod_pipeline.embedded_postgres.folder import ServerFolder

_LOG_BYTES = 1_000_000


def main(arguments: list[str]) -> None:
    """Keep the server that the arguments describe, in a process of its own."""
    if os.fork():
        os._exit(0)
    os.umask(0o077)
    cluster = Cluster.parse(arguments)
    try:
        postgres, socket = cluster.start()
    except ApodError as error:
        _answer(str(error))
    except OSError as error:
        _answer(cluster.failure(str(error)))
    else:
        _serve(cluster, postgres, socket)


def _serve(cluster: Cluster, postgres: subprocess.Popen[bytes], socket: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_: postgres.send_signal(signal.SIGINT))
    log = threading.Thread(target=_write_log, args=(cluster.folder, postgres), daemon=True)
    log.start()
    try:
        hindrance = cluster.await_ready(postgres)
        if hindrance is None:
            cluster.folder.write_state(socket)
            _answer(READY)
            threading.Thread(target=_stop_after_last_client, args=(cluster.folder, postgres), daemon=True).start()
            postgres.wait()
    finally:
        stop(postgres)
        cluster.folder.state.unlink(missing_ok=True)
        sweep(socket)
        log.join(timeout=1)
    if hindrance is not None:
        _answer(cluster.failure(hindrance))


def _stop_after_last_client(folder: ServerFolder, postgres: subprocess.Popen[bytes]) -> None:
    clients = folder.open(folder.clients_lock, os.O_RDWR)
    fcntl.flock(clients, fcntl.LOCK_EX)
    # the lock is kept to the end of this process: a client that comes now waits, then starts the next server
    stop(postgres)


def _write_log(folder: ServerFolder, postgres: subprocess.Popen[bytes]) -> None:
    """Pass the server's messages on to the log, and begin a new file when it is full."""
    if postgres.stderr is None:
        return
    for line in postgres.stderr:
        # a server whose messages nobody takes would wait for ever, so a full disk costs messages only
        with suppress(OSError), os.fdopen(folder.open(folder.log, os.O_WRONLY | os.O_APPEND), "wb") as log:
            log.write(line)
            if log.tell() > _LOG_BYTES:
                folder.log.replace(folder.log.with_suffix(".log.1"))


def _answer(text: str) -> None:
    """Tell the client that waits, if it still does, and let go of the pipe."""
    with suppress(OSError):
        os.write(1, text.encode(errors="replace"))
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)
