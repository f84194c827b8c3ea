"""An archive whose pictures are kept, made by the simulator: some are shown again, one is not to be had."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.dataset.spans import Span
from apod_pipeline.simulator import Simulator
from lab import Lab
from mirror.conftest import ended, started

FIRST, LAST = dt.date(2018, 11, 26), dt.date(2018, 12, 31)
ONCE, AGAIN, ALMOST = dt.date(2018, 12, 3), dt.date(2018, 12, 10), dt.date(2018, 12, 20)  # the same file, nearly so
TWO, AWAY = dt.date(2018, 12, 18), dt.date(2018, 12, 19)  # in two sizes; not to be had
ONE_DAY = dt.timedelta(1)
FOLDER = "/content/dam/science/cds/apod/apod/2018/december"
REACHED = {"APOD_PICTURES_NETWORKS": "loopback", "APOD_PICTURES_PER_SECOND": "1000"}


@contextmanager
def archive_with_pictures(folder: Path, server: str, name: str, first: dt.date = FIRST) -> Iterator[Lab]:
    """Entries from a day on, their pictures at the simulator's own address; nothing is downloaded yet."""
    with Simulator(today=LAST, local_pictures=True) as nasa, psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        lab = Lab(nasa, folder / "archive", urlsplit(server)._replace(path=f"/{name}").geturl())
        names = {ONCE: "Harp", AGAIN: "Harp", ALMOST: "Harp_again", TWO: "Lyre_large", AWAY: "Drum"}
        for day, stem in names.items():
            place = f"{nasa.url}{FOLDER}/{stem}"
            smaller = "_small" if day == TWO else ""
            nasa.edit(day, media_type="image", url=f"{place}{smaller}.jpg", hdurl=f"{place}.jpg")
        nasa.fault("picture_html", match="Drum")
        lab.run(Span(max(first, TWO + ONE_DAY), LAST))
        if first < TWO:  # the new service tells of one size
            lab.run(Span(TWO, TWO), sources=("planetary",))
            lab.run(Span(first, TWO - ONE_DAY))
        yield lab


def kept(lab: Lab) -> None:
    """Have its pictures downloaded, judged and kept, when its last version is past."""
    # Versions are dated a second apart at least, so the last of three quick ones may be dated ahead of the clock.
    while dt.datetime.now(dt.UTC) <= Ledger(lab.archive).versions()[-1].at:
        time.sleep(0.02)
    done = lab.command("pictures", "sync", **REACHED)
    assert done.returncode in {0, 4}, done.stdout + done.stderr  # films' stills are on hosts that are not here


@contextmanager
def serving(lab: Lab, *words: str, **environment: str) -> Iterator[str]:
    """Where a mirror of it answers."""
    process, where = started(lab, "--no-access-log", *words, **environment)
    try:
        yield where
    finally:
        ended(process)


def picture_of(lab: Lab, day: dt.date) -> tuple[str, str]:
    """Hash and media type of what is kept of a day."""
    ((digest, kind),) = lab.rows(f"SELECT sha256, type FROM apod_picture WHERE date = '{day}' AND replaced_at IS NULL")
    return digest, kind
