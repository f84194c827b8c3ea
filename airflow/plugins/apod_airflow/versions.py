"""What a task tells of the version that it made: the asset's event, and a link to the commit.

Takes what the library's step gave, gives it to Airflow. Never makes a version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apod_airflow.names import Asset, BaseOperatorLink

if TYPE_CHECKING:
    from collections.abc import Mapping

ARCHIVE = Asset("apod_archive")
"""A task that makes versions has it among its outlets; a DAG that waits for versions, as its schedule."""


def told(context: Mapping[str, Any], version: dict[str, Any]) -> dict[str, Any]:
    """A version, with the asset's event telling of it."""
    if (events := context.get("outlet_events")) is not None:  # Airflow 2.9 has none
        events[ARCHIVE].extra = version
    return version


def linked(task: Any) -> Any:
    """A task that gives `commit_url`, with a button of that address in the UI; none on Airflow 2."""
    if BaseOperatorLink is not None:
        task.operator.operator_extra_links = (CommitLink(),)
    return task


class CommitLink(BaseOperatorLink or object):  # Airflow 2 has none
    """A button that leads to the commit on the Git remote's pages; nowhere, when it has none."""

    name = "Commit"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address, out of what the task has just told."""
        return ti_key.xcom_pull(task_ids=operator.task_id, key="commit_url", map_indexes=None) or ""
