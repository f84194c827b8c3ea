"""One real Airflow for the whole session, fed by a simulated NASA of its own."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from from_airflow import FromAirflow

from airflow_bench import MAIN, PROJECTS_DAGS, Bench, Run
from apod_pipeline.dataset.installed import simulation
from apod_pipeline.datasets.apod.calendar import publishing_day
from apod_pipeline.simulator import Simulator
from collecting import Collector, collector
from dealing import shares_airflow
from local_airflow import LocalAirflow
from local_airflow.simulated_nasa import KEY
from local_airflow.simulated_sets import variables_of
from plain_environment import plain_environment
from s3_gateway import Gateway
from set_lab import SITE
from sinks import HOST, Mailbox, WebSink, mailbox, web_sink
from stores import CREDENTIALS, moto_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
STORE = "s3://sky/toys/sightings"
_open = ExitStack()  # what the last test that takes it ends


@pytest.fixture(scope="session")
def airflow_nasa() -> Iterator[Simulator]:
    """Both of NASA's services as the session's Airflow sees them."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(scope="session")
def airflow_watch() -> Iterator[Any]:
    """The toy data set's service as the session's Airflow sees it."""
    with simulation("sightings") as watch:
        yield watch


@pytest.fixture(scope="session")
def airflow_dags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session's DAG folder: the project's DAGs, and one that is there for the tests of the instance."""
    folder = tmp_path_factory.mktemp("dags") / "dags"
    shutil.copytree(PROJECTS_DAGS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HERE / "dags", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="session")
def airflow_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive that the session's Airflow fills."""
    return tmp_path_factory.mktemp("airflow") / "archive"


@pytest.fixture(scope="session")
def git_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Git really goes when it is told `https://git.example/`."""
    return tmp_path_factory.mktemp("git_host")


@pytest.fixture(scope="session")
def airflow_mailbox() -> Iterator[Mailbox]:
    """Where the alerts of the session's Airflow arrive."""
    with mailbox() as box:
        yield box


@pytest.fixture(scope="session")
def airflow_letters() -> Iterator[Mailbox]:
    """A mail server that the session's Airflow knows by a connection."""
    with mailbox() as box:
        yield box


@pytest.fixture(scope="session")
def airflow_slack() -> Iterator[WebSink]:
    """A Slack of this machine, which the session's Airflow knows by a connection."""
    with web_sink() as sink:
        yield sink


@pytest.fixture(scope="session")
def airflow_collector() -> Iterator[Collector]:
    """Where the traces of the session's Airflow arrive."""
    with collector() as kept:
        yield kept


@pytest.fixture(scope="session")
def airflow_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The object store that the toy data set's versions go to, in the session's Airflow; APOD's go to none."""
    with moto_server(tmp_path_factory.mktemp("moto")) as address, Gateway(address) as gateway:
        assert httpx.put(f"{address}/{STORE.split('/')[2]}").status_code == 200
        yield gateway


@pytest.fixture(scope="session")
def airflow_instance(  # noqa: PLR0917 - each is a server of its own
    airflow_nasa: Simulator,
    airflow_watch: Any,
    airflow_dags: Path,
    airflow_archive: Path,
    git_host: Path,
    airflow_mailbox: Mailbox,
    airflow_slack: WebSink,
    airflow_letters: Mailbox,
    airflow_collector: Collector,
    airflow_store: Gateway,
) -> Iterator[LocalAirflow]:
    """A healthy Airflow for the toy data set beside APOD, started once and ended after the last test that takes it."""
    folder = airflow_archive.parent
    environment = plain_environment(
        APOD_ARCHIVE=str(airflow_archive),
        APOD_SCIENCE_URL=airflow_nasa.url,
        APOD_PLANETARY_URL=airflow_nasa.url,
        NASA_API_KEY=KEY,
        APOD_DATASETS="apod,sightings",
        APOD_ARCHIVES=str(folder / "archives"),
        PYTHONPATH=str(SITE),
        **variables_of("sightings", airflow_watch.settings),
        APOD_HTTP_RETRIES="1",  # Airflow tries again by itself
        # a scheduler that has nothing to do shares two cores with all other tests, and files that nobody edits are read
        # once (one that somebody does edit is read at once all the same)
        AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME="0.4",
        AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL="600",
        APOD_EXTRAS="alerts,lineage,traces,objectstore",
        APOD_OBJECTSTORE_URL_SIGHTINGS=STORE,
        APOD_OBJECTSTORE_ENDPOINT=airflow_store.url,
        APOD_OBJECTSTORE_PATIENCE="1",
        **CREDENTIALS,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{airflow_collector.address}/v1/traces",
        APOD_ALERTS_SMTP_HOST=HOST,
        APOD_ALERTS_SMTP_PORT=str(airflow_mailbox.port),
        APOD_ALERTS_SMTP_SECURITY="none",
        APOD_ALERTS_EMAIL_TO="ops@example.com",
        AIRFLOW_CONN_APOD_SLACK=json.dumps(
            {"conn_type": "slackwebhook", "password": f"{airflow_slack.address}/services/T0/B0/made-up"}
        ),
        AIRFLOW_CONN_APOD_SMTP=json.dumps(
            {
                "conn_type": "smtp",
                "host": HOST,
                "port": airflow_letters.port,
                "extra": {"disable_ssl": True, "disable_tls": True},
            }
        ),
        AIRFLOW__OPENLINEAGE__TRANSPORT=json.dumps(
            {"type": "file", "log_file_path": str(folder / "lineage.jsonl"), "append": True}
        ),
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0=f"url.{git_host}/.insteadOf",
        GIT_CONFIG_VALUE_0="https://git.example/",
    )
    with _open:
        yield _open.enter_context(LocalAirflow(folder / "home", airflow_dags, environment=environment).running())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever takes the instance is known to the dealing: it is ended after the last of them."""
    takers = {item.nodeid for item in items if "airflow_instance" in getattr(item, "fixturenames", ())}
    assert not [name for name in takers if not shares_airflow(name)], "their files belong into dealing.ONE_AIRFLOW"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """An instance that nobody takes any more would go on taking a third of a core from all other tests."""
    try:
        return (yield)
    finally:
        if shares_airflow(item.nodeid) and not (nextitem and shares_airflow(nextitem.nodeid)):
            _open.close()


@pytest.fixture(scope="session")
def from_airflow() -> Iterator[FromAirflow]:
    """Runs scripts in processes that have imported Airflow already."""
    with FromAirflow() as started:
        yield started


@pytest.fixture(scope="session")
def bench(airflow_instance: Any, airflow_archive: Path) -> Bench:
    """The session's Airflow with what the tests ask of it."""
    return Bench(airflow_instance, airflow_archive)


@pytest.fixture(scope="session")
def first_run(bench: Bench) -> Run:
    """The run that the scheduler makes by itself when the main DAG is let go; the consumer of its asset is on."""
    for dag in ("apod_news", MAIN):
        bench.api.patch(f"/dags/{dag}", {"is_paused": False})
    deadline = time.monotonic() + 60
    while not (found := bench.api.get(f"/dags/{MAIN}/dagRuns")["dag_runs"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return bench.ended(found[0]["dag_run_id"])


@pytest.fixture(scope="session")
def day(bench: Bench, first_run: Run) -> dt.date:
    """The day that the first run stands for."""
    date = bench.api.get(f"/dags/{MAIN}/dagRuns/{first_run.name}")["logical_date"]
    return publishing_day(dt.datetime.fromisoformat(date))


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until a condition holds, `eventually(condition, seconds)`."""

    def wait(condition: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"it did not come about within {seconds} seconds"
            time.sleep(0.3)

    return wait
