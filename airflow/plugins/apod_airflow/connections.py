"""Settings of a task: from Airflow's connections, then the environment, then the defaults.

Takes the names of four connections, gives `apod_pipeline` settings; looks when a task runs, so what was edited in the
UI counts for the next task. Never logs a value. An absent connection, or an empty field of one, leaves the word to
the environment.

    apod_nasa        password: the key of the old API
    apod_postgres    host, port, login, password, schema; extra `sslmode`: the database that is loaded
    apod_git         host: the Git remote that versions are pushed to
    apod_dvc_remote  host: the URL of the DVC remote
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt

    from apod_pipeline.settings import Settings


def settings(today: dt.date | None = None) -> Settings:
    """What a task is to work with.

    Args:
        today: the newest day that is due for this run; None leaves it to the environment and the clock.
    """
    from apod_pipeline.settings import resolve

    return resolve({"today": today, **_told()})


def _told() -> dict[str, Any]:
    nasa, postgres = _connection("apod_nasa"), _connection("apod_postgres")
    git, dvc = _connection("apod_git"), _connection("apod_dvc_remote")
    return {
        "nasa_api_key": (nasa and nasa.password) or None,
        "database_url": postgres and postgres.host and _conninfo(postgres),
        "git_remote": (git and git.host) or None,
        "dvc_remote": (dvc and dvc.host) or None,
    }


def _connection(name: str) -> Any:
    from apod_airflow.names import AirflowNotFoundException, BaseHook

    try:
        return BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return None


def _conninfo(connection: Any) -> str:
    from psycopg.conninfo import make_conninfo

    fields = {
        "host": connection.host,
        "port": connection.port,
        "user": connection.login,
        "password": connection.password,
        "dbname": connection.schema,
        **connection.extra_dejson,
    }
    return make_conninfo(**{name: value for name, value in fields.items() if value})
