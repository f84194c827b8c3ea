"""What a task makes of Airflow's connections, without a server: they come from the environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from airflow_bench import PROJECTS_DAGS
from lab import KEY
from plain_environment import plain_environment

SCRIPT = """
import logging, psycopg
logging.basicConfig(format="%(message)s", force=True)
from apod_airflow.connections import POSTGRES, settings
with psycopg.connect(settings(names=[POSTGRES]).database) as connection:
    print(*connection.execute("SELECT current_setting('application_name'), current_database()").fetchone(), sep="|")
"""


@pytest.fixture
def connected(database_url):
    """Where a task gets to with a connection whose extra is this; gives what the server and the log say of it."""
    parts = conninfo_to_dict(database_url)
    server = {
        "conn_type": "postgres",
        "host": parts["host"],
        "port": int(parts.get("port") or 5432),
        "login": parts["user"],
        "password": parts.get("password") or "",
        "schema": parts["dbname"],
    }

    def connect(extra):
        environment = plain_environment(
            PYTHONPATH=str(PROJECTS_DAGS.parent / "plugins"),
            AIRFLOW_CONN_APOD_POSTGRES=json.dumps(server | {"extra": extra}),
        )
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1], done.stdout + done.stderr

    return connect


def test_extra_fields_that_are_not_libpqs_are_left_out(connected, database_url):
    """What Airflow's own hooks are told in the extra does not get to libpq; the log names fields, not values.

    It also says where the archive is that nobody has named.
    """
    extra = {"iam": True, "cursor": KEY, "options": {"a": 1}, "application_name": "from the extra", "keepalives": 0}
    reached, told = connected(extra)
    assert reached == f"from the extra|{conninfo_to_dict(database_url)['dbname']}"
    assert "apod_postgres: the extra fields cursor, iam, options are not options of libpq; they are left out" in told
    assert KEY not in told
    assert f"APOD_ARCHIVE is not set: the archive is {Path.cwd() / 'apod-archive'}, on this machine alone" in told


def test_lineage_is_left_to_airflows_own_provider(tmp_path):
    """A task's settings name every extra but `lineage`: what it would tell, the provider tells of each task already."""
    code = "from apod_airflow.connections import settings; print(*settings(names=()).extras)"
    environment = plain_environment(
        PYTHONPATH=str(PROJECTS_DAGS.parent / "plugins"),
        APOD_ARCHIVE=str(tmp_path / "archive"),
        APOD_EXTRAS="lineage,metrics,traces",
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["metrics", "traces"], done.stderr
