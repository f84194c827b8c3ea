"""An archive with a past, made once: a test may do to it what it likes, it is put back where it was afterwards."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Iterator

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.simulator import Simulator
from kept import Kept, database
from lab import TODAY, Lab, bare_repository

EDITED = dt.date(2018, 12, 10)
BETTER = "A Better Title <script>alert(1)</script>"


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[tuple[Lab, Kept]]:
    """Three versions: twenty days, six more, and one edit; pushed to a Git remote and a DVC remote."""
    base = tmp_path_factory.mktemp("past") / "here"
    base.mkdir()
    remotes = {"git_remote": bare_repository(base / "remote.git"), "dvc_remote": str(base / "objects")}
    with Simulator(today=TODAY) as nasa:
        lab = Lab(nasa, base / "archive", database(postgres_server, f"past_{os.getpid()}"), remotes)
        lab.run(Span(dt.date(2018, 12, 1), dt.date(2018, 12, 20)))
        lab.run(Span(dt.date(2018, 12, 21), dt.date(2018, 12, 26)))
        nasa.edit(EDITED, title=BETTER)
        lab.run(Span(EDITED, EDITED))
        kept = Kept(postgres_server, base, (lab.database,))
        kept.keep()
        yield lab, kept


@pytest.fixture
def past(_made: tuple[Lab, Kept]) -> Iterator[Lab]:
    """The archive with a past; whatever a test does to it, its remotes and its database is undone."""
    lab, kept = _made
    yield dataclasses.replace(lab, flags=dict(lab.flags), told=[])
    lab.nasa.clear_faults()
    kept.put_back()
