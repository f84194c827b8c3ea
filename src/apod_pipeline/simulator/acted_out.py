"""NASA acted out in the way in which every data set's services are.

Takes nothing, gives both services with a month of entries, their settings, and what can be done to them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Self

from apod_pipeline.dataset.spans import Span
from apod_pipeline.simulator.simulator import Simulator

TODAY = dt.date(2018, 12, 31)


class ActedOut:
    """Both of NASA's services: a `dataset.acting.Simulation`."""

    span = Span(dt.date(2018, 12, 2), TODAY)

    def __init__(self) -> None:
        self._simulator, self._edits = Simulator(today=TODAY), 0

    def __enter__(self) -> Self:
        self._simulator.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._simulator.stop()

    @property
    def settings(self) -> Mapping[str, Any]:
        """Where the two answer, and the newest day."""
        url = self._simulator.url
        return {"science_url": url, "planetary_url": url, "today": TODAY}

    def edit(self, day: dt.date) -> None:
        """Give the entry of a day another title."""
        self._edits += 1
        self._simulator.edit(day, title=f"A Title That Was Edited {self._edits} Times")

    def lie(self, *, on: bool) -> None:
        """Answer everything with the placeholder that NASA's old service had for every day."""
        if on:
            self._simulator.fault("placeholder")
        else:
            self._simulator.clear_faults()
