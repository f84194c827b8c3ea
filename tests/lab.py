"""An archive, a simulated NASA and a real PostgreSQL for one test."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import ipaddress
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.processed import Table
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.model import Outcome
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.settings import resolve
from apod_pipeline.simulator import Simulator
from apod_pipeline.versioning.dvc import DvcVersioner
from apod_pipeline.wiring import pipeline
from forked import Command, begun, forkable, forked
from templates import Templates

TODAY = dt.date(2018, 12, 31)
KEY = "0123456789abcdefghijABCDEFGHIJ0123456789"
SPAN = Span(dt.date(2018, 11, 2), TODAY)


def bare_repository(folder: Path) -> str:
    """A Git remote in a folder; gives its address."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    return str(folder)


@dataclass
class Lab:
    """One archive and what it talks to; `nasa` is the simulator, `flags` are settings by field name."""

    nasa: Simulator
    root: Path
    database: str
    flags: dict[str, Any] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    templates: Templates | None = None

    @property
    def archive(self) -> Archive:
        return Archive(self.root, DATA_SET)

    def all_flags(self, **more: Any) -> dict[str, Any]:
        usual = {
            "archive": self.root,
            "database_url": self.database,
            "science_url": self.nasa.url,
            "planetary_url": self.nasa.url,
            "nasa_api_key": KEY,
            "today": self.nasa.today,
            "http_retries": 2,
            "http_backoff": 0.01,
            "http_timeout": 2.0,
        }
        return usual | self.flags | more

    def run(self, span: Span | None = None, *, missing: bool = False, **flags: Any) -> Outcome:
        """One run in this process: of a span, or of what is due."""
        settings = resolve(self.all_flags(**flags), {}, None)
        with pipeline(settings, self.told.append, dvc=DvcVersioner) as wired:
            return wired.run(Wanted("run", span, only_missing=missing))

    def cloned(self) -> Lab:
        """The archive as another machine begins it: made from the remotes that the flags name."""
        from apod_pipeline.jobs.restores import recover_archive

        settings = resolve(self.all_flags(), {}, None)
        recover_archive(settings, str(settings.git_remote))
        return self

    def filled(self, span: Span, **flags: Any) -> None:
        """What `run(span, **flags)` makes on a new archive, copied from one that was made before; nobody is asked."""
        assert self.templates, "the fixture `lab` knows them"
        assert not {"git_remote", "dvc_remote"} & {*self.flags, *flags}, "a template has no remotes of its own"
        self.templates.copy(span, flags, self.root, self.database)

    def wired(self, call: Callable[[Any], Outcome], **flags: Any) -> Outcome:
        """Anything else that a pipeline can do."""
        with pipeline(resolve(self.all_flags(**flags), {}, None), self.told.append, dvc=DvcVersioner) as wired:
            return call(wired)

    def environment(self, **more: str) -> dict[str, str]:
        """The same settings for a process of its own."""
        from apod_pipeline.settings.resolving import settings_of

        names = {one.name: one.variable for one in settings_of(self.archive.dataset.name, self.flags.get("extras", ()))}
        plain = {
            names[name]: ",".join(map(str, v)) if isinstance(v, tuple) else str(v)
            for name, v in self.all_flags().items()
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("APOD_", "POSTGRES_", "NASA_"))}
        return kept | plain | more

    def command(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`apod` in a process of its own."""
        variables = self.environment(**environment)
        if forkable(variables):
            return forked(words, variables, 120)
        return subprocess.run(
            [sys.executable, "-m", "apod_pipeline.cli", *words],
            env=variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def begun(self, *words: str, **environment: str) -> Command | subprocess.Popen[str]:
        """The same, not waited for."""
        variables = self.environment(**environment)
        if forkable(variables):
            return begun(words, variables)
        return subprocess.Popen(
            [sys.executable, "-m", "apod_pipeline.cli", *words],
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    # ---- what is there afterwards --------------------------------------------------------
    def entries(self) -> dict[str, dict[str, Any]]:
        """The archive's entries by date, from the Parquet file."""
        return {row["date"]: row for row in Table.of(self.archive).rows()}

    def files(self) -> dict[str, str]:
        """SHA-256 of the three files (the Parquet file by content)."""
        content = repr(sorted(self.entries().items())).encode()
        plain = {path.name: path.read_bytes() for path in (self.archive.csv, self.archive.json)}
        return {name: hashlib.sha256(body).hexdigest() for name, body in (plain | {"parquet": content}).items()}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers."""
        import psycopg

        with psycopg.connect(self.database) as connection:
            return connection.execute(query.encode()).fetchall()

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that the tables say, times and raw references aside."""
        return {
            "apod": self.rows("SELECT date, title, url, explanation, media_type FROM apod ORDER BY date"),
            "revision": self.rows(
                "SELECT date, cause, changed, content_hash, observed_to IS NULL FROM apod_revision ORDER BY 1, 5, 4"
            ),
            "reading": self.rows("SELECT source, date, digest FROM apod_reading ORDER BY 1, 2"),
            "day": self.rows("SELECT date, status FROM apod_day ORDER BY 1"),
        }

    def rows_deleted(self) -> None:
        """The database as if it had been lost."""
        import psycopg

        with psycopg.connect(self.database) as connection:
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    def git(self, *words: str) -> str:
        """Git in the archive."""
        return subprocess.run(
            ["git", "-C", str(self.root), *words], capture_output=True, text=True, check=True
        ).stdout.strip()

    def commits(self) -> int:
        """How many versions there are in Git."""
        return int(self.git("rev-list", "--count", "HEAD"))

    def versions(self) -> int:
        """How many versions the ledger holds."""
        return len(Ledger(self.archive).versions())


@pytest.fixture
def nasa() -> Iterator[Simulator]:
    """Both of NASA's services, publishing up to the last day of 2018."""
    with Simulator(today=TODAY) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, postgres_server: str, migrated_template: str) -> Templates:
    """Archives that were filled once."""

    def fill(root: Path, database: str, span: Span, flags: dict[str, Any]) -> None:
        with Simulator(today=TODAY) as simulator:
            Lab(simulator, root, database, flags).run(span)

    return Templates(tmp_path_factory.mktemp("templates"), postgres_server, migrated_template, fill)


@pytest.fixture
def lab(nasa: Simulator, tmp_path: Path, migrated_database: str, templates: Templates) -> Lab:
    """An archive that does not exist yet, and all it needs."""
    return Lab(nasa, tmp_path / "archive", migrated_database, templates=templates)


def shared_remote(folder: Path) -> dict[str, str]:
    """What two machines share, as settings: a Git repository that takes no force and no deletion, a DVC remote."""
    bare = bare_repository(folder / "remote.git")
    for name in ("receive.denyNonFastForwards", "receive.denyDeletes", "core.logAllRefUpdates"):
        subprocess.run(["git", "-C", bare, "config", name, "true"], check=True)
    return {"git_remote": bare, "dvc_remote": str(folder / "objects")}


@pytest.fixture
def remote(tmp_path: Path) -> dict[str, str]:
    """A remote of the test's own."""
    return shared_remote(tmp_path)


@pytest.fixture
def other(lab: Lab, tmp_path: Path, second_database: str) -> Lab:
    """A second archive with a database of its own, as on another machine."""
    return dataclasses.replace(lab, root=tmp_path / "other", database=second_database, flags={}, told=[])


@pytest.fixture
def span() -> Span:
    """Sixty days, three pages of the new service."""
    return SPAN


@pytest.fixture(scope="session")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[Callable[..., tuple[dict[str, str], dict[str, Any]]]]:
    """Files and tables after one clean run over a span: what every disturbed run must end as."""
    import psycopg

    done: dict[tuple[Any, ...], tuple[dict[str, str], dict[str, Any]]] = {}

    def after(span: Span = SPAN, **flags: Any) -> tuple[dict[str, str], dict[str, Any]]:
        key = (span, tuple(sorted(flags.items())))
        if key not in done:
            name = f"undisturbed_{os.getpid()}_{len(done)}"
            with psycopg.connect(postgres_server, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}".encode())
            url = urlsplit(postgres_server)._replace(path=f"/{name}").geturl()
            with Simulator(today=TODAY) as simulator:
                one = Lab(simulator, tmp_path_factory.mktemp("undisturbed") / "archive", url, flags)
                one.run(span)
                done[key] = (one.files(), one.tables())
        return done[key]

    return after


def certificate(folder: Path) -> None:
    """A certificate for 127.0.0.1 that only itself vouches for, and its key: `server.crt` and `server.key`."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "server.key").write_bytes(key.private_bytes(*pem))
