"""Entries as CSV and as JSON lines: every field, one line an entry.

Takes chosen entries, writes a file. What is no text is its JSON in CSV, where an empty cell is an absent value. Same
entries, same bytes, on every machine. JSON lines tell no types, so a reader guesses them from the first lines (polars
from a hundred): there is something in every field of those, if there is in any line. Never holds more than a piece of
the entries in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from apod_pipeline.archive.text_files import csv_line
from apod_pipeline.exporting.choice import Choice
from apod_pipeline.exporting.kinds import plain

GUESSED = 100  # lines from which polars guesses; others take more
ROW = "the row's number"  # no field is called so


def write_csv(choice: Choice, path: Path) -> None:
    """A header and a record an entry: UTF-8, LF, quotes only where needed."""
    with path.open("wb") as file:
        file.write(csv_line(choice.dataset.columns.every))
        for piece in choice.pieces():
            file.writelines(csv_line(map(plain, row)) for row in piece.iter_rows())


def write_jsonl(choice: Choice, path: Path) -> None:
    """An object an entry, with every field in the same order: UTF-8, LF.

    In the order of the days; but an entry that is the first with something in a field stands before them all, where it
    would come too late for whoever guesses what that field holds.
    """
    late = _late_examples(choice)
    key = choice.dataset.columns.key
    keys = {row[key] for row in late}
    with path.open("wb") as file:
        file.writelines(_lines(late))
        file.writelines(_lines(row for row in choice.rows() if row[key] not in keys))


def _lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    return (orjson.dumps(row) + b"\n" for row in rows)


def _late_examples(choice: Choice) -> list[dict[str, Any]]:
    """The first entries with something in a field, where those come late."""
    import polars

    there = {
        name: polars.col(name).list.len() > 0 if kind == polars.List else polars.col(name).is_not_null()
        for name, kind in choice.frame.collect_schema().items()
    }
    frame = choice.frame.with_row_index(ROW)
    rows = [polars.col(ROW).filter(filled).min().alias(name) for name, filled in there.items()]
    found = frame.select(rows).collect().row(0)
    late = sorted({row for row in found if row is not None and row >= GUESSED - len(there)})
    return frame.filter(polars.col(ROW).is_in(late)).drop(ROW).collect().to_dicts()
