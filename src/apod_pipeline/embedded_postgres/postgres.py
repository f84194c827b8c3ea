"""The client's side: leases on the folder's server.

Takes the server's folder, gives a libpq URL that works for as long as the lease is held, never talks to the
database itself. A lease on a running server costs a few milliseconds and no new process.

A client that is killed loses its place with its last descriptor. A fork has no place: it takes a lease of its
own, and does not keep its parent's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from apod_pipeline.embedded_postgres.binaries import find_binaries
from apod_pipeline.embedded_postgres.cluster import READY, START_SECONDS, Cluster
from apod_pipeline.embedded_postgres.folder import ServerFolder, ticks
from apod_pipeline.embedded_postgres.socket_directory import DATABASE, PORT, ROLE
from apod_pipeline.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apod_pipeline.embedded_postgres.locks import Lock

_PATIENCE_SECONDS = START_SECONDS + 5
_STOP_SECONDS = 30.0
_SOURCES = Path(__file__).parents[2]
_KEEPER_CODE = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from apod_pipeline.embedded_postgres.keeper import main; main(sys.argv[2:])"
)
"""Not `-m` and PYTHONPATH, which would look for the standard library among site packages first."""
_INHERITED_VARIABLES = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONHOME")
"""A process that stays behind needs no key or password of its starter's."""


class EmbeddedPostgres:
    """A PostgreSQL server in a folder of its own, shared by all who ask for it.

    Args:
        folder: The server's folder, `<archive>/.apod/postgres`; made when it is not there.
        binaries: A folder with `postgres` and `initdb`; None takes those of the wheel, else of the machine.
        fsync: False for data that is thrown away anyhow.
    """

    def __init__(self, folder: Path, *, binaries: Path | None = None, fsync: bool = True) -> None:
        self._folder = ServerFolder(folder.resolve())
        self._places = None if binaries is None else [binaries]
        self._fsync = fsync

    @contextmanager
    def lease(self) -> Iterator[str]:
        """The running server's URL for the length of the block.

        Raises:
            DatabaseError: It could not be started; the message says why and what to do.
        """
        lease = self.acquire()
        try:
            yield lease.conninfo
        finally:
            lease.release()

    def acquire(self) -> Lease:
        """A lease to be released by hand, for a process that lives long.

        Raises:
            DatabaseError: As for `lease`.
        """
        with self._explained():
            self._folder.make()
            place = self._folder.lock(self._folder.clients_lock)
        try:
            self._enter(place)
            return Lease(self, place, self.conninfo())
        except BaseException:
            place.close()
            raise

    def conninfo(self) -> str:
        """Where the server accepts, after starting it when nobody has; for somebody who holds a lease.

        Raises:
            DatabaseError: As for `lease`.
        """
        with self._explained():
            for _ in ticks(time.monotonic() + _PATIENCE_SECONDS):
                socket = self._folder.read_state()
                if socket is not None and _accepts(url := _url(socket)):
                    return url
                with self._folder.lock(self._folder.server_lock) as lock:
                    if lock.exclusive():
                        self._start_keeper(lock)
        raise DatabaseError(self._stuck("does not answer"))

    def await_stop(self) -> None:
        """Wait until the server has stopped, its folder is gone, or somebody else turns out to be using it."""
        with suppress(FileNotFoundError):
            for _ in ticks(time.monotonic() + _STOP_SECONDS):
                if self.is_stopped() or self._has_clients():
                    return

    def is_stopped(self) -> bool:
        """True when no server is at work in the folder."""
        with self._folder.lock(self._folder.server_lock) as server:
            return server.exclusive()

    def _has_clients(self) -> bool:
        with self._folder.lock(self._folder.clients_lock) as clients:
            # a keeper that stops the server refuses both; other clients refuse the first alone
            return not clients.exclusive() and clients.shared()

    def _enter(self, place: Lock) -> None:
        for _ in ticks(time.monotonic() + _PATIENCE_SECONDS):
            if place.shared():
                return
        raise DatabaseError(self._stuck("is being stopped and does not end"))

    def _start_keeper(self, lock: Lock) -> None:
        """Start the keeper, hand the held lock down to it, and wait for its answer."""
        if lock.descriptor is None:
            return
        binaries = find_binaries(self._folder.path, self._folder.major(), self._places)
        cluster = Cluster(self._folder, binaries, lock.descriptor, self._fsync)
        log = self._folder.open(self._folder.log, os.O_WRONLY | os.O_APPEND)
        try:
            with _keeper(cluster, log) as keeper:
                answer, _ = keeper.communicate(timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            answer = self._stuck("is being started and does not answer")
        finally:
            os.close(log)
        if answer != READY:
            raise DatabaseError(answer or self._stuck("lost its keeper"))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = (
                f"The archive's own database in {self._folder.path} cannot be used: {error}. Nothing was "
                "changed. Run the same command as the folder's owner or with another archive, or set "
                "APOD_DATABASE_URL to a server of your own."
            )
            raise DatabaseError(message) from error

    def _stuck(self, what: str) -> str:
        return (
            f"The archive's PostgreSQL in {self._folder.path} {what}.\n"
            f"The last lines of {self._folder.log}:\n{self._folder.last_messages()}\n"
            "The archive's files are untouched. Look for processes with that folder in their arguments "
            "(`postgres`, or with `embedded_postgres.keeper`), end them and repeat the command."
        )


class Lease:
    """A client's place at the server: while it is held, nobody stops the server.

    Attributes:
        conninfo: The database's libpq URL.
    """

    def __init__(self, server: EmbeddedPostgres, place: Lock, conninfo: str) -> None:
        self.conninfo = conninfo
        self._server = server
        self._place = place

    def renew(self) -> str:
        """The database's URL after the server was lost: it is started again when nobody has yet.

        Raises:
            DatabaseError: It could not be started.
        """
        self.conninfo = self._server.conninfo()
        return self.conninfo

    def release(self, *, wait: bool = True) -> None:
        """Leave the server; the last to leave waits until it has stopped, unless told not to.

        Safe to call twice, and does nothing in a forked child, which has no place.
        """
        if self._place.descriptor is None:
            return
        self._place.unlock()
        self._place.close()
        if wait:
            self._server.await_stop()


def _keeper(cluster: Cluster, log: int) -> subprocess.Popen[str]:
    """A process that detaches itself at once, and keeps its output open until it has answered."""
    variables = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-s", "-S", "-P", "-c", _KEEPER_CODE, str(_SOURCES), *cluster.arguments()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        pass_fds=(cluster.lock,),
        start_new_session=True,
        cwd=cluster.folder.path,
        env=variables | {"LC_ALL": "C", "TZ": "UTC"},
        encoding="utf-8",
        errors="replace",
    )


def _url(socket: Path) -> str:
    host = quote(os.fsencode(socket), safe="")
    return f"postgresql://{ROLE}@/{DATABASE}?host={host}&port={PORT}"


def _accepts(url: str) -> bool:
    """Whether a server takes connections now (one that is full does). That somebody listens is not enough.

    A server that was killed may leave a child behind that holds its socket for a moment longer.
    """
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        return "too many clients" in str(error) or "connection slots" in str(error)
    return True
