"""What lies where in the server's folder, and the two locks that say who is there.

Takes the folder, gives its paths, private files and locks, never starts or signals a process.

| name | what |
|---|---|
| `data/` | PostgreSQL's own data directory |
| `socket/` | the Unix socket while the server runs (elsewhere when that path would be too long) |
| `clients.lock` | held shared by every client, exclusively by a keeper that stops the server |
| `server.lock` | held by the keeper and, inherited, by every PostgreSQL process: free means that none lives |
| `server.json` | where the running server is reached |
| `postgres.log` | its messages, and `postgres.log.1` the ones before |

Locks are `flock`s: the kernel drops them when their holder dies, however it dies.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apod_pipeline.embedded_postgres.locks import Lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLL_SECONDS = 0.005


@dataclass(frozen=True)
class ServerFolder:
    """The folder of one embedded server, `<archive>/.apod/postgres`."""

    path: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.path / "data"

    @property
    def socket(self) -> Path:
        """The socket's directory, when its path is short enough."""
        return self.path / "socket"

    @property
    def log(self) -> Path:
        """The server's messages."""
        return self.path / "postgres.log"

    @property
    def clients_lock(self) -> Path:
        """Shared by clients, exclusive to a keeper that stops."""
        return self.path / "clients.lock"

    @property
    def server_lock(self) -> Path:
        """Held while a keeper or any process of the server lives."""
        return self.path / "server.lock"

    @property
    def state(self) -> Path:
        """Where the running server is reached."""
        return self.path / "server.json"

    def make(self) -> None:
        """Make the folder, closed to everybody else, where there is none."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def major(self) -> int | None:
        """The PostgreSQL version that made the data directory; None where there is none yet."""
        try:
            return int((self.data / "PG_VERSION").read_text(encoding="ascii"))
        except FileNotFoundError:
            return None

    def open(self, file: Path, flags: int) -> int:
        """A private file of the folder; it belongs to the folder's owner even when root makes it."""
        descriptor = os.open(file, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)
        owner = self.path.stat()
        if os.geteuid() == 0 and os.fstat(descriptor).st_uid != owner.st_uid:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        return descriptor

    def lock(self, file: Path) -> Lock:
        """One of the folder's two locks, open but not taken."""
        return Lock(self.open(file, os.O_RDWR))

    def write_state(self, socket: Path) -> None:
        """Tell clients where the server accepts; the old state is replaced in one step."""
        inside = socket.parent == self.path
        fresh = self.state.with_suffix(".new")
        with os.fdopen(self.open(fresh, os.O_WRONLY | os.O_TRUNC), "w", encoding="utf-8") as file:
            json.dump({"folder": self._identity(), "socket": socket.name if inside else str(socket)}, file)
        fresh.replace(self.state)

    def read_state(self) -> Path | None:
        """The socket's directory as the last keeper told it; None when it told none, or of another folder.

        A folder copied while its server ran brings the state along, which still points at the original.
        """
        try:
            state = json.loads(self.state.read_text(encoding="utf-8"))
            return self.path / state["socket"] if state["folder"] == self._identity() else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def last_messages(self, lines: int = 12) -> str:
        """The end of the log, for an error's message."""
        with suppress(OSError):
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        return ""

    def _identity(self) -> list[int]:
        status = self.path.stat()
        return [status.st_dev, status.st_ino]


def ticks(deadline: float) -> Iterator[None]:
    """Look again every few milliseconds, at least once, until a deadline of `time.monotonic` has passed."""
    yield
    while time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        yield
