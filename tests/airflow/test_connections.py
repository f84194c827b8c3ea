"""What a task makes of Airflow's connections, without a server: they come from the environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from lab import KEY

SCRIPT = """
import logging, psycopg
logging.basicConfig(format="%(message)s", force=True)
from apod_airflow.connections import POSTGRES, settings
with psycopg.connect(settings(names=[POSTGRES]).database) as connection:
    print(*connection.execute("SELECT current_setting('application_name'), current_database()").fetchone(), sep="|")
"""


@pytest.fixture
def connected(database_url, from_airflow):
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
        done = from_airflow.python(SCRIPT, AIRFLOW_CONN_APOD_POSTGRES=json.dumps(server | {"extra": extra}))
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


def test_lineage_is_left_to_airflows_own_provider(tmp_path, from_airflow):
    """A task's settings name every extra but `lineage`: what it would tell, the provider tells of each task already."""
    code = "from apod_airflow.connections import settings; print(*settings(names=()).extras)"
    told = {"APOD_ARCHIVE": str(tmp_path / "archive"), "APOD_EXTRAS": "lineage,metrics,traces"}
    done = from_airflow.python(code, **told)
    assert done.stdout.split() == ["metrics", "traces"], done.stderr


STORE = """
import json, logging
from apod_airflow.connections import S3, settings
from apod_pipeline.extras.objectstore.settings import wishes
known = settings(names=[S3])
told = wishes(known)
print(json.dumps([told.endpoint, list(told.keys)]))
print(repr(told), repr(known))
"""


@pytest.mark.parametrize(
    ("connection", "endpoint", "keys"),
    [
        (None, "http://environment", [None] * 4),
        ({"conn_type": "aws", "login": "a"}, "http://environment", ["a", None, None, None]),
        (
            {
                "conn_type": "generic",
                "login": "a",
                "password": KEY,
                "extra": {"endpoint_url": "http://ui/", "region": "here", "aws_session_token": "t"},
            },
            "http://ui",
            ["a", KEY, "t", "here"],
        ),
    ],
    ids=["none", "a key alone", "all"],
)
def test_what_the_object_stores_connection_says(connection, endpoint, keys, from_airflow):
    """Its login and password are the keys, its extra tells server and region; what is empty is the environment's."""
    done = from_airflow.python(
        STORE,
        APOD_EXTRAS="objectstore",
        APOD_OBJECTSTORE_URL="s3://bucket",
        APOD_OBJECTSTORE_ENDPOINT="http://environment",
        **({"AIRFLOW_CONN_APOD_S3": json.dumps(connection)} if connection else {}),
    )
    assert done.returncode == 0, done.stderr
    told, shown = done.stdout.splitlines()[-2:]
    assert json.loads(told) == [endpoint, keys]
    assert KEY not in shown


WAITING = """
from types import SimpleNamespace as Fake
from apod_airflow.names import AirflowFailException
from apod_airflow.stores import see_that_it_is_loaded
for tasks, state in ([], None), (["load_to_s3"], "success"), (["load_to_s3"], "upstream_failed"):
    old = Fake(dag_id="d", run_id="r", get_task_instance=lambda name: Fake(state=state))
    new = Fake(get_task_states=lambda dag_id, task_ids, run_ids: {"r": {task_ids[0]: state}})
    for task in Fake(), new:
        try:
            see_that_it_is_loaded({"dag": Fake(task_ids=tasks), "ti": task, "dag_run": old})
            print("goes on")
        except AirflowFailException as error:
            print(error)
"""


def test_who_waits_for_both_loads_needs_the_tables(from_airflow):
    """Where a store's load is beside it, the tables' one must have succeeded, on Airflow 2 and 3; else nobody asks."""
    done = from_airflow.python(WAITING)
    why = "load_to_postgres is upstream_failed, so nothing is tracked: clear that one"
    assert done.stdout.splitlines() == [*["goes on"] * 4, why, why]
