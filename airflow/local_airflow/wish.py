"""What the user asks of `make airflow`, by variables.

Takes the environment and the variables of `.env`, gives a home, a port and what the tasks inherit; never lets a
simulated NASA get at a database, a remote or a key of the user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from apod_pipeline.dataset.installed import data_set
from apod_pipeline.errors import SettingsError
from local_airflow.databases import SERVER_VARIABLE

PORT = 8080
APOD = "apod"
_FOLDERS = {"simulator": "", "nasa": "-nasa"}
"""By source, what the default folders' names end in: generated entries and NASA's do not meet."""
_USERS_OWN = ("APOD_", "POSTGRES_", "NASA_", "AIRFLOW_CONN_APOD_")


@dataclass(frozen=True)
class Wish:
    """One wish.

    Attributes:
        source: `simulator` or `nasa`.
        home: AIRFLOW_HOME.
        archives: By data set, the archive that the tasks fill; APOD's is the one that `APOD_ARCHIVE` names.
        port: Of the user interface; 0 for any.
        environment: What the parts inherit; holds `APOD_ARCHIVE`, and where that is not all, `APOD_DATASETS` and
            `APOD_ARCHIVES`.
    """

    source: str
    home: Path
    archives: Mapping[str, Path]
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
    names = _served(environ.get("APOD_DATASETS") or (source == "nasa" and dotenv.get("APOD_DATASETS")) or APOD)
    told = {"APOD_ARCHIVE": str(archive)}
    root = Path(environ.get("APOD_ARCHIVES") or f"airflow-archives{_FOLDERS[source]}").absolute()
    if names != (APOD,):
        told |= {"APOD_DATASETS": ",".join(names), "APOD_ARCHIVES": str(root)}
    archives = {name: archive if name == APOD else root / name for name in names}
    return Wish(source, home, archives, _port(environ), inherited | told)


def _served(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.replace("-", "_").split(",") if name.strip())) or (APOD,)
    for name in names:
        try:
            data_set(name)
        except SettingsError as error:
            raise SettingsError(f"APOD_DATASETS is {text!r}: {error} Nothing was started.") from error
    return names


def _without_users_own(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in environ.items() if name == SERVER_VARIABLE or not name.startswith(_USERS_OWN)
    }


def _port(environ: Mapping[str, str]) -> int:
    text = environ.get("AIRFLOW_PORT") or str(PORT)
    if not text.isdigit() or int(text) > 65535:
        raise SettingsError(f"AIRFLOW_PORT is {text!r}, not a port (1 to 65535, or 0 for any). Nothing was started.")
    return int(text)
