"""The connections and the pool that the DAGs look for, made in Airflow's database so that its UI shows them.

Takes the pipeline's settings and its database, gives what is missing, never touches what is there: a user may
have edited it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apod_pipeline.settings import Settings
    from local_airflow.databases import Database
    from local_airflow.rest import RestApi

POOL, POOL_SLOTS = "nasa_api", 4


def wished(settings: Settings, database: Database, server: str, others: Mapping[str, str]) -> list[dict[str, Any]]:
    """The connections as they are made the first time; two of them hold secrets.

    Args:
        settings: the pipeline's.
        database: that is loaded.
        server: it is on.
        others: by data set beside APOD, its Git remote; empty for none.
    """
    theirs = (
        {"connection_id": f"{name}_{what}", "conn_type": "generic", "host": host, "description": words.format(name)}
        for name, remote in others.items()
        for what, host, words in (
            ("git", remote, "The host is the Git remote that versions of {} are pushed to; empty: nowhere."),
            ("dvc_remote", "", "The host is the URL of the DVC remote of {}; empty: a folder of apod_dvc_remote's."),
        )
    )
    return [
        *theirs,
        {
            "connection_id": "apod_nasa",
            "conn_type": "http",
            "password": settings.own["nasa_api_key"],
            "description": "NASA's services: the password is the key of the old API (api.nasa.gov).",
        },
        {
            "connection_id": "apod_postgres",
            "conn_type": "postgres",
            **database.fields(server),
            "description": "Where load_to_postgres loads.",
        },
        {
            "connection_id": "apod_git",
            "conn_type": "generic",
            "host": settings.git_remote or "",
            "description": "The host is the Git remote that versions are pushed to; empty: pushed nowhere.",
        },
        {
            "connection_id": "apod_dvc_remote",
            "conn_type": "generic",
            "host": settings.dvc_remote or "",
            "description": "The host is the URL of the DVC remote; empty: a folder beside the archive.",
        },
    ]


def make_absent(api: RestApi, connections: list[dict[str, Any]], requests: int = POOL_SLOTS) -> None:
    """Make those connections and that pool which are not there.

    Args:
        api: Airflow's.
        connections: as they are made the first time.
        requests: that a task makes at one time. One that takes more slots than its pool has would never begin.
    """
    for connection in connections:
        path = f"/connections/{connection['connection_id']}"
        if not api.has(path):
            api.post("/connections", connection)
        else:
            _follow_socket(api, path, connection)
    path, slots = f"/pools/{POOL}", max(POOL_SLOTS, requests)
    if not api.has(path):
        api.post("/pools", {"name": POOL, "slots": slots, "description": "Requests to NASA's services at one time."})
    elif api.get(path)["slots"] < requests:
        # the API wants the last one too, and then changes the slots alone
        api.patch(f"{path}?update_mask=slots", {"pool": POOL, "slots": slots, "include_deferred": False})


def _follow_socket(api: RestApi, path: str, connection: dict[str, Any]) -> None:
    """Point at the embedded server again where its socket is elsewhere since it was started anew.

    A long AIRFLOW_HOME has it in a temporary folder; a folder that is gone can be nobody's wish.
    """
    host = str(api.get(path)["host"] or "")
    if host.startswith("/") and not Path(host).exists():
        api.patch(f"{path}?update_mask=host", {**connection, "host": connection["host"]})
