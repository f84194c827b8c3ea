"""What is imported when: nothing heavy by the package, by help, or by a run that finds nothing new."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

WIRING = "apod_pipeline.wiring"  # half of what a run imports
HEAVY = {"polars", "dvc", "psycopg", "httpx", "rich", "airflow", "pandas", "numpy", "requests", "PIL"}


def _imported(*arguments, environment=None):
    """Top-level names of all modules that a Python process imported, and how it ended."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        env=environment or dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    names = re.findall(r"^import time:.*\|\s*([\w.]+)$", done.stderr, re.MULTILINE)
    return {name.partition(".")[0] for name in names} | {"wiring" for name in names if name == WIRING}, done


@pytest.mark.parametrize("module", ["apod_pipeline", "apod_pipeline.settings", "apod_pipeline.run.pipeline"])
def test_the_package_imports_nothing_heavy(module):
    """A DAG file may import the package, its settings and its pipeline every thirty seconds."""
    names, done = _imported("-c", f"import {module}")
    assert done.returncode == 0
    assert "apod_pipeline" in names
    assert not names & HEAVY


def test_the_wiring_imports_nothing_heavy():
    """Naming all implementations imports none of the libraries behind them."""
    names, _ = _imported("-c", "import apod_pipeline.wiring, apod_pipeline.jobs.doctor, apod_pipeline.run.importing")
    assert not names & (HEAVY | {"click"})


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["run", "--help"], ["doctor", "--help"], ["export", "--help"]]
)
def test_help_imports_nothing_heavy(words):
    """Whoever asks for help waits for none of the libraries that a run needs, nor for the wiring of one."""
    names, done = _imported("-m", "apod_pipeline.cli", *words)
    assert done.returncode == 0
    assert not names & {*HEAVY, "wiring"}


def test_a_run_that_finds_nothing_new_stays_light(lab):
    """The daily run mostly finds nothing new: it ends without polars, without DVC, and without a table drawn."""
    lab.run()
    names, done = _imported("-m", "apod_pipeline.cli", "run", environment=lab.environment())
    assert done.returncode == 0
    assert "nothing new" in done.stdout
    assert not names & (HEAVY - {"httpx", "psycopg"})
    assert {"httpx", "psycopg"} <= names  # it did ask, and did look at the database
