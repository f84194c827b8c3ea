"""What a child process inherits of this one's environment: nothing that concerns databases, NASA and an orchestrator.

Takes variables by name, gives those that Git and DVC may have; what reaches a remote (`AWS_...`, `SSH_...`, a proxy) is
among them. Whatever they start in turn, as an ssh or a helper for passwords, has no more than they.
"""

from __future__ import annotations

from collections.abc import Mapping

NOT_NEEDED, NEEDED = ("APOD_", "NASA_", "POSTGRES_", "PG", "AIRFLOW"), ("APOD_KILL_AT", "AIRFLOW_HOME")


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that are left to a child."""
    return {name: value for name, value in environ.items() if name in NEEDED or not name.startswith(NOT_NEEDED)}
