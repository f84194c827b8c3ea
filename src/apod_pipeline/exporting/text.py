"""Entries as CSV and as JSON lines: every field, one line an entry.

Takes chosen entries, writes a file. Lists are JSON text in CSV, where an empty cell is an absent value. Same entries,
same bytes, on every machine. Never holds more than a piece of the entries in memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from apod_pipeline.exporting.choice import Choice
from apod_pipeline.model import ENTRY_FIELDS
from apod_pipeline.processed import csv_line


def plain(value: Any) -> str | None:  # noqa: ANN401 - text, a list, or nothing
    """A value where there is only text: a list becomes its JSON."""
    return orjson.dumps(value).decode() if isinstance(value, list) else value


def write_csv(choice: Choice, path: Path) -> None:
    """A header and a record an entry: UTF-8, LF, quotes only where needed."""
    with path.open("wb") as file:
        file.write(csv_line(ENTRY_FIELDS))
        for piece in choice.pieces():
            file.writelines(csv_line(map(plain, row)) for row in piece.iter_rows())


def write_jsonl(choice: Choice, path: Path) -> None:
    """An object an entry, with every field in the same order: UTF-8, LF."""
    with path.open("wb") as file:
        file.writelines(orjson.dumps(row) + b"\n" for row in choice.rows())
