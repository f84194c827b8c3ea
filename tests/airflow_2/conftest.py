"""One Airflow 2.9.1 for the whole session, fed by a simulated NASA of its own."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from airflow_2_bench import Bench2
from airflow_2_instance import PROGRAM, Airflow2

from airflow_bench import MAIN, PROJECTS_DAGS, Run
from apod_pipeline.dataset.installed import shipped
from apod_pipeline.datasets.apod.calendar import publishing_day
from apod_pipeline.simulator import Simulator
from local_airflow.simulated_nasa import KEY
from plain_environment import plain_environment

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def nasa() -> Iterator[Simulator]:
    """Both of NASA's services."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="session")
def bench(nasa: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench2]:
    """An Airflow that runs, over an archive that is not there yet."""
    assert PROGRAM.exists(), "Airflow 2.9.1 is not installed: `make test-airflow-2` does it"
    folder = tmp_path_factory.mktemp("airflow_2")
    home, archive = folder / "home", folder / "archive"
    home.mkdir(mode=0o700)
    environment = plain_environment(
        APOD_ARCHIVE=str(archive),
        APOD_SCIENCE_URL=nasa.url,
        APOD_PLANETARY_URL=nasa.url,
        NASA_API_KEY=KEY,
        APOD_HTTP_RETRIES="1",  # Airflow tries again by itself
    )
    with Airflow2(home, PROJECTS_DAGS, environment).running() as airflow:
        yield Bench2(airflow, archive)


@pytest.fixture(scope="session")
def dags(bench: Bench2) -> dict[str, str]:
    """The DAG files that the scheduler has read, by the DAG that it found in each."""
    files = {path.stem for path in PROJECTS_DAGS.glob("*.py")}
    files -= {f"{name}_etl_pipeline" for name in shipped() if name != "apod"}  # not served: such a file makes no DAG
    for _ in bench.airflow.eventually("every DAG file's reading", 90):
        found = dict(bench.metadata("SELECT dag_id, fileloc FROM dag"))
        refused = bench.metadata("SELECT filename FROM import_error")
        if len(found) + len(refused) >= len(files):
            break
    return found


@pytest.fixture(scope="session")
def first_run(bench: Bench2, dags: dict[str, str]) -> Run:
    """The run that the scheduler makes by itself when the main DAG is let go; the consumer of its dataset is on."""
    for dag in ("apod_news", MAIN):
        bench.airflow.cli("dags", "unpause", dag)
    return bench.first_of(MAIN)


@pytest.fixture(scope="session")
def day(bench: Bench2, first_run: Run) -> dt.date:
    """The day that the first run stands for."""
    [(date,)] = bench.metadata("SELECT execution_date FROM dag_run WHERE run_id = %s", first_run.name)
    return publishing_day(date)
