"""Locks that the kernel drops when their holder dies, and that a forked child does not keep.

Takes a descriptor, gives shared or exclusive `flock`s; never waits for one.

A `flock` belongs to the open file, which a fork shares: a child that lives on would hold its parent's place.
So every lock open here is closed in forked children, before they run any code of their own. A program that is
started gets it only when it is handed the descriptor on purpose.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class Lock:
    """A lock file, open until closed; not locked yet.

    Args:
        descriptor: Of the open file; the lock closes it.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor: int | None = descriptor
        _open.add(self)

    def shared(self) -> bool:
        """Whether it could be taken beside other sharers, now."""
        return self._try(fcntl.LOCK_SH)

    def exclusive(self) -> bool:
        """Whether it could be taken alone, now; a lock held shared is given up by the attempt."""
        return self._try(fcntl.LOCK_EX)

    def unlock(self) -> None:
        """Let go, also for others who have the same open file."""
        if self.descriptor is not None:
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file; its lock is dropped with the last descriptor of it."""
        _open.discard(self)
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _try(self, operation: int) -> bool:
        if self.descriptor is None:
            return False
        try:
            fcntl.flock(self.descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


_open: set[Lock] = set()


def _close_in_child() -> None:
    for lock in list(_open):
        lock.close()


os.register_at_fork(after_in_child=_close_in_child)
