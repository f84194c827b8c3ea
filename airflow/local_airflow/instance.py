"""One Airflow, from nothing to healthy and back to nothing.

Takes a home and a DAG folder, gives the running instance for the length of a block, never listens on another
address than 127.0.0.1 and never has two instances in one home.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from apod_pipeline.errors import SettingsError
from apod_pipeline.settings import resolve
from local_airflow import connections, databases
from local_airflow.parts import Part, PartEnded, stop, ticks
from local_airflow.rest import RestApi
from local_airflow.secret_files import USER, SecretFiles
from local_airflow.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Their log servers would listen on every address; on one machine the API server reads the files.
BACKGROUND = {
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
_MIGRATION_SECONDS = 180.0
_START_SECONDS = 180.0
_TASK_SECONDS = 15.0
"""How long tasks that run may go on before the scheduler that waits for them is killed."""
_SERVER_SECONDS = 10.0


class LocalAirflow:
    """A real Airflow: API server, scheduler, DAG processor and triggerer; LocalExecutor unless told otherwise.

    Args:
        home: AIRFLOW_HOME; all that the instance makes lies in it.
        dags: The DAG folder.
        environment: What the parts, and so the tasks, inherit; None takes this process's.
        port: Of the API server on 127.0.0.1; 0 takes a free one.
        stop: Set by somebody who wants the end while the start still waits.

    Attributes:
        url: The address of API and user interface, while it runs.
        user: Its only user, an administrator.
        password: And password.
        api: Airflow's REST API as that user.
        parts: The running processes.
        variables: Those that every part gets, while it runs; for what else is to work for it, a Celery worker say.
        seconds: How long each step of the start took.
    """

    user = USER

    def __init__(
        self,
        home: Path,
        dags: Path,
        *,
        environment: Mapping[str, str] | None = None,
        port: int = 0,
        stop: threading.Event | None = None,
    ) -> None:
        self.home, self.dags, self.port = home.absolute(), dags.absolute(), port
        self.url, self.password = "", ""
        self.api: RestApi
        self.parts: list[Part] = []
        self.variables: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        self._inherited = dict(os.environ if environment is None else environment)
        self._stop = stop or threading.Event()

    @contextmanager
    def running(self) -> Iterator[LocalAirflow]:
        """Start it, wait until every part is healthy, and stop it at the end of the block.

        Raises:
            SettingsError: The port is taken, or an instance runs in this home already.
            PartEnded: A part ended before it was healthy.
            StopWanted: `stop` was set meanwhile.
            ApodError: It did not become healthy in time, or PostgreSQL cannot be used.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as open_things:
            open_things.enter_context(_alone(self.home))
            open_things.callback(self.parts.clear)
            self._start(open_things)
            yield self

    def _start(self, open_things: ExitStack) -> None:
        secrets = SecretFiles(self.home)
        self.port = _usable(self.port)
        self.password = secrets.password()
        with self._timed("postgres"):
            url = self._inherited.get(databases.SERVER_VARIABLE)
            server = open_things.enter_context(databases.server(self.home / "postgres", url))
            metadata = secrets.database("airflow", "airflow")
            # the embedded server's superuser is called apod already
            loaded = secrets.database("apod_pipeline", "apod")
            databases.separate(server, metadata, loaded)
        surroundings = Surroundings(self.home, self.dags, self.port, metadata.sqlalchemy_url(server))
        self.variables = surroundings.variables(self._inherited)
        self.url = surroundings.url
        self.api = open_things.enter_context(RestApi(self.url, self.user, self.password))
        open_things.callback(self._stop_parts)
        with self._timed("migration"):
            self._migrate()
        begin = datetime.now(UTC)
        for name, words in {"api-server": ["api-server"], **BACKGROUND}.items():
            self.parts.append(self._part(name, words))
        with self._timed("answer"):
            self._await("an answer of the API server", lambda: bool(self.api.health()))
        with self._timed("warm"):
            # while the others still load: the first task would wait for it
            self.api.warm()
        with self._timed("connections"):
            settings = resolve({}, self._inherited, dotenv=None)
            wished = connections.wished(settings, loaded, server, self._others())
            connections.make_absent(self.api, wished, settings.http_concurrency)
        with self._timed("healthy"):
            self._await("a healthy Airflow", lambda: _is_healthy(self.api.health(), begin))

    def _others(self) -> dict[str, str]:
        """By data set that is served beside APOD, the Git remote that its variable names."""
        told = self._inherited.get("APOD_DATASETS", "").replace("-", "_").split(",")
        names = (name.strip() for name in told)
        return {
            name: self._inherited.get(f"APOD_GIT_REMOTE_{name.upper()}", "")
            for name in names
            if name not in {"", "apod"}
        }

    def _part(self, name: str, words: list[str]) -> Part:
        program = str(Path(sys.executable).with_name("airflow"))
        # asked itself, it waits ten seconds for its child, however quickly that one goes
        return Part(name, [program, *words], self.variables, self.home, by_children=name == "triggerer")

    def _migrate(self) -> None:
        migration = self._part("db-migrate", ["db", "migrate"])
        try:
            for _ in ticks("`airflow db migrate`", [], self._stop, _MIGRATION_SECONDS):
                if migration.ended:
                    break
        finally:
            stop([migration], _SERVER_SECONDS)
        if migration.process.returncode:
            raise PartEnded(migration)

    def _await(self, what: str, condition: Callable[[], bool]) -> None:
        for _ in ticks(what, self.parts, self._stop, _START_SECONDS):
            if condition():
                return

    def _stop_parts(self) -> None:
        """Those that run tasks first: a task tells its end to the API server."""
        server = [part for part in self.parts if part.name == "api-server"]
        stop([part for part in self.parts if part not in server], _TASK_SECONDS)
        stop(server, _SERVER_SECONDS)

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self.seconds[step] = round(time.monotonic() - begin, 1)


def _is_healthy(health: Mapping[str, Mapping[str, str]], begin: datetime) -> bool:
    """Whether every part says so, and has said so since `begin`: an instance before this one may have been killed."""
    beats = [beat for part in health.values() for name, beat in part.items() if name.startswith("latest_")]
    return (
        all(part["status"] == "healthy" for part in health.values())
        and len(beats) == len(BACKGROUND)
        and all(datetime.fromisoformat(beat) >= begin for beat in beats)
    )


def _usable(port: int) -> int:
    """The port, or a free one for 0.

    Raises:
        SettingsError: Somebody listens on it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SettingsError(
                f"Port {port} cannot be used: {error.strerror}. Nothing was started; set AIRFLOW_PORT to another."
            ) from error
        return int(probe.getsockname()[1])


@contextmanager
def _alone(home: Path) -> Iterator[IO[str]]:
    with (home / "instance.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(
                f"An Airflow runs in {home} already. Nothing was started; stop it, or set AIRFLOW_HOME to another."
            ) from error
        yield lock
