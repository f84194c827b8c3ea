"""The whole archive as three files: CSV and JSON with the output fields, Parquet with every field.

Takes rows by key, gives files that are sorted, canonical and repeatable: same rows, same bytes. CSV and JSON hold one
line a key, so that a change is merged into them without decoding the rest. Never knows what a field means: the
columns are handed in. Holds content only, no clock time and no raw file's name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import orjson

from apod_pipeline.archive import Archive, replacing

if TYPE_CHECKING:
    import polars

Row = dict[str, Any]
BATCH = 4096


@dataclass(frozen=True)
class Columns:
    """Which fields there are.

    Attributes:
        key: the field that sorts and identifies; written first.
        output: the fields of CSV and JSON, the key first.
        lists: fields that hold lists of text; all others hold text or nothing.
        every: the fields of the Parquet file, the key first.
    """

    key: str
    output: tuple[str, ...]
    every: tuple[str, ...]
    lists: tuple[str, ...] = ()


@dataclass
class Rows:
    """Changed rows on disk, read back in the order of their keys: memory holds only where each one lies."""

    path: Path
    key: str
    _places: dict[str, tuple[int, int]] = field(default_factory=dict)
    _file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("wb+")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()
        self.path.unlink(missing_ok=True)

    def add(self, row: Mapping[str, Any]) -> None:
        """Keep a row; a later one of the same key takes its place."""
        line = orjson.dumps(row)
        assert self._file is not None, "Rows is a context manager"  # noqa: S101 - a programming error, not input
        self._places[row[self.key]] = (self._file.tell(), len(line))
        self._file.write(line)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def keys(self) -> Collection[str]:
        """The keys, unordered."""
        return self._places.keys()

    def __iter__(self) -> Iterator[Row]:
        assert self._file is not None, "Rows is a context manager"  # noqa: S101 - a programming error, not input
        self._file.flush()
        with self.path.open("rb") as reader:
            for key in sorted(self._places):
                place, length = self._places[key]
                reader.seek(place)
                yield orjson.loads(reader.read(length))


# ---- one line a row ------------------------------------------------------------------------
def csv_line(values: Iterable[Any]) -> bytes:
    """One record of the CSV: UTF-8, LF, quotes only where needed, nothing for None."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue().encode()


def json_line(row: Mapping[str, Any]) -> bytes:
    """One record of the JSON array, without what separates it from the next."""
    return orjson.dumps(row)


def _merged(old: Iterable[bytes], key_of: Callable[[bytes], str], new: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Two sorted streams of lines as one; of equal keys the new line is taken."""
    changes = iter(new)
    key, line = next(changes, (None, b""))
    for kept in old:
        while key is not None and key < key_of(kept):
            yield line
            key, line = next(changes, (None, b""))
        if key is not None and key == key_of(kept):
            continue
        yield kept
    while key is not None:
        yield line
        key, line = next(changes, (None, b""))


def write_csv(path: Path, columns: Columns, rows: Iterable[Row], *, keep: bool) -> None:
    """Merge rows into the CSV (`keep`), or write it anew from them."""
    header = csv_line(columns.output)
    lines = ((row[columns.key], csv_line([row[name] for name in columns.output])) for row in rows)
    with replacing(path) as file:
        file.write(header)
        file.writelines(_merged(_old_lines(path, keep=keep), lambda line: line[: line.index(b",")].decode(), lines))


def write_json(path: Path, columns: Columns, rows: Iterable[Row], *, keep: bool) -> None:
    """Merge rows into the JSON array (`keep`), or write it anew from them."""
    start = len(json_line({columns.key: ""})) - 2  # where the key's value begins in a line
    lines = ((row[columns.key], json_line({name: row[name] for name in columns.output})) for row in rows)
    old = (line.rstrip(b",\n") for line in _old_lines(path, keep=keep) if line != b"]\n")
    with replacing(path) as file:
        separator = b"[\n"
        for line in _merged(old, lambda line: line[start : line.index(b'"', start)].decode(), lines):
            file.write(separator + line)
            separator = b",\n"
        file.write(b"\n]\n" if separator == b",\n" else b"[\n]\n")


def _old_lines(path: Path, *, keep: bool) -> Iterator[bytes]:
    if keep and path.exists():
        with path.open("rb") as file:
            next(file, None)
            yield from file


# ---- every field ---------------------------------------------------------------------------
class Table:
    """The Parquet file as a table in memory; polars is imported by whoever makes one."""

    def __init__(self, frame: polars.DataFrame, columns: Columns) -> None:
        self._frame = frame
        self._columns = columns

    @classmethod
    def read(cls, path: Path, columns: Columns) -> Table:
        """The table in a file; an empty one where there is no file."""
        import polars

        return cls.empty(columns) if not path.exists() else cls(polars.read_parquet(path, memory_map=False), columns)

    @classmethod
    def empty(cls, columns: Columns) -> Table:
        """A table without rows."""
        import polars

        return cls(polars.DataFrame(schema=_schema(columns)), columns)

    @property
    def frame(self) -> polars.DataFrame:
        """The table as polars has it."""
        return self._frame

    def __len__(self) -> int:
        return self._frame.height

    def rows(self, keys: Collection[str] | None = None) -> Iterator[Row]:
        """Rows in the order of their keys: all, or those of some keys."""
        frame = self._frame
        if keys is not None:
            import polars

            wanted = polars.Series(sorted(keys), dtype=polars.String)
            frame = frame.filter(polars.col(self._columns.key).is_in(wanted.implode()))
        for piece in frame.iter_slices(BATCH):
            yield from piece.iter_rows(named=True)

    def merged(self, rows: Iterable[Row], *, keep: bool) -> Table:
        """A table with rows put in place of, or beside, those that there are; without `keep` only of them."""
        import polars

        pieces = [polars.DataFrame(batch, schema=_schema(self._columns)) for batch in _batches(rows)]
        new = polars.concat(pieces) if pieces else polars.DataFrame(schema=_schema(self._columns))
        if keep and self._frame.height:
            old = self._frame.filter(~polars.col(self._columns.key).is_in(new[self._columns.key].implode()))
            new = polars.concat([old, new])
        return Table(new.sort(self._columns.key), self._columns)

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        with replacing(path) as file:
            self._frame.write_parquet(file, compression="zstd", statistics=True)


def _schema(columns: Columns) -> dict[str, Any]:
    import polars

    text_list = polars.List(polars.String)
    return {name: text_list if name in columns.lists else polars.String for name in columns.every}


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def write_all(archive: Archive, columns: Columns, table: Table, rows: Iterable[Row], *, keep: bool) -> Table:
    """Bring the three files to the state that has `rows` in it; gives the new table.

    Args:
        archive: where they lie.
        columns: which fields there are.
        table: the Parquet file's old state.
        rows: changed rows in the order of their keys; iterable more than once.
        keep: whether the other rows stay (a change), or go (everything made anew).
    """
    write_csv(archive.csv, columns, rows, keep=keep)
    write_json(archive.json, columns, rows, keep=keep)
    new = table.merged(rows, keep=keep)
    new.write(archive.parquet)
    return new
