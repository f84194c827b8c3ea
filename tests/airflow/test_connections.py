"""Airflow's connections as the pipeline's settings, without an Airflow that runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from plain_environment import plain_environment

PLUGINS = Path(__file__).parents[2] / "airflow" / "plugins"
TELL = "from apod_airflow.connections import settings; print(settings(names=['apod_postgres']).database)"


def test_extras_of_airflows_own_do_not_reach_the_server(tmp_path):
    """What only Airflow's hook understands is left out; libpq's options are passed on, also where they are 0."""
    extra = {"iam": False, "cursor": "dictcursor", "sslmode": "require", "keepalives": 0}
    told = {"conn_type": "postgres", "host": "db", "login": "me", "schema": "apod", "extra": extra}
    done = subprocess.run(
        [sys.executable, "-c", TELL],
        env=plain_environment(
            PYTHONPATH=str(PLUGINS), AIRFLOW_HOME=str(tmp_path), AIRFLOW_CONN_APOD_POSTGRES=json.dumps(told)
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = {"host": "db", "user": "me", "dbname": "apod", "sslmode": "require", "keepalives": "0"}
    assert conninfo_to_dict(done.stdout.splitlines()[-1]) == expected
