"""The trace and the span that a run has, by its name alone.

Takes names, gives numbers. Pure: every process that works on a run comes to the same ones, and asks nobody.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import NamedTuple


class Identity(NamedTuple):
    """Numbers of a run.

    Attributes:
        trace: the trace's, of 128 bits.
        span: that of the span of the whole run, of 64 bits.
    """

    trace: int
    span: int

    @property
    def fields(self) -> Mapping[str, str]:
        """As a line of a log tells them."""
        return {"trace_id": f"{self.trace:032x}", "span_id": f"{self.span:016x}"}


class Ended(NamedTuple):
    """When a run ended, and what ended it, kind and words; nothing where it came to its end."""

    at: dt.datetime
    error: str = ""


def identity(service: str, dataset: str, run: str) -> Identity:
    """The numbers of a run.

    Args:
        service: what tells it from a run of the same name elsewhere: OTEL_SERVICE_NAME.
        dataset: the data set's name.
        run: the run's.
    """
    digest = hashlib.sha256(f"{service}\n{dataset}\n{run}".encode()).digest()
    return Identity(int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1)
