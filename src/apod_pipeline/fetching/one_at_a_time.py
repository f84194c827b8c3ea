"""A service's turn: where it wants one question at a time, all programs of one owner on this machine wait for one.

Takes a host, gives its turn for the time of a question. The turn is a lock on a file in a folder of the owner's own
under the system's temporary one; it ends with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOOK_AGAIN = 0.02  # seconds


@contextmanager
def turn(host: str, wait: Callable[[float], object]) -> Iterator[None]:
    """Hold a host's turn; others wait until it ends.

    Args:
        host: name and port.
        wait: waits for so many seconds; what it raises ends the waiting.
    """
    name = hashlib.sha256(host.encode()).hexdigest()[:16]
    with (_folder() / f"{name}.lock").open("ab") as file:
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            wait(LOOK_AGAIN)
        yield


def _folder() -> Path:
    """The owner's own folder; one that somebody else made under its name is not used: then nobody is waited for."""
    folder = Path(tempfile.gettempdir()) / f"apod-turns-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    ours = found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode)
    return folder if ours else Path(tempfile.mkdtemp(prefix="apod-turns-"))
