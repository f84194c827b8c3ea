"""What reading a DAG file costs, in a process that has Airflow already."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from airflow_bench import PROJECTS_DAGS
from plain_environment import plain_environment

HEAVY = ["apod_pipeline", "dvc", "polars", "psycopg"]
# Each file in a fork of its own, as if it were the first; Airflow's own start would take longer than all of them.
SCRIPT = """
import json, os, runpy, sys
import airflow.sdk
heavy, *paths = sys.argv[1:]
for path in paths:
    if not os.fork():
        runpy.run_path(path)
        print("loaded:", json.dumps([path, sorted({*json.loads(heavy)} & {*sys.modules})]), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, path
"""


@pytest.fixture(scope="module")
def loaded():
    """By the name of a DAG file, what heavy things are loaded after it."""
    paths = [str(path) for path in sorted(PROJECTS_DAGS.glob("*.py"))]
    plugins = str(PROJECTS_DAGS.parent / "plugins")
    environment = plain_environment(PYTHONPATH=plugins, AIRFLOW__CORE__UNIT_TEST_MODE="True")
    words = [sys.executable, "-c", SCRIPT, json.dumps(HEAVY), *paths]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line[8:]) for line in done.stdout.splitlines() if line.startswith("loaded: "))


@pytest.mark.parametrize("path", sorted(PROJECTS_DAGS.glob("*.py")), ids=lambda path: path.stem)
def test_a_dag_file_loads_nothing_but_airflow(loaded, path):
    """Airflow reads it every thirty seconds: neither the library nor what it stands on is imported by that."""
    assert loaded[str(path)] == []
