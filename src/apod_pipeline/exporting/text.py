"""Entries as CSV and as JSON lines: every field, one line an entry.

Takes chosen entries, writes a file. Lists are JSON text in CSV, where an empty cell is an absent value. Same entries,
same bytes, on every machine. JSON lines tell no types, so a reader guesses them from the first lines (polars from a
hundred): there is something in every field of those, if there is in any line. Never holds more than a piece of the
entries in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from apod_pipeline.archive.processed import csv_line
from apod_pipeline.datasets.apod.entry import ENTRY_FIELDS
from apod_pipeline.exporting.choice import Choice

GUESSED = 100  # lines from which polars guesses; others take more


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
    """An object an entry, with every field in the same order: UTF-8, LF.

    In the order of the days; but an entry that is the first with something in a field stands before them all, where it
    would come too late for whoever guesses what that field holds.
    """
    late = _late_examples(choice)
    days = {row["date"] for row in late}
    with path.open("wb") as file:
        file.writelines(_lines(late))
        file.writelines(_lines(row for row in choice.rows() if row["date"] not in days))


def _lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    return (orjson.dumps(row) + b"\n" for row in rows)


def _late_examples(choice: Choice) -> list[dict[str, Any]]:
    """The first entries with something in a field, where those come late."""
    import polars

    frame = choice.frame.with_row_index("row")
    there = {
        name: polars.col(name).list.len() > 0 if kind == polars.List else polars.col(name).is_not_null()
        for name, kind in choice.frame.collect_schema().items()
    }
    rows = [polars.col("row").filter(filled).min().alias(name) for name, filled in there.items()]
    found = frame.select(rows).collect().row(0)
    late = sorted({row for row in found if row is not None and row >= GUESSED - len(ENTRY_FIELDS)})
    return frame.filter(polars.col("row").is_in(late)).drop("row").collect().to_dicts()
