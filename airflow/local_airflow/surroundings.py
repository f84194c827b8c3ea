"""The variables that every part of Airflow is started with.

Takes what the user has set, a home, a port and secrets, gives one environment. Never lets a variable of the user's
point a part at another database or address; what only tunes Airflow may be set by them.
"""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values

from local_airflow.connections import POOL
from local_airflow.databases import SERVER_VARIABLE
from local_airflow.secret_files import USER, SecretFiles

if TYPE_CHECKING:
    from collections.abc import Mapping

_TUNING = Path(__file__).parents[1] / "tuning.env"
TUNABLE = {
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "APOD_AIRFLOW_DEADLINES": "True",
    **{name: value or "" for name, value in dotenv_values(_TUNING, interpolate=False).items()},
}
"""Defaults of ours: a variable of the same name wins."""
_CONFIG = Path(__file__).parents[1] / "config"
_PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
# the first holds a superuser's password; the second makes every process compile DAG files anew
_NOT_FOR_PARTS = {SERVER_VARIABLE, "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Surroundings:
    """What the variables are made of.

    Attributes:
        home: AIRFLOW_HOME.
        dags: The DAG folder.
        port: Of the API server.
        metadata: URL of Airflow's own database, with its password.
    """

    home: Path
    dags: Path
    port: int
    metadata: str

    @property
    def url(self) -> str:
        """The address of the API server and user interface."""
        return f"http://127.0.0.1:{self.port}"

    def variables(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """One environment for all parts; it holds secrets."""
        withheld = _NOT_FOR_PARTS | {name.removesuffix("_CMD") for name in self._keys()}
        kept = {name: value for name, value in inherited.items() if name not in withheld}
        return TUNABLE | kept | self._fixed(inherited) | self._keys()

    def _fixed(self, inherited: Mapping[str, str]) -> dict[str, str]:
        # parts start programs by name, and speak to one another over loopback whatever proxy there is
        programs = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)])
        direct = ",".join(filter(None, [inherited.get("NO_PROXY") or inherited.get("no_proxy"), "127.0.0.1"]))
        return {
            "PATH": programs,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(_CONFIG), inherited.get("PYTHONPATH")])),
            "NO_PROXY": direct,
            "no_proxy": direct,
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW_CONFIG": str(self.home / "airflow.cfg"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(_PLUGINS),
            "AIRFLOW__CORE__AUTH_MANAGER": (
                "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
            ),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(SecretFiles(self.home).users),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            # its default is every address of the machine
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "APOD_AIRFLOW_POOL": POOL,
        }

    def _keys(self) -> dict[str, str]:
        """Where the secrets lie: tasks, and what they start, inherit these variables, so no secret stands in them."""
        files = SecretFiles(self.home)
        secrets = {
            "DATABASE__SQL_ALCHEMY_CONN": files.metadata_url(self.metadata),
            "CORE__FERNET_KEY": files.fernet_key(),
            "API__SECRET_KEY": files.key("session_key"),
            # when parts disagree about it, every run fails with a word in the API server's log alone
            "API_AUTH__JWT_SECRET": files.key("jwt_secret"),
        }
        return {f"AIRFLOW__{name}_CMD": f"cat {shlex.quote(str(path))}" for name, path in secrets.items()}
