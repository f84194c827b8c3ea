"""Which run goes on in this process: what a line of a log, or a span of a trace, says it is of.

Takes a run's name for as long as it goes on, gives it to whoever asks, in any thread. Holds nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_names: list[str] = []


@contextmanager
def running(name: str) -> Iterator[None]:
    """A run goes on."""
    _names.append(name)
    try:
        yield
    finally:
        _names.remove(name)


def runs_with(name: str) -> None:
    """All that this process does is a run's."""
    _names.append(name)


def run_that_goes_on() -> str | None:
    """The name of the run; None while there is none."""
    return _names[-1] or None if _names else None
