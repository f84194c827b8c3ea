"""An archive made under a fixed clock from the simulator's fixed seed: whatever of it others read is pinned by hash.

Takes an empty folder and a database, gives names and hashes. Its walk has what makes a ledger line, a revision or a
commit of every kind: a backfill through the new service, days that come late and are corrected, a day that was hidden
and comes, a refused day that a person accepts, an import, the old service, and a change of preference.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from apod_pipeline.dataset.sources import Request
from apod_pipeline.dataset.spans import Span
from apod_pipeline.ports import Answer, Transport
from apod_pipeline.run.importing import accept_refused, import_into
from apod_pipeline.run.pipeline import Pipeline, Wanted
from apod_pipeline.settings import resolve
from apod_pipeline.simulator import record_of
from apod_pipeline.versioning.dvc import DvcVersioner
from apod_pipeline.wiring import pipeline
from lab import Lab

BEGIN = dt.datetime(2019, 1, 1, tzinfo=dt.UTC)
OLD, NEW = Span(dt.date(2018, 10, 3), dt.date(2018, 11, 20)), dt.date(2018, 12, 20)


class Clock:
    """A second later whenever somebody looks."""

    def __init__(self) -> None:
        self.at = BEGIN

    def now(self) -> dt.datetime:
        """The next second."""
        self.at += dt.timedelta(seconds=1)
        return self.at


class Dated:
    """A wire whose answers come at the clock's time."""

    def __init__(self, wire: Transport, clock: Clock) -> None:
        self.wire, self.clock = wire, clock

    def abandon(self) -> None:
        """As the wire itself."""
        self.wire.abandon()

    def download(self, request: Request, into: Path) -> Answer:
        """As the wire itself, but for the time."""
        return self.wire.download(request, into)._replace(at=self.clock.now())


@contextmanager
def _wired(lab: Lab, clock: Clock, **flags: Any) -> Iterator[Pipeline]:
    settings = resolve(lab.all_flags(http_concurrency=1, **flags), {}, None)
    with pipeline(settings, lab.told.append, dvc=DvcVersioner) as wired:

        def extraction(run: str, known: Any) -> Any:
            begun = wired.extraction(run, known)
            return replace(begun, transport=Dated(begun.transport, clock))

        yield replace(wired, now=clock.now, extraction=extraction)


def make(lab: Lab, folder: Path) -> list[dict[str, Any]]:
    """Walk; gives each run's outcome."""
    clock, outcomes = Clock(), []

    def call(what: Callable[[Pipeline], Any], **flags: Any) -> None:
        with _wired(lab, clock, **flags) as wired:
            outcomes.append(what(wired))

    lab.nasa.hide(dt.date(2018, 12, 14))
    call(lambda wired: wired.run(Wanted("backfill", OLD)))
    call(lambda wired: wired.run(Wanted("run", Span(dt.date(2018, 11, 21), NEW))), today=NEW)
    lab.nasa.edit(dt.date(2018, 12, 18), title="Corrected", credit="Somebody Else")
    lab.nasa.edit(dt.date(2018, 12, 19), explanation="Written anew, in more than one sentence. This is the other.")
    lab.nasa.show(dt.date(2018, 12, 14))
    call(lambda wired: wired.run(Wanted("run", None)), today=NEW + dt.timedelta(days=2))
    call(lambda wired: wired.run(Wanted("run", None)), today=NEW + dt.timedelta(days=2))
    file = folder / "somebodys.json"
    file.write_text(json.dumps([record_of(day) for day in Span(dt.date(2018, 9, 20), dt.date(2018, 10, 5))]))
    call(lambda wired: import_into(wired, file))
    lab.nasa.edit(dt.date(2018, 9, 19), title="NASA Science")
    old = {"sources": ("planetary",), "preference": ("planetary", "science", "file")}
    call(lambda wired: wired.run(Wanted("run", Span(dt.date(2018, 9, 18), dt.date(2018, 10, 20)))), **old)
    refused = lab.rows("SELECT date FROM apod_quarantine ORDER BY 1")
    for (day,) in refused:
        call(lambda wired, day=day: accept_refused(wired, dt.date.fromisoformat(day), "seen by a person"), **old)
    return outcomes


def hashes(lab: Lab) -> dict[str, str]:
    """SHA-256 of everything that others read of an archive, by what it is."""
    root = lab.root
    table = pl.read_parquet(lab.archive.parquet)
    texts = {
        "csv": lab.archive.csv.read_text(),
        "json": lab.archive.json.read_text(),
        "parquet, by content": f"{table.schema!r}\n{table.rows()!r}",
        "ledger, replies": _lines(root, "replies-*").replace(lab.nasa.url, "http://nasa"),
        "ledger, versions": _lines(root, "versions*"),
        ".dvc files": _each(root, "*.dvc"),
        "configuration": _each(root, ".dvc/config") + _each(root, ".gitignore") + _each(root, "apod.toml"),
        "commit messages": re.sub(r"Code-Version: \S+", "Code-Version: X", lab.git("log", "--format=%an <%ae>%n%B")),
        "tracked files": re.sub(MONTH, "YYYY-MM", lab.git("ls-tree", "-r", "--name-only", "HEAD")),
        "tables": repr({name: lab.rows(f"SELECT * FROM {name} ORDER BY 1, 2, 3") for name in TABLES}),
    }
    texts |= {f"raw {path.name}": path.read_bytes().hex() for path in sorted((root / "data" / "raw").rglob("*.json*"))}
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


MONTH = r"(?<=replies-)\d{4}-\d\d"  # replies are dated by the service's clock, which is today's
TABLES = ("apod_revision", "apod_reading", "apod_day", "apod_quarantine")


def _each(root: Path, pattern: str) -> str:
    files = (path for path in sorted(root.rglob(pattern)) if path.is_file() and ".git" not in path.parts)
    return "".join(f"== {path.relative_to(root)}\n{path.read_text()}" for path in files)


def _lines(root: Path, pattern: str) -> str:
    return "".join(path.read_text() for path in sorted((root / "data" / "ledger").glob(pattern)))
