"""Waiting for what comes by itself, and not for luck."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(what: Callable[[], object], seconds: float = 20.0) -> None:
    """Look again until it is so; fails where it does not come to that in time."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.02)
