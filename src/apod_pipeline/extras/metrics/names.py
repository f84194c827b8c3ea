"""Every metric of an archive: its type, what it means, and its labels besides `dataset`.

Takes nothing, gives the table; rules, dashboard and docs speak of these names alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Metric(NamedTuple):
    """One metric.

    Attributes:
        kind: `gauge`, or `counter` (its name ends in `_total`).
        meaning: in a line.
        labels: besides `dataset`.
    """

    kind: str
    meaning: str
    labels: tuple[str, ...] = ()


METRICS: Mapping[str, Metric] = {
    "apod_entries": Metric("gauge", "entries of the newest version"),
    "apod_days": Metric("gauge", "days by their coverage", ("status",)),
    "apod_newest_entry_timestamp_seconds": Metric("gauge", "when the newest entry's day began"),
    "apod_missing_newest": Metric("gauge", "1 where the newest day that is due is not there"),
    "apod_revisions": Metric("gauge", "states that entries have or had"),
    "apod_versions": Metric("gauge", "versions"),
    "apod_version_timestamp_seconds": Metric("gauge", "when the newest version was made"),
    "apod_unpushed": Metric("gauge", "1 where the newest version is not on the Git remote that is set"),
    "apod_refusals_open": Metric("gauge", "days whose last word was refused"),
    "apod_last_run_timestamp_seconds": Metric("gauge", "when a run ended last"),
    "apod_last_good_run_timestamp_seconds": Metric("gauge", "when a run ended well last"),
    "apod_last_run_exit_code": Metric("gauge", "exit code of the last run"),
    "apod_last_run_seconds": Metric("gauge", "seconds that a stage of the last run took", ("stage",)),
    "apod_last_run_entries": Metric(
        "gauge", "entries of the last run: inserted, changed, gone, unchanged, refused, missing", ("what",)
    ),
    "apod_runs_total": Metric("counter", "runs by how they ended: ok, refused, missing, failed", ("result",)),
    "apod_refusals_total": Metric("counter", "refusals by the canary"),
    "apod_source_requests_total": Metric("counter", "requests to a source", ("source",)),
    "apod_source_failures_total": Metric("counter", "requests to a source that brought nothing", ("source",)),
    "apod_source_seconds_total": Metric("counter", "seconds spent waiting for a source", ("source",)),
    "apod_verified_timestamp_seconds": Metric("gauge", "when the archive was verified last"),
    "apod_verified_well": Metric("gauge", "1 where that found nothing"),
    "apod_disk_bytes": Metric("gauge", "bytes of a part of the archive", ("part",)),
    "apod_disk_free_bytes": Metric("gauge", "bytes that the archive's disk still takes"),
}


class Sample(NamedTuple):
    """One number: of a metric, with its labels' values."""

    name: str
    value: float
    labels: tuple[str, ...] = ()
