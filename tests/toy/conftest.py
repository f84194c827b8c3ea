"""An archive of the toy data set, and the service that it asks."""

from __future__ import annotations

import pytest
from sightings.acted_out import SimulatedWatch

from set_lab import SITE, SetLab

MONTH = SimulatedWatch.span
FIRST, TODAY = MONTH.first, MONTH.last


@pytest.fixture
def watch():
    """The service, with two sightings on each of thirty nights but one."""
    with SimulatedWatch() as one:
        yield one


@pytest.fixture
def toy(watch, tmp_path, database_url, monkeypatch):
    """An archive that is to be filled."""
    monkeypatch.setenv("PYTHONPATH", str(SITE))  # the process in which DVC runs must find the data set too
    return SetLab(watch, tmp_path / "archive", database_url, name="sightings")
