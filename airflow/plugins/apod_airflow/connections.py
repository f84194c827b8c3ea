"""Settings of a task: from Airflow's connections, then the environment, then the defaults.

Takes the names of connections, gives `apod_pipeline` settings; looks when a task runs, so what was edited in the UI
counts for the next task. Never logs a value. An absent connection, or an empty field of one, leaves the word to the
environment.

    apod_nasa        password: the key of the old API
    apod_postgres    host, port, login, password, schema; extra: libpq's own options, `sslmode` say: the database that
                     is loaded
    apod_git         host: the Git remote that versions are pushed to
    apod_dvc_remote  host: the URL of the DVC remote
    apod_s3          login, password: access key and secret key of the object store; extra: `endpoint_url`,
                     `region_name`, `aws_session_token`; looked up where APOD_EXTRAS names `objectstore`

Another data set is loaded into the same database, and has remotes of its own: `approaches_git` and
`approaches_dvc_remote`. Where the latter is absent or empty, it has a folder of its name in the remote that
`apod_dvc_remote` names.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from apod_airflow.sets import APOD, below, is_placed, own_variable, surroundings
from apod_airflow.stores import EXTRA, S3, with_store

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection
    from pathlib import Path

    from apod_pipeline.settings import Settings

log = logging.getLogger(__name__)

LINEAGE = "lineage"
"""The extra that has nothing to tell here."""
_OF_ALL = ("apod_nasa", "apod_postgres")
"""Those that are every set's."""
NASA, POSTGRES, GIT, DVC_REMOTE, _ = ALL = ("apod_nasa", "apod_postgres", "apod_git", "apod_dvc_remote", S3)


def settings(
    today: dt.date | None = None, names: Collection[str] = ALL, archive: Path | None = None, dataset: str = APOD
) -> Settings:
    """What a task is to work with.

    Args:
        today: the newest day that is due for this run; None leaves it to the environment and the clock.
        names: connections to look up: each costs a question to Airflow's API server. Leave out only what the task
            cannot come to need: there the environment's word would count.
        archive: the folder, where it is not the environment's.
        dataset: of which the archive is.
    """
    from dataclasses import replace

    from apod_airflow.budget import REQUESTS
    from apod_pipeline.settings import resolve

    if dataset == APOD:
        resolved = resolve({"today": today, "archive": archive, **_told(names)})
    else:
        flags = {"today": today, "archive": archive, "dataset": dataset, **_told_of(dataset, names)}
        resolved = resolve(flags, surroundings(dataset, os.environ), dotenv=None)  # which would speak of APOD's
    for notice in resolved.notices:
        log.warning("%s", notice)
    if resolved.origins["APOD_ARCHIVE"] == "default" or (dataset != APOD and not is_placed(os.environ)):
        log.warning("APOD_ARCHIVE is not set: the archive is %s, on this machine alone", resolved.archive.absolute())
    if EXTRA in resolved.extras and S3 in names:
        resolved = with_store(resolved, connection(S3))
    # a file of the archive's may say more; the task holds slots for so many
    few = min(resolved.http_concurrency, REQUESTS)
    # Airflow's own provider tells of what each task reads and writes: a run that told it besides would be there twice
    return replace(resolved, http_concurrency=few, extras=tuple(one for one in resolved.extras if one != LINEAGE))


def _told(names: Collection[str]) -> dict[str, str | None]:
    asked = [name for name in names if name in _FIELDS]
    return {_FIELDS[name][0]: _FIELDS[name][1](known) for name in asked if (known := connection(name))}


def _told_of(dataset: str, names: Collection[str]) -> dict[str, str | None]:
    """What connections say of another set: those of all sets, and its own."""
    from apod_pipeline.settings.resolving import settings_of

    settable = {one.name for one in settings_of(dataset)}
    found = {name: value for name, value in _told([n for n in names if n in _OF_ALL]).items() if name in settable}
    for name in (GIT, DVC_REMOTE):
        if name in names and (own := connection(f"{dataset}{name.removeprefix(APOD)}")) and own.host:
            found[_FIELDS[name][0]] = own.host
    if (
        DVC_REMOTE in names
        and "dvc_remote" not in found
        and not os.environ.get(own_variable("APOD_DVC_REMOTE", dataset))
    ):
        shared = connection(DVC_REMOTE)
        found["dvc_remote"] = below(shared and shared.host, dataset) or None
    return found


def connection(name: str) -> Any:
    """One of Airflow's connections; None where there is none of that name."""
    from apod_airflow.names import AirflowNotFoundException, BaseHook

    try:
        return BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return None


def _conninfo(connection: Any) -> str | None:
    from psycopg.conninfo import make_conninfo

    if not connection.host:
        return None
    fields = {
        "host": connection.host,
        "port": connection.port,
        "user": connection.login,
        "password": connection.password,
        "dbname": connection.schema,
        **_libpqs(connection.extra_dejson),
    }
    return make_conninfo(**{name: value for name, value in fields.items() if value not in {None, ""}})


def _libpqs(extra: dict[str, Any]) -> dict[str, Any]:
    """What libpq knows of a connection's extra fields; the others are Airflow's own hooks', and libpq refuses them."""
    from psycopg.pq import Conninfo

    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    plain = {name: int(value) if isinstance(value, bool) else value for name, value in extra.items()}
    taken = {name: value for name, value in plain.items() if name in known and isinstance(value, str | int)}
    if others := sorted(extra.keys() - taken.keys()):
        log.warning("%s: the extra fields %s are not options of libpq; they are left out", POSTGRES, ", ".join(others))
    return taken


_FIELDS: dict[str, tuple[str, Callable[[Any], str | None]]] = {
    NASA: ("nasa_api_key", lambda connection: connection.password or None),
    POSTGRES: ("database_url", _conninfo),
    GIT: ("git_remote", lambda connection: connection.host or None),
    DVC_REMOTE: ("dvc_remote", lambda connection: connection.host or None),
}
"""By connection, the setting that it gives, and how."""
