"""What an archive's tables tell of it in numbers, for who sees no more of it.

Takes the name of a data set and a way to select, gives samples. Only reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apod_pipeline.extras.metrics.names import Sample
from apod_pipeline.ports import Select

# One question: the mirror is asked every few seconds.
QUESTION = """
SELECT
    (SELECT count(*) FROM {name}_revision WHERE observed_to IS NULL) AS entries,
    (SELECT count(*) FROM {name}_revision) AS revisions,
    (SELECT extract(epoch FROM version_at)::float FROM {name}_state) AS version,
    (SELECT count(DISTINCT date) FROM {name}_quarantine WHERE resolved_at IS NULL) AS refused,
    (SELECT json_object_agg(status, days)
     FROM (SELECT status, count(*) AS days FROM {name}_day GROUP BY status) AS told) AS days,
    run.*
FROM (SELECT) AS one LEFT JOIN LATERAL (
    SELECT extract(epoch FROM finished_at)::float AS finished, exit_code, inserted, changed, unchanged, missing,
           refused AS refusals,
           (SELECT extract(epoch FROM max(finished_at))::float FROM {name}_run WHERE exit_code = 0) AS good
    FROM {name}_run ORDER BY finished_at DESC LIMIT 1
) AS run ON true
"""


async def numbers(dataset: str, select: Select) -> list[Sample]:
    """Entries, coverage, versions and the last run, as the tables know them."""
    (row,) = await select(QUESTION.format(name=dataset))
    return [*_samples(row)]


def _samples(row: Mapping[str, Any]) -> Iterator[Sample]:
    plain = {
        "apod_entries": row["entries"],
        "apod_revisions": row["revisions"],
        "apod_version_timestamp_seconds": row["version"],
        "apod_refusals_open": row["refused"],
        "apod_last_run_timestamp_seconds": row["finished"],
        "apod_last_good_run_timestamp_seconds": row["good"],
        "apod_last_run_exit_code": row["exit_code"],
    }
    yield from (Sample(name, value) for name, value in plain.items() if value is not None)
    yield from (Sample("apod_days", count, (status,)) for status, count in (row["days"] or {}).items())
    if row["finished"] is not None:
        told = {name: row[name] for name in ("inserted", "changed", "unchanged", "missing")} | {
            "refused": row["refusals"]
        }
        yield from (Sample("apod_last_run_entries", value, (what,)) for what, value in told.items())
