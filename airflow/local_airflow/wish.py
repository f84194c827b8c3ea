"""What the user asks of `make airflow`, by variables.

Takes the environment and the variables of `.env`, gives a home, a port and what the tasks inherit; never lets a
simulated NASA get at a database, a remote or a key of the user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from apod_pipeline.errors import SettingsError
from local_airflow.databases import SERVER_VARIABLE

PORT = 8080
_FOLDERS = {"simulator": "", "nasa": "-nasa"}
"""By source, what the default folders' names end in: generated entries and NASA's do not meet."""
_USERS_OWN = ("APOD_", "POSTGRES_", "NASA_", "AIRFLOW_CONN_APOD_")


@dataclass(frozen=True)
class Wish:
    """One wish.

    Attributes:
        source: `simulator` or `nasa`.
        home: AIRFLOW_HOME.
        archive: The archive that the tasks fill.
        port: Of the user interface; 0 for any.
        environment: What the parts inherit; holds `APOD_ARCHIVE`.
    """

    source: str
    home: Path
    archive: Path
    port: int
    environment: Mapping[str, str]


def wish(environ: Mapping[str, str], dotenv: Mapping[str, str]) -> Wish:
    """The wish that variables express.

    Args:
        environ: The environment.
        dotenv: The variables of `.env`, which are weaker; for `SOURCE=nasa` only.

    Raises:
        SettingsError: A variable holds something that cannot be used.
    """
    source = environ.get("SOURCE") or "simulator"
    if source not in _FOLDERS:
        raise SettingsError(f"SOURCE is {source!r}; known sources: {', '.join(_FOLDERS)}. Nothing was started.")
    archive = Path(environ.get("APOD_ARCHIVE") or f"airflow-archive{_FOLDERS[source]}").absolute()
    home = Path(environ.get("AIRFLOW_HOME") or f".airflow{_FOLDERS[source]}").absolute()
    inherited = {**dotenv, **environ} if source == "nasa" else _without_users_own(environ)
    return Wish(source, home, archive, _port(environ), {**inherited, "APOD_ARCHIVE": str(archive)})


def _without_users_own(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in environ.items() if name == SERVER_VARIABLE or not name.startswith(_USERS_OWN)
    }


def _port(environ: Mapping[str, str]) -> int:
    text = environ.get("AIRFLOW_PORT") or str(PORT)
    if not text.isdigit() or int(text) > 65535:
        raise SettingsError(f"AIRFLOW_PORT is {text!r}, not a port (1 to 65535, or 0 for any). Nothing was started.")
    return int(text)
