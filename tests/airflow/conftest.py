"""One real Airflow for the whole session, fed by a simulated NASA of its own."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apod_pipeline.simulator import Simulator
from local_airflow import LocalAirflow
from local_airflow.simulated_nasa import KEY
from plain_environment import plain_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
PROJECTS_DAGS = HERE.parents[1] / "airflow" / "dags"


@pytest.fixture(scope="session")
def airflow_nasa() -> Iterator[Simulator]:
    """Both of NASA's services as the session's Airflow sees them."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="session")
def airflow_dags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session's DAG folder: the project's DAGs, and one that is there for the tests of the instance."""
    folder = tmp_path_factory.mktemp("dags") / "dags"
    if PROJECTS_DAGS.is_dir():
        shutil.copytree(PROJECTS_DAGS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HERE / "dags", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="session")
def airflow_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive that the session's Airflow fills."""
    return tmp_path_factory.mktemp("airflow") / "archive"


@pytest.fixture(scope="session")
def airflow_instance(airflow_nasa: Simulator, airflow_dags: Path, airflow_archive: Path) -> Iterator[LocalAirflow]:
    """A healthy Airflow, started once."""
    folder = airflow_archive.parent
    environment = plain_environment(
        APOD_ARCHIVE=str(airflow_archive),
        APOD_SCIENCE_URL=airflow_nasa.url,
        APOD_PLANETARY_URL=airflow_nasa.url,
        NASA_API_KEY=KEY,
        APOD_SOURCES="planetary",  # the one that takes a key
        APOD_HTTP_RETRIES="1",  # Airflow tries again by itself
    )
    with LocalAirflow(folder / "home", airflow_dags, environment=environment).running() as instance:
        yield instance


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until a condition holds, `eventually(condition, seconds)`."""

    def wait(condition: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"it did not come about within {seconds} seconds"
            time.sleep(0.1)

    return wait
