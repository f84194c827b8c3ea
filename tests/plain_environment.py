"""What an Airflow of the tests inherits: nothing of the user's own."""

from __future__ import annotations

import os

USERS_OWN = ("APOD_", "POSTGRES_", "NASA_", "AIRFLOW")


def plain_environment(**more: str) -> dict[str, str]:
    """This process's environment without anything that would set up Airflow or the pipeline, and more."""
    return {name: value for name, value in os.environ.items() if not name.startswith(USERS_OWN)} | more
