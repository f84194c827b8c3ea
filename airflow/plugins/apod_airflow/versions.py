"""What a task tells of the version that it made: the asset's event, and a link to the commit.

Takes what the library's step gave, gives it to Airflow. Never makes a version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apod_airflow.names import Asset, AssetAlias, BaseOperatorLink
from apod_airflow.sets import APOD, set_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def asset_of(dataset: str) -> Any:
    """A set's archive: an outlet of tasks that make versions of it, the schedule of a DAG that waits for them."""
    return Asset(f"{dataset}_archive")


ARCHIVE = asset_of(APOD)


def told(context: Mapping[str, Any], version: dict[str, Any], outlet: Any = None) -> dict[str, Any]:
    """A version, with the event of its set's asset telling of it.

    Args:
        context: the task's.
        version: what is told.
        outlet: of a task that makes versions of any set, the name for whichever asset it comes to be.
    """
    asset = asset_of(set_of(context))
    if (events := context.get("outlet_events")) is None:  # Airflow 2.9 has none
        return version
    if outlet is None or outlet == asset:
        events[asset].extra = version
    else:
        events[outlet].add(asset, extra=version)
    return version


def outlet_of(datasets: Collection[str], name: str) -> Any:
    """What a task tells of its versions that makes them of any of some sets: a set's asset where there is but one.

    Airflow 2.9 has no names for assets that are known later: there such a task tells of APOD's archive alone.
    """
    return ARCHIVE if AssetAlias is None or tuple(datasets) == (APOD,) else AssetAlias(name)


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
