"""A Redis, an Airflow with CeleryExecutor, and two workers over one archive, for the whole session."""

from __future__ import annotations

import secrets
import shlex
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from workers import Workers, eventually

from airflow_bench import PROJECTS_DAGS, Bench
from apod_pipeline.simulator import Simulator
from local_airflow import LocalAirflow, Part
from local_airflow.parts import stop
from local_airflow.simulated_nasa import KEY
from plain_environment import plain_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = {
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    # a task whose worker has died is silent for this long before it is tried again
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    # shorter than the tests of a dead worker: what it held is delivered again while its task is tried again
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "20",
}


class Broker(NamedTuple):
    """A running Redis: its password, and the file that holds its URL."""

    password: str
    url: Path


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A Redis of our own on loopback, with a password, that keeps nothing on disk."""
    program = shutil.which("redis-server")
    assert program, "redis-server is not installed: `make test-celery` installs it on Debian, as root"
    folder, password, port = tmp_path_factory.mktemp("redis"), secrets.token_urlsafe(24), _free_port()
    config = ["bind 127.0.0.1", f"port {port}", f"requirepass {password}", 'save ""', "appendonly no", f"dir {folder}"]
    settings = _secret_file(folder / "redis.conf", "\n".join(config))
    url = _secret_file(folder / "url", f"redis://:{password}@127.0.0.1:{port}/0")
    redis = Part("redis", [program, str(settings)], plain_environment(), folder)
    try:
        for _ in eventually("Redis", [redis]):
            if "Ready to accept connections" in redis.last_lines():
                break
        yield Broker(password, url)
    finally:
        stop([redis], 5.0)


@pytest.fixture(scope="session")
def nasa() -> Iterator[Simulator]:
    """Both of NASA's services."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive that both workers fill."""
    return tmp_path_factory.mktemp("airflow") / "archive"


@pytest.fixture(scope="session")
def airflow_instance(broker: Broker, nasa: Simulator, archive: Path) -> Iterator[LocalAirflow]:
    """A healthy Airflow that runs no task itself."""
    environment = plain_environment(
        **SETTINGS,
        AIRFLOW__CELERY__BROKER_URL_CMD=f"cat {shlex.quote(str(broker.url))}",
        APOD_ARCHIVE=str(archive),
        APOD_SCIENCE_URL=nasa.url,
        APOD_PLANETARY_URL=nasa.url,
        NASA_API_KEY=KEY,
    )
    with LocalAirflow(archive.parent / "home", PROJECTS_DAGS, environment=environment).running() as instance:
        yield instance


@pytest.fixture(scope="session")
def all_workers(airflow_instance: LocalAirflow) -> Iterator[Workers]:
    """The workers, none of which is started yet."""
    workers = Workers(airflow_instance)
    try:
        yield workers
    finally:
        workers.stop()


@pytest.fixture
def workers(all_workers: Workers) -> Workers:
    """Both workers, ready, whatever an earlier test did to them."""
    all_workers.complete()
    return all_workers


@pytest.fixture(scope="session")
def bench(airflow_instance: LocalAirflow, archive: Path) -> Bench:
    """The session's Airflow with what the tests ask of it."""
    return Bench(airflow_instance, archive)


def _secret_file(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
