"""An Airflow that somebody has already, into which our two folders are copied.

Takes a folder and a simulated NASA, gives the environment of its programs: two variables that say where DAGs and
plugins are, SQLite, and none of ours but where the archive is to be and whom to ask.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_bench import PROJECTS_DAGS
from lab import KEY
from plain_environment import plain_environment

if TYPE_CHECKING:
    from apod_pipeline.simulator import Simulator


def existing_airflow(folder: Path, nasa: Simulator, **more: str) -> dict[str, str]:
    """The variables of every program of an Airflow in a folder; what is told more comes on top."""
    for name in ("dags", "plugins"):
        theirs = folder / "theirs" / name
        shutil.copytree(PROJECTS_DAGS.parent / name, theirs, ignore=shutil.ignore_patterns("__pycache__"))
    programs = str(Path(sys.executable).parent)
    own = {
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "theirs" / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(folder / "theirs" / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "APOD_ARCHIVE": str(folder / "archive"),
        "APOD_SCIENCE_URL": nasa.url,
        "APOD_PLANETARY_URL": nasa.url,
        "NASA_API_KEY": KEY,
    }
    kept = plain_environment()
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # every process would compile what it imports anew
    return kept | {"PATH": f"{programs}:{kept['PATH']}"} | own | more
