"""An archive of generated entries, served by `apod serve` in a process of its own."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.simulator import Simulator
from lab import Lab

if TYPE_CHECKING:
    from mirror.sets import Both

TODAY = dt.date(2020, 6, 20)
DAYS = Span(dt.date(2020, 5, 20), dt.date(2020, 6, 18))  # the tenth of June is a gap; the last two days are not had yet

# What is read of the tables without a choice of its own: pages, the new API, feeds, the old API.
READS = (
    "/",
    "/grid",
    "/day/2020-06-01",
    "/day/2020-06-01/history",
    "/search?q=sky",
    "/calendar",
    "/status",
    "/api/entries/2020-06-01",
    "/api/entries/2020-06-01/history",
    "/api/search?q=sky",
    "/api/on-this-day?date=2020-06-01",
    "/api/coverage",
    "/api/status",
    "/feed.xml",
    "/feed.json",
    "/planetary/apod",
    "/planetary/apod?date=2020-06-01",
    "/planetary/apod?start_date=2020-06-01",
)


def started(
    lab: Lab, *words: str, stderr: TextIO | None = None, **environment: str
) -> tuple[subprocess.Popen[str], str]:
    """`apod serve` on a free port; gives the process and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "apod_pipeline.cli", "serve", "--port", "0", *words],
        env=lab.environment(**environment),
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:[1-9]\d*", line)
    if not found:
        ended(process)
        pytest.fail(f"apod serve said {line!r}")
    httpx.get(f"{found[0]}/health/live", timeout=60)  # it listens before it is ready, and who comes meanwhile waits
    return process, found[0]


def ended(process: subprocess.Popen[str]) -> int:
    """Told to end; gives its exit code."""
    process.terminate()
    code = process.wait(20)
    if process.stdout:
        process.stdout.close()
    return code


@pytest.fixture(scope="session")
def served_lab(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[Lab]:
    """Thirty days, one of them a film, one under a Creative Commons licence, one of another kind."""
    name = f"mirror_{os.getpid()}"
    with Simulator(today=TODAY) as nasa, psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        url = urlsplit(postgres_server)._replace(path=f"/{name}").geturl()
        lab = Lab(nasa, Path(tmp_path_factory.mktemp("served")) / "archive", url)
        lab.run(DAYS)
        yield lab


@pytest.fixture(scope="session")
def address(served_lab: Lab) -> Iterator[str]:
    """Where the mirror answers."""
    process, where = started(served_lab)
    yield where
    ended(process)


@pytest.fixture(scope="session")
def client(address: str) -> Iterator[httpx.Client]:
    """A client that asks it."""
    with httpx.Client(base_url=address) as one:
        yield one


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[Both]:
    """Two archives, APOD's and one of close approaches, each with a database of its own."""
    from mirror.sets import two_archives

    with two_archives(tmp_path_factory.mktemp("both"), postgres_server, f"sets_{os.getpid()}") as one:
        yield one


@pytest.fixture(scope="session")
def shared(both: Both) -> Iterator[str]:
    """Where one mirror over both answers."""
    from mirror.sets import serving

    with serving(both.pictures, both.pictures, both.approaches) as where:
        yield where


@pytest.fixture(scope="session")
def mirror(shared: str) -> Iterator[httpx.Client]:
    """A client that asks it."""
    with httpx.Client(base_url=shared, timeout=30) as one:
        yield one


@pytest.fixture(scope="session")
def picture_lab(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[Lab]:
    """Thirty-six days with their pictures."""
    from mirror.with_pictures import archive_with_pictures, kept

    with archive_with_pictures(tmp_path_factory.mktemp("kept"), postgres_server, f"kept_{os.getpid()}") as lab:
        kept(lab)
        yield lab


@pytest.fixture(scope="session")
def pictured(picture_lab: Lab) -> Iterator[str]:
    """Where a mirror over them answers."""
    from mirror.with_pictures import serving

    with serving(picture_lab) as where:
        yield where


@pytest.fixture(scope="session")
def leading(picture_lab: Lab) -> Iterator[str]:
    """Where one answers whose APIs lead to its own pictures."""
    from mirror.with_pictures import serving

    with serving(picture_lab, "--pictures") as where:
        yield where
