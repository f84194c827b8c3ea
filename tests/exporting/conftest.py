"""One archive for all exports: thirty days with a commit, and what is taken out of it."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.exporting.choice import choose
from apod_pipeline.exporting.export import export
from apod_pipeline.exporting.snapshot import snapshot
from apod_pipeline.simulator import Simulator
from lab import Lab

TODAY = dt.date(2018, 12, 30)


@dataclass
class Taken:
    """An archive, and its entries by date as the archive itself tells them."""

    lab: Lab
    entries: list[dict]

    def write(self, form, path, *, force=False, **wanted):
        """An export of this archive."""
        with snapshot(self.lab.archive) as (frame, provenance):
            return export(choose(DATA_SET, frame, provenance, **wanted), form, path, force=force)


@pytest.fixture(scope="session")
def taken(tmp_path_factory, postgres_server):
    """The archive after one run; no test changes it."""
    name = f"exporting_{os.getpid()}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = urlsplit(postgres_server)._replace(path=f"/{name}").geturl()
    with Simulator(today=TODAY) as nasa:
        lab = Lab(nasa, tmp_path_factory.mktemp("exporting") / "archive", url)
        lab.run(Span(dt.date(2018, 12, 1), TODAY))
        yield Taken(lab, list(lab.entries().values()))
