"""Entries as Parquet: every field, with the provenance in the file's own metadata.

Takes chosen entries, writes a file, piece by piece. Same entries, same content; the bytes may change with the version
of polars, which signs the file. Days are dates here, so that nobody who reads the file need cast them; in the archive's
own file they stay text (ADR 10). Never decides which entries.
"""

from __future__ import annotations

import json
from pathlib import Path

from apod_pipeline.archive.processed import ROW_GROUP
from apod_pipeline.exporting.choice import Choice
from apod_pipeline.exporting.notes import facts


def write_parquet(choice: Choice, path: Path) -> None:
    """A date, text and lists of text, compressed with zstd; the key `apod` of the file's metadata holds JSON."""
    import polars

    dated = choice.frame.with_columns(polars.col("date").str.to_date("%Y-%m-%d"))
    told = {"apod": json.dumps(facts(choice), ensure_ascii=False)}
    dated.sink_parquet(path, compression="zstd", row_group_size=ROW_GROUP, metadata=told)
