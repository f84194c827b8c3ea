"""Entries as Parquet: every field, with the provenance in the file's own metadata.

Takes chosen entries, writes a file, piece by piece. Same entries, same content; the bytes may change with the version
of polars, which signs the file. Days are dates here, and instants are instants, so that nobody who reads the file need
cast them; in the archive's own file they stay text (ADR 10). Never decides which entries.
"""

from __future__ import annotations

import json
from pathlib import Path

from apod_pipeline.archive.processed import ROW_GROUP
from apod_pipeline.exporting import kinds
from apod_pipeline.exporting.choice import Choice
from apod_pipeline.exporting.notes import facts


def write_parquet(choice: Choice, path: Path) -> None:
    """Compressed with zstd; in the file's metadata the name of the data set is the key of the provenance, as JSON."""
    told = {choice.dataset.name: json.dumps(facts(choice), ensure_ascii=False)}
    dated = kinds.dated(choice.frame, choice.dataset.columns.fields)
    dated.sink_parquet(path, compression="zstd", row_group_size=ROW_GROUP, metadata=told)
