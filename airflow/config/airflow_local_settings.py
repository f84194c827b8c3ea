"""What Airflow takes from here in place of its own settings: logs that mask secrets in every process.

Takes Airflow's logging, gives the same with one step more, never changes what a task's own log looks like.

LocalExecutor writes each line of a task twice: into the task's log, where Airflow masks secrets, and onto the
scheduler's output, where it does not (seen with Airflow 3.3.2). Airflow imports this module from its search path
and lets it replace names of `airflow.settings`; for an Airflow of your own put it into `$AIRFLOW_HOME/config`.
"""

from __future__ import annotations

__all__ = ["configure_logging"]


def configure_logging() -> None:
    """Airflow's own, and then a step that masks before the one that writes."""
    import structlog
    from airflow.logging_config import configure_logging as set_up
    from airflow.sdk.log import mask_logs

    set_up()
    *steps, write = structlog.get_config()["processors"]
    structlog.configure(processors=[*steps, mask_logs, write])
