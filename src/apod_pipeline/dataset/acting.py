"""A data set's services acted out: what every test and demonstration can ask of whoever does it.

Takes nothing, gives a Protocol. Who adds a data set names its actor in the entry points of its distribution, in the
group `apod_pipeline.simulators` (`dataset.installed.simulation`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from apod_pipeline.dataset.spans import Span


class Simulation(AbstractContextManager["Simulation"], Protocol):
    """The services of a data set over real HTTP on loopback, from `with` to its end.

    What they tell is deterministic, and differs in nothing but by what is done to it here.
    """

    @property
    def span(self) -> Span:
        """Days of which they tell something; the last one is the newest that is due."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The data set's own settings that lead to them, by name; and `today`, the newest day that is due."""

    def edit(self, day: dt.date) -> None:
        """Let what they tell of one entry of a day be another text or number from now on."""

    def lie(self, *, on: bool) -> None:
        """Let them answer every question with a success that is none, as real ones did; or tell the truth again."""
