"""Two archives behind one mirror: APOD's and one of close approaches, each with a database of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from apod_pipeline.dataset.spans import Span
from apod_pipeline.simulator import Simulator
from apod_pipeline.simulator.approaches import TODAY, SimulatedJpl
from lab import Lab
from mirror.conftest import ended, started
from set_lab import SetLab

DAY = dt.timedelta(days=1)
AROUND = Span(TODAY - 40 * DAY, TODAY + 60 * DAY)
PICTURES = Span(dt.date(2020, 6, 16), dt.date(2020, 6, 18))
ODD = "C/2031 Ü1 (odd) <b>&\"'?#%2F"  # what no page may stumble over


@dataclass
class Both:
    """Two archives, and what happened to some approaches between two readings.

    Attributes:
        pictures: the archive of APOD.
        approaches: the other one.
        former: what the renamed object was called.
        renamed: what it is called.
        gone: the object that is told of no more.
        moved: the object whose approach is on another day now.
    """

    pictures: Lab
    approaches: SetLab
    former: str
    renamed: str
    gone: str
    moved: str


@contextmanager
def two_archives(folder: Path, server: str, name: str) -> Iterator[Both]:
    """Both of them, filled; of approaches in two readings, between which an orbit was renewed, and more."""
    with Simulator(today=PICTURES.last) as nasa, SimulatedJpl() as jpl:
        pictures = Lab(nasa, folder / "apod", database(server, f"{name}_pictures"))
        pictures.run(PICTURES)
        approaches = SetLab(jpl, folder / "approaches", database(server, f"{name}_approaches"), name="approaches")
        moved, renamed, gone, odd = (jpl.on(TODAY + number * DAY)[0] for number in (3, 5, 8, 9))
        odd.des, odd.h = ODD, None
        approaches.run(AROUND)
        moved.at += 2 * DAY
        former, renamed.des = renamed.des, "799999"
        jpl.withdraw(gone)
        for one in (moved, odd, jpl.on(TODAY + 11 * DAY)[0]):
            one.renew()
        approaches.run(AROUND)
        for lab in (pictures, approaches):
            own(lab)
        yield Both(pictures, approaches, former, renamed.des, gone.des, moved.des)


def database(server: str, name: str) -> str:
    """An empty database; gives its address."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def own(lab: Lab) -> None:
    """Write an archive's database and its day into its own settings."""
    file = lab.root / ".apod" / "local.toml"
    file.write_text(f'database_url = "{lab.database}"\ntoday = {lab.all_flags()["today"]}\n')
    file.chmod(0o600)


@contextmanager
def serving(lab: Lab, *archives: Lab, **environment: str) -> Iterator[str]:
    """One mirror over some archives, each by its own settings alone; gives its address."""
    words = [word for one in archives for word in ("--archive", str(one.root))]
    unsaid = dict.fromkeys(("APOD_DATABASE_URL", "APOD_TODAY", "APOD_ARCHIVE", "APOD_DATASET"), "")
    process, address = started(lab, *words, **unsaid | environment)
    try:
        yield address
    finally:
        ended(process)
