"""The law of refusals, and a bench on which a world's runs are done: real files, real PostgreSQL, no Git and no DVC.

Whatever one reply, record or day holds, every other day is stored, loaded and versioned in the same run; the next run
with a sane service ends, for every day that was refused or is asked again, as an archive that never met it; what was
plausible and accepted is mended by asking for the day by its name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.processed import Table
from apod_pipeline.database.connection import connected
from apod_pipeline.database.schema import migrate
from apod_pipeline.database.searchable import make_searchable
from apod_pipeline.database.tables import Tables
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.sources.file import ArchiveFile
from apod_pipeline.datasets.apod.sources.planetary import Planetary
from apod_pipeline.datasets.apod.sources.science import Science
from apod_pipeline.model import Outcome, Report
from apod_pipeline.run.pipeline import Pipeline, Wanted
from apod_pipeline.settings import defaults
from apod_pipeline.stages.check_quality import check_quality
from apod_pipeline.stages.extract_apod import Extraction
from apod_pipeline.stages.load_to_postgres import PostgresStore
from apod_pipeline.wiring import derivation, initialise
from worlds.hostile_service import DAYS, KEY, TODAY, HostileTransport, Lie, services

BASE = "http://127.0.0.1:9"  # nobody is asked: the transport answers by itself
SPAN = Span(DAYS[0], DAYS[-1])
TABLES = "apod, apod_revision, apod_reading, apod_day, apod_quarantine, apod_run, apod_state, apod_search"


class World(NamedTuple):
    """What is wrong in which run, and how far back a run without dates looks."""

    runs: tuple[tuple[Lie, ...], ...]
    lookback: int = 9


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

    def commit(self, at: dt.datetime, *_: object) -> str:
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
class Bench:
    """One folder and one database, emptied for each world."""

    folder: Path
    database: str
    wire: HostileTransport = field(default_factory=lambda: HostileTransport(services()))

    @property
    def archive(self) -> Archive:
        """The archive of this world."""
        return Archive(self.folder / "archive", DATA_SET)

    def clear(self) -> None:
        """An archive that does not exist, and empty tables."""
        shutil.rmtree(self.folder / "archive", ignore_errors=True)
        with psycopg.connect(self.database) as connection:
            connection.execute(f"TRUNCATE {TABLES}".encode())

    def run(self, lies: tuple[Lie, ...] = (), *, span: Span | None = None, lookback: int = 9) -> Outcome:
        """One run over services that tell these lies."""
        self.wire.lies = lies
        wired = self._wired(lookback)
        return wired.run(Wanted("run", span))

    def _wired(self, lookback: int) -> Pipeline:
        settings = defaults(self.archive.root)
        archive = initialise(settings)
        ledger = Ledger(archive)
        sources = [Science(BASE), Planetary(BASE, KEY)]
        how = replace(
            derivation(settings, archive, ledger),
            sources={source.name: source for source in (*sources, ArchiveFile())},
        )
        store = PostgresStore(archive, ledger, TODAY, self.database)
        return Pipeline(
            archive=archive,
            ledger=ledger,
            sources=sources,
            readers=dict(how.sources),
            derivation=how,
            extraction=partial(_extraction, archive, ledger, self.wire),
            quality=partial(_quality, archive),
            store=lambda: store,
            versioner=NoVersioner(),
            publisher=CountingPublisher(),
            takeover=NoTakeover(),  # type: ignore[arg-type] # never begun
            today=TODAY,
            lookback=lookback,
            tell=lambda _: None,
        )

    # ---- what is there -------------------------------------------------------------------
    def entries(self) -> dict[str, dict[str, Any]]:
        """The Parquet file's rows by day."""
        if not self.archive.parquet.exists():
            return {}
        return {row["date"]: row for row in Table.of(self.archive).rows()}

    def rows(self) -> dict[str, tuple[Any, ...]]:
        """The rows of `apod` by day."""
        with psycopg.connect(self.database) as connection:
            told = connection.execute("SELECT date, title, url, explanation, media_type FROM apod").fetchall()
        return {row[0]: row for row in told}

    def state(self) -> tuple[Any, ...]:
        """All that must be equal in the end."""
        files = [
            hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
            for path in (self.archive.csv, self.archive.json)
        ]
        return (*files, self.entries(), self.rows())

    @cached_property
    def clean(self) -> tuple[Any, ...]:
        """The state of an archive that never met a lie."""
        self.clear()
        assert self.run(span=SPAN).exit_code == 0
        return self.state()


def searched_bench(folder: Path, server: str, name: str) -> Bench:
    """A bench with a database of its own, whose words are searched, as they are wherever an archive is served."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = urlsplit(server)._replace(path=f"/{name}").geturl()
    with connected(url) as database:
        migrate(database, Tables(DATA_SET))
        make_searchable(database, Tables(DATA_SET))
    folder.mkdir(parents=True, exist_ok=True)
    return Bench(folder, url)


def _quality(archive: Archive, before: int, newest: dt.date) -> Report:
    return check_quality(Table.of(archive).lazy(), DATA_SET, newest, before)


def _extraction(archive: Archive, ledger: Ledger, wire: HostileTransport, run: str, known: Any) -> Extraction:
    return Extraction(archive, ledger, known, wire, TODAY, run, DATA_SET, concurrency=2, tell=lambda _: None)


# ---- the law -------------------------------------------------------------------------------
def obeys(bench: Bench, world: World) -> None:
    """Live through a world; an AssertionError names the sentence of the law that it broke."""
    clean = bench.clean
    bench.clear()
    for number, lies in enumerate(world.runs):
        outcome = bench.run(lies, span=None if number else SPAN, lookback=world.lookback)
        _neighbours_go_on(bench, lies, outcome)
    asked_again = _refused(bench) | {str(day) for day in DAYS if (TODAY - day).days <= world.lookback}
    sane = bench.run(lookback=world.lookback)
    assert sane.exit_code == 0, f"a sane run ends with {sane.exit_code}: {sane.missing}"
    _equal(bench, clean, asked_again, "after a sane run")
    named = bench.run(span=SPAN, lookback=world.lookback)
    assert named.exit_code == 0, f"asked by name it ends with {named.exit_code}: {named.missing}"
    assert bench.state() == clean, "asked by name, the state is another than that of a clean archive"
    again = bench.run(lookback=world.lookback)
    assert (again.exit_code, again.version) == (0, None), "nothing is new, and a version is made"


def _refused(bench: Bench) -> set[str]:
    """Days that nobody told, or of which a source's last word was refused: as the ledger's lines have it.

    Not what the second source was refused of, where the first has told it: that is no longer what the entry hangs on.
    """
    words: dict[tuple[str, str], bool] = {}
    for line in Ledger(bench.archive).reply_lines():
        span = Span(*(dt.date.fromisoformat(day) for day in line["asked"]))
        words |= {(line.get("source", ""), day): True for day in line.get("readings", {})}
        for day in line.get("refused", {}):
            days = [str(one) for one in span] if day == "*" else [day]
            words |= {(line["source"], one): False for one in days}
    told = {day for (_, day), word in words.items() if word}
    days = {str(day) for day in DAYS}
    open_words = {(source, day) for (source, day), word in words.items() if not word}
    had_before = {(source, day) for source, day in open_words if source == "planetary" and words.get(("science", day))}
    return days - told | days & {day for _, day in open_words - had_before}


def _neighbours_go_on(bench: Bench, lies: tuple[Lie, ...], outcome: Outcome) -> None:
    touched = {day for lie in lies for day in lie.touches()}
    untouched = {str(day) for day in DAYS if day not in touched}
    lost = untouched - bench.entries().keys() | untouched - bench.rows().keys()
    assert not lost, f"{sorted(lost)} were not touched, and are not stored"
    if untouched and not Ledger(bench.archive).versions():
        raise AssertionError("no version was made")
    assert outcome.exit_code in {0, 3, 4}, f"it ends with {outcome.exit_code}"


def _equal(bench: Bench, clean: tuple[Any, ...], days: set[str], when: str) -> None:
    _, _, entries, rows = bench.state()
    for day in sorted(days):
        assert entries.get(day) == clean[2].get(day), f"{when} the entry of a day is another"
        assert rows.get(day) == clean[3].get(day), f"{when} the row of a day is another"
