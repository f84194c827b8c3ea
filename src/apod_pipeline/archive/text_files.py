"""The whole archive as CSV and as JSON, one line an entry, so that a change is merged in without decoding the rest.

Takes rows in their order, gives files that are sorted, canonical and repeatable: same rows, same bytes. Never knows
what a field means: the columns are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson

from apod_pipeline.archive.writing import replacing
from apod_pipeline.dataset.fields import Columns
from apod_pipeline.dataset.readings import Row, canonical_json

QUOTE = '"'
_special = re.compile('[",\r\n]').search


# ---- one line a row ------------------------------------------------------------------------
def csv_line(values: Iterable[Any]) -> bytes:
    """One record of the CSV: UTF-8, LF, quotes only where needed, nothing for None, JSON for what is no text.

    What the csv module writes, in a fifth of its time: it looks at every letter by itself. The tests compare the two.
    """
    cells = [value if type(value) is str else "" if value is None else _as_json(value) for value in values]
    return (
        ",".join([f'"{cell.replace(QUOTE, QUOTE * 2)}"' if _special(cell) else cell for cell in cells]) + "\n"
    ).encode()


def _as_json(value: Any) -> str:  # noqa: ANN401 - of any kind that JSON knows
    # JSON words a number with a fraction as Python does; going through an encoder takes ten times as long.
    return repr(value) if type(value) is float and isfinite(value) else canonical_json(value)


def json_line(row: Mapping[str, Any]) -> bytes:
    """One record of the JSON array, without what separates it from the next."""
    return orjson.dumps(row)


# ---- lines merged into a file --------------------------------------------------------------
class _Line(NamedTuple):
    """A line of a file: the key of its entry, what it is sorted by, and its bytes."""

    key: str
    place: str
    content: bytes


class _Merging:
    """Lines of a file as it was, and new ones that are added in their order; of equal keys the new line is taken."""

    def __init__(self, old: Iterable[_Line], gone: Collection[str], write: Callable[[bytes], object]) -> None:
        self._old = (line for line in old if line.key not in gone)
        self._next = next(self._old, None)
        self._write = write

    def add(self, line: _Line) -> None:
        """Write a line, and before it the old ones that come first."""
        while self._next is not None and self._next.place <= line.place:
            if self._next.key != line.key:
                self._write(self._next.content)
            self._next = next(self._old, None)
        self._write(line.content)

    def end(self) -> None:
        """Write the old lines that are left."""
        if self._next is not None:
            self._write(self._next.content)
            for line in self._old:
                self._write(line.content)


class _Add(Protocol):
    """Puts a row into a file; it comes behind those that were put there before."""

    def __call__(self, row: Row, place: str) -> None: ...


@contextmanager
def _csv(path: Path, columns: Columns, gone: Collection[str] = frozenset(), *, keep: bool) -> Iterator[_Add]:
    alone, key, names = columns.day == columns.key, columns.key, columns.output

    def parsed(line: bytes) -> _Line:
        # A key holds neither comma nor quote, nor does a day.
        first, day, *_ = line.rstrip(b"\n").decode().split(",", 2)
        return _Line(first, first if alone else f"{day} {first}", line)

    with replacing(path) as file:
        file.write(csv_line(names))
        merging = _Merging(map(parsed, _old_lines(path, keep=keep)), gone, file.write)
        yield lambda row, place: merging.add(_Line(row[key], place, csv_line([row.get(name) for name in names])))
        merging.end()


@contextmanager
def _json(path: Path, columns: Columns, gone: Collection[str] = frozenset(), *, keep: bool) -> Iterator[_Add]:
    alone, key, names = columns.day == columns.key, columns.key, columns.output
    start = len(json_line({key: ""})) - 2  # where the key's value begins in a line
    separator = b"[\n"

    def parsed(line: bytes) -> _Line:
        if alone:
            told = line[start : line.index(b'"', start)].decode()
            return _Line(told, told, line)
        row = orjson.loads(line)
        return _Line(row[key], columns.place(row), line)

    with replacing(path) as file:

        def write(line: bytes) -> None:
            nonlocal separator
            file.write(separator + line)
            separator = b",\n"

        old = (parsed(line.rstrip(b",\n")) for line in _old_lines(path, keep=keep) if line != b"]\n")
        merging = _Merging(old, gone, write)
        yield lambda row, place: merging.add(_Line(row[key], place, json_line({name: row.get(name) for name in names})))
        merging.end()
        file.write(b"\n]\n" if separator == b",\n" else b"[\n]\n")


def _old_lines(path: Path, *, keep: bool) -> Iterator[bytes]:
    if keep and path.exists():
        with path.open("rb") as file:
            next(file, None)
            yield from file


# ---- files ---------------------------------------------------------------------------------
def write_csv(
    path: Path, columns: Columns, rows: Iterable[Row], *, keep: bool = False, gone: Collection[str] = frozenset()
) -> None:
    """Write the CSV; anew, or with the lines that it has and that are not gone."""
    with _csv(path, columns, gone, keep=keep) as add:
        for row in rows:
            add(row, columns.place(row))


def write_json(path: Path, columns: Columns, rows: Iterable[Row]) -> None:
    """Write the JSON array anew."""
    with _json(path, columns, keep=False) as add:
        for row in rows:
            add(row, columns.place(row))


def write_texts(
    csv: Path, json: Path, columns: Columns, rows: Iterable[Row], *, keep: bool, gone: Collection[str] = frozenset()
) -> None:
    """Write both, reading the rows once.

    Args:
        csv: where the CSV lies, or will.
        json: where the JSON array does.
        columns: the fields of an entry.
        rows: in their order.
        keep: whether lines of other keys stay.
        gone: keys whose lines do not, also those of rows that moved to another place.
    """
    with _json(json, columns, gone, keep=keep) as add_json, _csv(csv, columns, gone, keep=keep) as add_csv:
        for row in rows:
            place = columns.place(row)
            add_csv(row, place)
            add_json(row, place)
