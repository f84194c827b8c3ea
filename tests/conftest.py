"""What every room's tests may ask for: a PostgreSQL of their own; what begins first, and how long each took."""

from __future__ import annotations

import gc
import itertools
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import hypothesis
import psycopg
import pytest

from apod_pipeline.database.tables import Tables
from apod_pipeline.datasets.apod import DATA_SET
from dealing import Dealing, place

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["lab", "machines"]

_numbers = itertools.count(1)
hypothesis.settings.register_profile("untimed", deadline=None)  # what is slow on a busy machine is not wrong
hypothesis.settings.load_profile("untimed")


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Dealing:
    """Groups that stay together, and all else where there is room."""
    return Dealing(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, whatever has an Airflow in a row."""
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """What thousands of tests are made of stays: the collector of garbage need not look at it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--pin`: what `tests/golden` finds is what it shall find from now on."""
    parser.addoption("--pin", action="store_true", help="pin what tests/golden finds")
    parser.addoption("--fast", action="store_true", help="fail whoever starts a process: `make test-fast`")


def pytest_configure(config: pytest.Config) -> None:
    """`--fast` leaves out what is marked, and holds the rest to it."""
    if config.getoption("--fast"):
        config.option.markexpr = "not whole and not process"
        sys.addaudithook(_no_process)


_running: list[str] = []  # the test that runs, under `--fast`


def _no_process(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen" and _running:
        pytest.fail(f"it starts {arguments[1]}, and is not marked `process`", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Know which test runs, its setup and its end included."""
    _running.append(item.nodeid)
    try:
        return (yield)
    finally:
        _running.clear()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A superuser's URL of one fast server for the whole session."""
    from apod_pipeline.embedded_postgres import temporary_server

    with temporary_server(tmp_path_factory.mktemp("postgres") / "server") as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(postgres_server: str) -> str:
    """The name of a database with all our tables and no row: a copy of it is had in a fifth of the time."""
    from apod_pipeline.database.connection import connected
    from apod_pipeline.database.schema import migrate

    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute("CREATE DATABASE migrated")
    with connected(urlsplit(postgres_server)._replace(path="/migrated").geturl()) as connection:
        migrate(connection, Tables(DATA_SET))
    return "migrated"


@contextmanager
def _database(server: str, template: str = "template1") -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@pytest.fixture
def database_url(postgres_server: str) -> Iterator[str]:
    """An empty database for one test, dropped afterwards whoever still looks at it."""
    with _database(postgres_server) as url:
        yield url


@pytest.fixture
def migrated_database(postgres_server: str, migrated_template: str) -> Iterator[str]:
    """A database with our tables, and no row."""
    with _database(postgres_server, migrated_template) as url:
        yield url


@pytest.fixture
def second_database(postgres_server: str, migrated_template: str) -> Iterator[str]:
    """Another one, as on another machine."""
    with _database(postgres_server, migrated_template) as url:
        yield url


# ---- durations -----------------------------------------------------------------------------
WORTH_KEEPING = 500  # tests: of a whole run
DURATIONS = Path(__file__).parents[1] / "build" / "test-durations.tsv"
_seconds: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up what each test took, its setup and its end included."""
    _seconds[report.nodeid] += report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep the durations, longest first: whoever wants the tests faster begins there."""
    if hasattr(session.config, "workerinput") or len(_seconds) < WORTH_KEEPING:
        return
    DURATIONS.parent.mkdir(exist_ok=True)
    lines = [f"{seconds:.2f}\t{name}\n" for name, seconds in _seconds.most_common()]
    DURATIONS.write_text("".join(lines), encoding="utf-8")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which files took longest."""
    if len(_seconds) < WORTH_KEEPING:
        return
    files: Counter[str] = Counter()
    for name, seconds in _seconds.items():
        files[name.partition("::")[0]] += seconds
    told = ", ".join(f"{name.removeprefix('tests/')} {seconds:.0f}" for name, seconds in files.most_common(10))
    terminalreporter.write_line(f"seconds by file: {told}; each test in build/{DURATIONS.name}")
