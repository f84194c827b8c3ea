"""A bench on which the runs of a world are done: real files, real PostgreSQL, no Git and no DVC.

Takes a data set, a folder, a database and a wire that answers; gives runs, and what is there afterwards.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.processed import Table
from apod_pipeline.database.connection import connected
from apod_pipeline.database.schema import migrate
from apod_pipeline.database.searchable import make_searchable
from apod_pipeline.database.tables import Tables
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.installed import data_set
from apod_pipeline.dataset.sources import Request
from apod_pipeline.dataset.spans import Span
from apod_pipeline.model import Outcome, Report
from apod_pipeline.ports import Answer, Transport
from apod_pipeline.run.pipeline import Pipeline, Wanted
from apod_pipeline.settings import defaults
from apod_pipeline.stages.check_quality import check_quality
from apod_pipeline.stages.extract_apod import Extraction
from apod_pipeline.stages.load_to_postgres import PostgresStore
from apod_pipeline.wiring import derivation, initialise, readers

BASE = "http://127.0.0.1:9"  # nobody is asked: the transport answers by itself
EMPTIED = ("", "_revision", "_reading", "_day", "_quarantine", "_run", "_state", "_search")


class Told(Protocol):
    """Whoever answers in the place of a service."""

    def answer(self, request: Request) -> tuple[int, bytes]:
        """Status and body; raises what a wire raises."""


class NoVersioner:
    """In the place of DVC: what is kept elsewhere is another test's business."""

    remote = "nowhere"

    def track_replies(self) -> None:
        """Nothing."""

    def track_files(self) -> None:
        """Nothing."""

    def finish(self) -> str | None:
        """No hash."""
        return None


@dataclass
class CountingPublisher:
    """In the place of Git: counts the versions that it is given."""

    commits: list[dt.datetime] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        if name not in {"prepare", "protect", "ledger_waits", "lacks_sealed_lines", "push", "page", "remote"}:
            raise AttributeError(name)
        return lambda *_: None

    def commit(self, at: dt.datetime, *_: object, **__: object) -> str:
        """Count one more."""
        self.commits.append(at)
        return f"{len(self.commits):040}"

    def head(self) -> str | None:
        """The newest."""
        return f"{len(self.commits):040}" if self.commits else None


class NoTakeover:
    """Nobody else writes to this archive."""

    pending = False


@dataclass
class Wire:
    """The wire: what a service says is written into a file, as it would have come."""

    told: Told

    def abandon(self) -> None:
        """Nothing is on its way for longer than a moment."""

    def download(self, request: Request, into: Path) -> Answer:
        """An answer, written into a file."""
        status, body = self.told.answer(request)
        into.write_bytes(body)
        return Answer(status, dt.datetime.now(dt.UTC), len(body), hashlib.sha256(body).hexdigest())


@dataclass
class Bench:
    """One folder and one database, emptied for each world."""

    folder: Path
    database: str
    name: str
    today: dt.date
    told: Told
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dataset(self) -> DataSet:
        """What the archive is of."""
        return data_set(self.name)

    @property
    def archive(self) -> Archive:
        """The archive of this world."""
        return Archive(self.folder / "archive", self.dataset)

    def clear(self) -> None:
        """An archive that does not exist, and empty tables."""
        shutil.rmtree(self.folder / "archive", ignore_errors=True)
        with psycopg.connect(self.database) as connection:
            names = ", ".join(self.name + ending for ending in EMPTIED)
            connection.execute(f"TRUNCATE {names}".encode())

    def run(self, span: Span | None = None, *, lookback: int = 9, **own: Any) -> Outcome:
        """One run."""
        return self.wired(lookback, **own).run(Wanted("run", span))

    def wired(self, lookback: int = 9, **own: Any) -> Pipeline:
        """The pipeline of the archive, with a data set's own settings."""
        settings = defaults(self.folder / "archive", self.name, **{**self.settings, **own})
        archive = initialise(settings)
        ledger = Ledger(archive)
        how = derivation(settings, archive, ledger)
        sources = readers(settings)
        store = PostgresStore(archive, ledger, self.today, self.database)
        return Pipeline(
            archive=archive,
            ledger=ledger,
            sources=[sources[name] for name in settings.sources if name != "file"],
            readers=dict(how.sources),
            derivation=how,
            extraction=partial(_extraction, archive, ledger, Wire(self.told), self.today),
            quality=partial(_quality, archive),
            store=lambda: store,
            versioner=NoVersioner(),
            publisher=CountingPublisher(),
            takeover=NoTakeover(),  # type: ignore[arg-type] # never begun
            today=self.today,
            lookback=lookback,
            tell=lambda _: None,
        )

    # ---- what is there -------------------------------------------------------------------
    def entries(self) -> dict[str, dict[str, Any]]:
        """The Parquet file's rows by key."""
        if not self.archive.parquet.exists():
            return {}
        return {row[self.dataset.columns.key]: row for row in Table.of(self.archive).rows()}

    def files(self) -> list[str | None]:
        """What the CSV and the JSON hash to."""
        return [
            hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
            for path in (self.archive.csv, self.archive.json)
        ]

    def select(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(query.encode()).fetchall()


def made_bench(folder: Path, server: str, name: str, today: dt.date, told: Told, **settings: Any) -> Bench:
    """A bench with a database of its own, whose words are searched, as they are wherever an archive is served."""
    database, tables = f"worlds_{folder.name}_{name}".replace("-", "_"), Tables(data_set(name))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database}".encode())
    url = urlsplit(server)._replace(path=f"/{database}").geturl()
    with connected(url) as connection:
        migrate(connection, tables)
        make_searchable(connection, tables)
    folder.mkdir(parents=True, exist_ok=True)
    return Bench(folder, url, name, today, told, settings)


def _quality(archive: Archive, before: int, newest: dt.date) -> Report:
    return check_quality(Table.of(archive).lazy(), archive.dataset, newest, before)


def _extraction(archive: Archive, ledger: Ledger, wire: Transport, today: dt.date, run: str, known: Any) -> Extraction:
    return Extraction(archive, ledger, known, wire, today, run, archive.dataset, concurrency=2, tell=lambda _: None)
