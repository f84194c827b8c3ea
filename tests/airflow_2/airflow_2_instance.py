"""An Airflow 2.9.1 of real processes, a scheduler with LocalExecutor and a triggerer, out of an environment of its own.

Takes a home, a DAG folder and what tasks inherit, gives the running instance for the length of a block. Never listens
on an address, never shows a secret in an argument, and leaves no process behind.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from apod_pipeline.settings import resolve
from local_airflow import Part, connections, databases
from local_airflow.parts import stop, ticks
from local_airflow.secret_files import SecretFiles
from local_airflow.surroundings import TUNABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION = "2.9.1"
PROGRAM = Path(__file__).parents[2] / ".venv-airflow-2" / "bin" / "airflow"
PLUGINS = Path(__file__).parents[2] / "airflow" / "plugins"
# Their log servers would listen on every address.
PARTS = {"scheduler": ["scheduler", "--skip-serve-logs"], "triggerer": ["triggerer", "--skip-serve-logs"]}
_STOP_SECONDS = 15.0


class Airflow2:
    """Airflow 2.9.1 over two databases on an embedded PostgreSQL: its metadata, and what the pipeline loads.

    Attributes:
        home: AIRFLOW_HOME.
        metadata: Airflow's own database.
        loaded: The pipeline's.
        server: The URL of the PostgreSQL that holds both, while it runs.
        parts: The running processes.
    """

    def __init__(self, home: Path, dags: Path, environment: Mapping[str, str]) -> None:
        self.home, self.server = home, ""
        self.parts: list[Part] = []
        self._secrets = SecretFiles(home)
        self.metadata = self._secrets.database("airflow", "airflow")
        self.loaded = self._secrets.database("apod_pipeline", "apod")
        self._dags, self._inherited = dags, environment
        self._variables: dict[str, str] = {}

    @contextmanager
    def running(self) -> Iterator[Airflow2]:
        """Migrate its database, make the connections, start the parts; stop them at the end of the block."""
        with databases.server(self.home / "postgres", None) as self.server:
            databases.separate(self.server, self.metadata, self.loaded)
            self._variables = self._environment()
            self.cli("db", "migrate")
            self.cli("connections", "import", str(self.connections_file()))
            try:
                for name, words in PARTS.items():
                    self.parts.append(Part(name, [str(PROGRAM), *words], self._variables, self.home))
                yield self
            finally:
                stop(self.parts, _STOP_SECONDS)

    def cli(self, *words: str) -> str:
        """What Airflow's command line answers."""
        command = [str(PROGRAM), *words]
        done = subprocess.run(command, env=self._variables, cwd=self.home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"airflow {words}: {done.stderr[-2000:]}"
        return done.stdout.strip()

    def eventually(self, what: str, seconds: float) -> Iterator[None]:
        """Look again until the caller leaves the loop; an error when it takes too long or one of the parts ends."""
        return ticks(what, self.parts, threading.Event(), seconds)

    def _environment(self) -> dict[str, str]:
        keys = {
            "DATABASE__SQL_ALCHEMY_CONN": self._secrets.metadata_url(self.metadata.sqlalchemy_url(self.server)),
            "CORE__FERNET_KEY": self._secrets.fernet_key(),
            "WEBSERVER__SECRET_KEY": self._secrets.key("session_key"),
        }
        kept = {name: value for name, value in self._inherited.items() if name not in _NOT_FOR_PARTS}
        return TUNABLE | kept | {
            "PATH": f"{PROGRAM.parent}:{kept['PATH']}",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self._dags),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS),
            **{f"AIRFLOW__{name}_CMD": f"cat {shlex.quote(str(path))}" for name, path in keys.items()},
        }  # fmt: skip

    def connections_file(self) -> Path:
        """The file of the connections; Airflow's command line would take a password among its arguments."""
        settings = resolve({}, self._inherited, dotenv=None)
        wished = connections.wished(settings, self.loaded, self.server, {})
        file = self._secrets.folder / "connections.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps({one.pop("connection_id"): one for one in wished}))
        return file


# What of the main environment would be another Python's, or would make every process compile DAG files anew.
_NOT_FOR_PARTS = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
