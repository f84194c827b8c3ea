"""An archive with a past, made once: a test may do to it what it likes, it is put back where it was afterwards."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.simulator import Simulator
from lab import TODAY, Lab

EDITED = dt.date(2018, 12, 10)
BETTER = "A Better Title <script>alert(1)</script>"


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[tuple[Lab, Path]]:
    """Three versions: twenty days, six more, and one edit; pushed to a Git remote and a DVC remote."""
    base = tmp_path_factory.mktemp("past") / "here"
    base.mkdir()
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(base / "remote.git")], check=True)
    remotes = {"git_remote": str(base / "remote.git"), "dvc_remote": str(base / "objects")}
    name = f"past_{os.getpid()}"
    with Simulator(today=TODAY) as nasa, psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        url = urlsplit(postgres_server)._replace(path=f"/{name}").geturl()
        lab = Lab(nasa, base / "archive", url, remotes)
        lab.run(Span(dt.date(2018, 12, 1), dt.date(2018, 12, 20)))
        lab.run(Span(dt.date(2018, 12, 21), dt.date(2018, 12, 26)))
        nasa.edit(EDITED, title=BETTER)
        lab.run(Span(EDITED, EDITED))
        server.execute(f"CREATE DATABASE {name}_kept TEMPLATE {name}")
        shutil.copytree(base, base.with_name("kept"), symlinks=True)
        yield lab, base


@pytest.fixture
def past(_made: tuple[Lab, Path], postgres_server: str) -> Iterator[Lab]:
    """The archive with a past; whatever a test does to it, its remotes and its database is undone."""
    lab, base = _made
    yield dataclasses.replace(lab, flags=dict(lab.flags), told=[])
    lab.nasa.clear_faults()
    shutil.rmtree(base)
    shutil.copytree(base.with_name("kept"), base, symlinks=True)
    name = urlsplit(lab.database).path[1:]
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name} TEMPLATE {name}_kept")
