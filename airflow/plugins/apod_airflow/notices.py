"""What is said when a task fails: the hook that alert channels are put into.

Takes a task's context, writes one line into the log of whoever runs it. Never raises: a notice that fails must not fail
the run once more.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger("apod_airflow.notices")


def failed(context: Mapping[str, Any]) -> None:
    """A task has failed for good."""
    task = context["ti"]
    log.error("apod: %s.%s of %s failed: %s", task.dag_id, task.task_id, task.run_id, context.get("exception"))
