"""Which data sets this Airflow serves, and in what surroundings each of them is.

Takes the environment and a task's params, gives names and one set's own variables. Imports nothing of the library: DAG
files import this. APOD is what it always was, whatever else is served: its variables, folder and remotes are its own.

    APOD_DATASETS             names, with commas between; `apod` alone where it is not set
    APOD_ARCHIVE              the archive of `apod`
    APOD_ARCHIVES             the folder of all other archives, each by its set's name; where it is not set, that which
                              is called as $APOD_ARCHIVE is, with an `s` at its end
    APOD_GIT_REMOTE_<SET>     the Git remote of another set, in capitals; APOD_GIT_REMOTE is APOD's alone
    APOD_DVC_REMOTE_<SET>     its DVC remote; where it is not set, a folder of its name in that of APOD_DVC_REMOTE
    APOD_OBJECTSTORE_URL_<SET>    where in an object store its versions go; where it is not set, a folder of its name
                              below APOD_OBJECTSTORE_URL
    APOD_TODAY_<SET>          the last day of its simulated services, which is never asked beyond
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

APOD = "apod"
_OF_ONE_ARCHIVE = ("APOD_ARCHIVE", "APOD_DATASET", "APOD_GIT_REMOTE", "APOD_DVC_REMOTE", "APOD_OBJECTSTORE_URL")


def served() -> tuple[str, ...]:
    """The names of the data sets that this Airflow serves."""
    told = os.environ.get("APOD_DATASETS", "").replace("-", "_").split(",")
    return tuple(dict.fromkeys(name.strip() for name in told if name.strip())) or (APOD,)


def set_of(context: Mapping[str, Any]) -> str:
    """The data set that a task's run is of, as the params say; APOD where they say nothing."""
    return str(context["params"].get("dataset") or APOD)


def own_variable(name: str, dataset: str) -> str:
    """What a variable is called that is one set's alone."""
    return name if dataset == APOD else f"{name}_{dataset.upper()}"


def surroundings(dataset: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment as a set's archive is to see it: for another set than APOD without what is only APOD's."""
    if dataset == APOD:
        return dict(environ)
    usual = f"{environ.get('APOD_ARCHIVE') or 'apod-archive'}s"
    own = {name: value for name, value in environ.items() if name not in _OF_ONE_ARCHIVE}
    own["APOD_ARCHIVE"] = str(Path(environ.get("APOD_ARCHIVES") or usual) / dataset)
    own["APOD_DATASET"] = dataset
    own["APOD_GIT_REMOTE"] = environ.get(own_variable("APOD_GIT_REMOTE", dataset), "")
    for name in ("APOD_DVC_REMOTE", "APOD_OBJECTSTORE_URL"):
        own[name] = environ.get(own_variable(name, dataset)) or below(environ.get(name), dataset)
    return own


def is_placed(environ: Mapping[str, str]) -> bool:
    """Whether anybody says where the archives of other sets than APOD are."""
    return bool(environ.get("APOD_ARCHIVES") or environ.get("APOD_ARCHIVE"))


def below(remote: str | None, dataset: str) -> str:
    """A set's own folder in a DVC remote, or below a store's prefix; empty where there is none."""
    return f"{remote.rstrip('/')}/{dataset}" if remote else ""


def zone_of(dataset: str) -> str:
    """The time zone in which a set's days begin: the one thing for which a DAG file loads a part of the library."""
    from apod_pipeline.dataset.installed import data_set

    return str(data_set(dataset).calendar.zone)
