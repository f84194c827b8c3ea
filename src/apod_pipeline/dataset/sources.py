"""What is asked of a service, and what a service must be able to do to be asked.

Takes days and bodies, gives requests and items; holds a Protocol only, never an implementation.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from apod_pipeline.dataset.readings import Record
from apod_pipeline.dataset.spans import Span

NARROW = 25  # days: the new service's page, and a range that the old one answers within its own time limit


class Request(NamedTuple):
    """One question to a service.

    Attributes:
        address: the whole address, without the key.
        asked: the days it asks for.
        form: `list`, `day` or `feed`.
        headers: header fields that may hold a secret; never logged, never kept.
        alone: whether its service wants one question at a time, from all programs of one owner together.
    """

    address: str
    asked: Span
    form: str
    headers: Mapping[str, str] = MappingProxyType({})
    alone: bool = False

    def __repr__(self) -> str:
        return f"Request({self.address!r}, {self.asked}, {self.form!r})"

    @property
    def divisible(self) -> bool:
        """Whether less could be asked for: a list of more than one day."""
        return self.form == "list" and len(self.asked) > 1

    @property
    def wide(self) -> bool:
        """Whether so much is asked for that this alone may be why nothing comes."""
        return self.form == "list" and len(self.asked) > NARROW


class Source(Protocol):
    """A service that can be asked for days. Implementations are mostly data."""

    @property
    def name(self) -> str:
        """`science`, `planetary` or `file`."""

    @property
    def page_days(self) -> int:
        """How many days one list may be asked for."""

    def list_request(self, span: Span) -> Request:
        """The question for all days of a span."""

    def day_request(self, day: dt.date) -> Request:
        """The question for one day."""

    def feed_request(self, span: Span) -> Request | None:
        """The question for the service's feed, the last resort; None where it has none."""

    def items(self, body: Path, form: str) -> Iterator[tuple[str | None, Any]]:
        """Every item of a body with the day it says it is of (ISO, None where it says none).

        Raises:
            Unreadable: when the body is not what the service is known to send.
        """

    def settle(self, item: Any) -> Record:  # noqa: ANN401 - whatever the service's JSON held
        """One item without what changes from fetch to fetch."""

    def remark(self, body: Path) -> str | None:
        """What a user should know of a body that is accepted all the same; None where there is nothing."""

    def denies(self, status: int, body: Path) -> bool:
        """True when an answer means that there is no entry for the one day that was asked."""
