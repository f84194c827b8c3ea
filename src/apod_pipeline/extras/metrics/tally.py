"""What is counted from run to run, and what the last run and the last verification were: `.apod/metrics.json`.

Takes an archive, outcomes and findings; gives samples. No projection: it is added to, never made again. A file that
cannot be read begins anew: Prometheus takes a counter that falls for one that was reset.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.writing import replacing
from apod_pipeline.extras.metrics.names import Sample
from apod_pipeline.model import Outcome

NAME = "metrics.json"
RESULTS = {0: "ok", 3: "refused", 4: "missing"}
COUNTED = ("inserted", "changed", "gone", "unchanged", "refused")


def count_run(archive: Archive, outcome: Outcome, error: Exception | None, at: dt.datetime) -> list[Sample]:
    """Count a run that has ended; gives all that was counted."""
    result = "failed" if error else RESULTS.get(outcome.exit_code, "failed")
    with _opened(archive) as tally:
        _add(tally, "apod_runs_total", 1, result)
        _add(tally, "apod_refusals_total", outcome.refused)
        for source, asked in outcome.asked.items():
            _add(tally, "apod_source_requests_total", asked.requests, source)
            _add(tally, "apod_source_failures_total", asked.failed, source)
            _add(tally, "apod_source_seconds_total", asked.seconds, source)
        tally["last_run"] = {
            "apod_last_run_timestamp_seconds": [[at.timestamp()]],
            "apod_last_run_exit_code": [[outcome.exit_code]],
            "apod_last_run_seconds": [[seconds, stage] for stage, seconds in outcome.seconds.items()],
            "apod_last_run_entries": [
                *([getattr(outcome, name), name] for name in COUNTED),
                [len(outcome.missing), "missing"],
            ],
        }
        if not (error or outcome.exit_code):
            tally["last_good_run"] = {"apod_last_good_run_timestamp_seconds": [[at.timestamp()]]}
        return [*_samples(tally)]


def count_verification(archive: Archive, at: dt.datetime, *, well: bool) -> list[Sample]:
    """Keep when the archive was verified last, and whether all was well; gives all that was counted."""
    with _opened(archive) as tally:
        told = {"apod_verified_timestamp_seconds": [[at.timestamp()]], "apod_verified_well": [[int(well)]]}
        tally["verified"] = told
        return [*_samples(tally)]


def counted(archive: Archive) -> list[Sample]:
    """All that was counted so far; nothing where that may not be read."""
    try:
        return [*_samples(json.loads((archive.private / NAME).read_bytes()))]
    except (OSError, ValueError, AttributeError, TypeError):
        return []


def _add(tally: dict[str, Any], name: str, amount: float, *labels: str) -> None:
    rows = tally.setdefault("counters", {}).setdefault(name, [])
    row = next((row for row in rows if row[1:] == [*labels]), None)
    if row is None:
        rows.append(row := [0, *labels])
    row[0] = round(row[0] + amount, 3)


def _samples(tally: dict[str, Any]) -> Iterator[Sample]:
    for told in tally.values():
        for name, rows in told.items():
            yield from (Sample(name, value, tuple(labels)) for value, *labels in rows)


@contextmanager
def _opened(archive: Archive) -> Iterator[dict[str, Any]]:
    """The tally, to be added to; others wait."""
    archive.close_private()
    path = archive.private / NAME
    with (archive.private / "metrics.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            tally = json.loads(path.read_bytes())
            sound = all(math.isfinite(sample.value) for sample in _samples(tally))
        except (FileNotFoundError, ValueError, AttributeError, TypeError):
            tally, sound = {}, True
        tally = tally if sound else {}
        yield tally
        with replacing(path) as file:
            file.write(json.dumps(tally, indent=1).encode())
