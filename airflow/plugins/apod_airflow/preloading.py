"""The library, loaded once by the scheduler, so that tasks which are forked from it need not load it again.

Takes the scheduler's start, gives modules in memory, never anything but an import, and nothing in Airflow's other
parts. A task of another executor than LocalExecutor, or of a system without fork, loads for itself what it needs.
"""

from __future__ import annotations

import importlib
import sys

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

# In an order in which they can be imported. What DVC and httpx import at their first use stands here too: together half
# a second of a run.
MODULES = (
    *("apod_pipeline.run.steps", "apod_pipeline.wiring"),
    *("apod_pipeline.versioning.dvc", "apod_pipeline.fetching.probing", "apod_pipeline.jobs.verify"),
    *("dvc.repo", "dvc.cachemgr", "dvc.data_cloud", "dvc.dirs", "dvc.lock", "dvc.rwlock", "dvc.scm"),
    *("httpx", "httpcore", "orjson", "polars", "psycopg"),
)


def load() -> None:
    """Import everything that a task would."""
    for name in MODULES:
        importlib.import_module(name)


class _AtTheStart:
    @hookimpl
    def on_starting(self, component: object) -> None:  # noqa: ARG002 - Airflow calls it by name
        """Load, where workers are about to be forked."""
        if sys.argv[1:2] == ["scheduler"]:
            load()


class Preloading(AirflowPlugin):
    """How Airflow finds it."""

    name = "apod_preloading"
    listeners = [_AtTheStart()]  # noqa: RUF012 - Airflow's own form
