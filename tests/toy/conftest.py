"""An archive of the toy data set, and the service that it asks."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sightings import DATA_SET

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.processed import Table
from apod_pipeline.dataset.spans import Span
from lab import Lab
from toy.watch import SimulatedWatch

TODAY = dt.date(2026, 3, 10)
FIRST = TODAY - dt.timedelta(days=29)
MONTH = Span(FIRST, TODAY)
SITE = Path(__file__).parent / "site"


@dataclass
class ToyLab(Lab):
    """One archive of sightings."""

    @property
    def archive(self) -> Archive:
        return Archive(self.root, DATA_SET)

    def all_flags(self, **more: Any) -> dict[str, Any]:
        usual = {
            "archive": self.root,
            "dataset": "sightings",
            "database_url": self.database,
            "watch_url": self.nasa.url,
            "today": TODAY,
            "http_retries": 0,
            "http_timeout": 5.0,
        }
        return usual | self.flags | more

    def environment(self, **more: str) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(SITE), os.environ.get("PYTHONPATH")]))
        return super().environment(**{"PYTHONPATH": path} | more)

    def entries(self) -> dict[str, dict[str, Any]]:
        """The archive's entries by key, in the order of the Parquet file."""
        return {row["sighting"]: row for row in Table.of(self.archive).rows()}

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that the tables say, times and raw references aside."""
        return {
            "current": self.rows(
                "SELECT sighting, night, place, brightness, heard FROM sightings ORDER BY night, sighting"
            ),
            "revision": self.rows(
                "SELECT sighting, cause, changed, night, place, observed_to IS NULL FROM sightings_revision"
                " ORDER BY sighting, observed_from"
            ),
            "day": self.rows("SELECT date, status FROM sightings_day WHERE status <> 'unasked' ORDER BY date"),
        }


@pytest.fixture
def watch():
    """The service, with two sightings on each of thirty nights but one."""
    with SimulatedWatch(FIRST, len(MONTH)) as one:
        one.sightings = [s for s in one.sightings if s["night"] != str(FIRST + dt.timedelta(days=5))]
        yield one


@pytest.fixture
def toy(watch, tmp_path, database_url, monkeypatch):
    """An archive that is to be filled."""
    monkeypatch.setenv("PYTHONPATH", str(SITE))  # the process in which DVC runs must find the data set too
    return ToyLab(watch, tmp_path / "archive", database_url)
