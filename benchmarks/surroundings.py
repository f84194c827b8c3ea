"""What every comparison stands in: a simulated NASA, one PostgreSQL, folders and clean environments.

Takes a folder to work in, gives addresses, fresh databases and commands. Both sides of a comparison get the same
service and the same server. Never lets the caller's own settings through, and leaves nothing running behind.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from measuring import Command, Cost, cost_of

from apod_pipeline.datasets.apod.calendar import FIRST_DAY, GAPS
from apod_pipeline.embedded_postgres import temporary_server

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
KEY = "b" * 40  # looks like a registered key, and opens nothing
YEAR = "366"


def last_day(entries: int) -> dt.date:
    """The day with which an archive from the first picture on holds so many entries."""
    return FIRST_DAY + dt.timedelta(days=entries - 1 + len(GAPS))


@dataclass(frozen=True)
class Surroundings:
    """Where measurements take place.

    Attributes:
        work: a folder, thrown away at the end.
        nasa: address of the simulator.
        server: libpq URL of the server.
        peers: the programs of the peers' own environment.
    """

    work: Path
    nasa: str
    server: str
    peers: Path

    def database(self, name: str) -> str:
        """A fresh, empty database; gives its URL."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {name}".encode())
            connection.execute("CHECKPOINT")  # what this one dirtied is not to be written during a measurement
        before, _, after = self.server.partition("?")
        return f"{before.rpartition('/')[0]}/{name}?{after}"

    def environ(self, **settings: str) -> dict[str, str]:
        """A clean environment with some variables."""
        return {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.work),
            "LANG": "C.UTF-8",
            "DVC_NO_ANALYTICS": "1",
            "NASA_URL": self.nasa,
            "NASA_API_KEY": KEY,
            **{
                f"GIT_{who}_{what}": "bench@example.org"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
            **settings,
        }

    def apod(self, words: str, archive: str, database: str, today: dt.date, **settings: str) -> Command:
        """`apod` with some words, over an archive and a database of the same name, on some day."""
        ours = {
            "APOD_ARCHIVE": str(self.work / archive),
            "APOD_DATABASE_URL": database,
            "APOD_PLANETARY_URL": self.nasa,
            "APOD_SOURCES": "planetary",
            "APOD_RANGE_DAYS": YEAR,
            "APOD_TODAY": str(today),
        }
        return Command([BIN / "apod", *words.split(), "--json"], self.environ(**ours | settings), self.work)

    def backfill(
        self, archive: str, entries: int, limit: float = 600, *, searched: bool = False, memory: bool = False
    ) -> tuple[Cost, str]:
        """A fresh archive of so many entries in a fresh database; gives what it cost, and the database.

        Args:
            archive: name of both.
            entries: how many.
            limit: seconds after which it has failed.
            searched: the words of all texts are kept too, as where Compose, the charts or `apod serve` made the tables.
            memory: look at what it holds.
        """
        database = self.database(archive)
        if searched:
            prepared = self.apod("migrate", archive, database, last_day(entries))
            cost_of(replace(prepared, words=[word for word in prepared.words if word != "--json"]))
        return cost_of(self.apod("backfill", archive, database, last_day(entries)), limit, memory=memory), database

    def script(self, name: str, *words: str, peer: bool = False, **settings: str) -> Command:
        """A script of this folder, in the project's environment or in the peers'."""
        python = self.peers / "python" if peer else Path(sys.executable)
        return Command([python, HERE / name, *words], self.environ(**settings), self.work)


@contextmanager
def surroundings(work: Path, peers: Path) -> Iterator[Surroundings]:
    """Start the simulator and the server; stop them at the end."""
    with _simulator() as nasa, temporary_server(work / "postgres", fsync=True) as server:
        yield Surroundings(work, nasa, server, peers)


@contextmanager
def _simulator() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, HERE / "simulated_nasa.py"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()
