"""What happens when there is a new version: the smallest consumer of the asset `apod_archive`.

Takes the events of the asset, tells their versions. Copy it, and put your own work into its place.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from apod_airflow.names import dag, task
from apod_airflow.sets import APOD, served
from apod_airflow.versions import ARCHIVE

DOC = """
### News

Runs when `apod_etl_pipeline` or `apod_backfill` has committed a version: scheduled by data, not by a clock. The event's
extra holds the commit, the CSV's hash and how many entries there are.
"""


@dag(
    schedule=[ARCHIVE],
    start_date=dt.datetime(1995, 6, 16, tzinfo=dt.UTC),
    catchup=False,
    tags=["apod"],
    doc_md=DOC,
    default_args={"owner": "apod", "execution_timeout": dt.timedelta(minutes=5)},
)
def apod_news() -> None:
    """One task."""

    @task
    def tell(**context: Any) -> list[dict[str, Any]]:
        """The versions that started this run."""
        found = context.get("triggering_asset_events") or context.get("triggering_dataset_events") or {}
        return [dict(event.extra) for events in found.values() for event in events]

    tell()


if APOD in served():
    apod_news()
