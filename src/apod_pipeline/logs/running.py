"""Which run goes on in this process: what a line of a log, or a span of a trace, says it is of.

Takes a run's name for as long as it goes on, and what else its lines shall tell; gives both to whoever asks, in any
thread. Holds nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_names: list[str] = []
_fields: dict[str, Mapping[str, str]] = {}


@contextmanager
def running(name: str, fields: Mapping[str, str] | None = None) -> Iterator[None]:
    """A run goes on; its lines have these fields besides."""
    runs_with(name, fields)
    try:
        yield
    finally:
        _names.remove(name)
        if name not in _names:
            _fields.pop(name, None)


def runs_with(name: str, fields: Mapping[str, str] | None = None) -> None:
    """All that this process does is a run's."""
    _names.append(name)
    if fields:
        _fields[name] = fields


def run_that_goes_on() -> str | None:
    """The name of the run; None while there is none."""
    return _names[-1] or None if _names else None


def fields_of_the_run() -> Mapping[str, str]:
    """What else a line tells of the run that goes on."""
    return _fields.get(run_that_goes_on() or "", {})
