"""Where a run can be killed: names of `APOD_KILL_AT`, each with how often it is passed before."""

from __future__ import annotations

KILL_PLACES = [
    "reply-received",
    "reply-received:3",
    "reply-promoted",
    "reply-promoted:2",
    "write ledger",
    "write ledger:3",
    "write ledger:4",
    "ledger-appended:2",
    "version-sealed",
    "write apod_data.csv",
    "write apod_transformed.json",
    "write apod_entries.parquet",
    "write progress.json",
    "write quality.json",
    "before-database-commit",
    "after-database-commit",
    "dvc-added",
    "dvc-pushing",
    "dvc-pushing:2",
    "dvc-pushed",
    "write progress.json:3",
    "committed",
    "git-pushed",
]
