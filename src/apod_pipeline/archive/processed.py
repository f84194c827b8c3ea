"""The whole archive as three files: CSV and JSON with the output fields, Parquet with every field.

Takes rows by key, gives files that are sorted, canonical and repeatable: same rows, same bytes. CSV and JSON hold one
line a key, so that a change is merged into them without decoding the rest. Never knows what a field means: the
columns are handed in. Holds content only, no clock time and no raw file's name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import orjson

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.writing import replacing
from apod_pipeline.dataset.fields import Columns
from apod_pipeline.dataset.readings import Row
from apod_pipeline.errors import ArchiveDamaged

if TYPE_CHECKING:
    import polars

QUOTE = '"'
ROW_GROUP = 2_048  # rows: how much of the file a reader, and its writer, has in memory at one time


@dataclass(eq=False, repr=False)
class Rows:
    """Changed rows on disk, read back in the order of their keys: memory holds only where each one lies."""

    path: Path
    key: str
    _places: dict[str, tuple[int, int]] = field(default_factory=dict)
    _file: IO[bytes] | None = None
    _end: int = 0

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
        self._places[row[self.key]] = (self._end, len(line))
        self._end += self._file.write(line)

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Keep a row, where it can be written; else it is not among the rows."""
        try:
            self.add(row)
        except TypeError:
            self.drop([row[self.key]])
            return False
        return True

    def drop(self, keys: Iterable[str]) -> None:
        """Keep rows no more."""
        for key in keys:
            self._places.pop(key, None)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def keys(self) -> Collection[str]:
        """The keys, unordered."""
        return self._places.keys()

    def lines(self) -> Iterator[tuple[str, bytes]]:
        """Every key and its row as JSON, in the order of the keys."""
        assert self._file is not None, "Rows is a context manager"  # noqa: S101 - a programming error, not input
        self._file.flush()
        for key in sorted(self._places):
            place, length = self._places[key]
            yield key, os.pread(self._file.fileno(), length, place)

    def __iter__(self) -> Iterator[Row]:
        for _, line in self.lines():
            yield orjson.loads(line)


def writable(row: Mapping[str, Any]) -> bool:
    """True when a row can be written: half of a surrogate pair, or a number of thousands of digits, cannot."""
    try:
        orjson.dumps(row)
    except TypeError:
        return False
    return True


def _json_lines(rows: Iterable[Row], key: str) -> Iterator[tuple[str, bytes]]:
    """Every key and its row as JSON; rows that lie on disk need not be decoded for that."""
    return rows.lines() if isinstance(rows, Rows) else ((row[key], orjson.dumps(row)) for row in rows)


# ---- one line a row ------------------------------------------------------------------------
_special = re.compile('[",\r\n]').search


def csv_line(values: Iterable[str | None]) -> bytes:
    """One record of the CSV: UTF-8, LF, quotes only where needed, nothing for None.

    What the csv module writes, in a fifth of its time: it looks at every letter by itself. The tests compare the two.
    """
    cells = (value or "" for value in values)
    return (
        ",".join([f'"{cell.replace(QUOTE, QUOTE * 2)}"' if _special(cell) else cell for cell in cells]) + "\n"
    ).encode()


def json_line(row: Mapping[str, Any]) -> bytes:
    """One record of the JSON array, without what separates it from the next."""
    return orjson.dumps(row)


def _merged(
    old: Iterable[bytes], key_of: Callable[[bytes], str], new: Iterable[tuple[str, bytes]], gone: Collection[str]
) -> Iterator[bytes]:
    """Two sorted streams of lines as one; of equal keys the new line is taken, and old ones that are gone are left."""
    changes = iter(new)
    key, line = next(changes, (None, b""))
    for kept in old:
        if gone and key_of(kept) in gone:
            continue
        while key is not None and key < key_of(kept):
            yield line
            key, line = next(changes, (None, b""))
        if key is not None and key == key_of(kept):
            continue
        yield kept
    while key is not None:
        yield line
        key, line = next(changes, (None, b""))


def write_csv(
    path: Path, columns: Columns, rows: Iterable[Row], *, keep: bool, gone: Collection[str] = frozenset()
) -> None:
    """Merge rows into the CSV (`keep`, without those that are gone), or write it anew from them."""
    header = csv_line(columns.output)
    lines = ((row[columns.key], csv_line([row[name] for name in columns.output])) for row in rows)
    with replacing(path) as file:
        file.write(header)
        old = _old_lines(path, keep=keep)
        file.writelines(_merged(old, lambda line: line[: line.index(b",")].decode(), lines, gone))


def write_json(
    path: Path, columns: Columns, rows: Iterable[Row], *, keep: bool, gone: Collection[str] = frozenset()
) -> None:
    """Merge rows into the JSON array (`keep`, without those that are gone), or write it anew from them."""
    start = len(json_line({columns.key: ""})) - 2  # where the key's value begins in a line
    lines = ((row[columns.key], json_line({name: row[name] for name in columns.output})) for row in rows)
    old = (line.rstrip(b",\n") for line in _old_lines(path, keep=keep) if line != b"]\n")
    with replacing(path) as file:
        separator = b"[\n"
        for line in _merged(old, lambda line: line[start : line.index(b'"', start)].decode(), lines, gone):
            file.write(separator + line)
            separator = b",\n"
        file.write(b"\n]\n" if separator == b",\n" else b"[\n]\n")


def _old_lines(path: Path, *, keep: bool) -> Iterator[bytes]:
    if keep and path.exists():
        with path.open("rb") as file:
            next(file, None)
            yield from file


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Whatever polars says of a file that is not whole, in the family's words."""
    import polars

    try:
        yield
    except polars.exceptions.PolarsError as error:
        raise ArchiveDamaged(
            f"{path} cannot be read: {error}. The raw replies and the ledger are untouched; `apod recover processed` "
            "brings it back."
        ) from error


PATTERN = re.compile(r"[*?\[\]{}]")


# ---- every field ---------------------------------------------------------------------------
@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """The Parquet file: read by row groups and merged as a stream, so that it never stands in memory whole."""

    path: Path
    columns: Columns

    @classmethod
    def of(cls, archive: Archive) -> Table:
        """An archive's."""
        return cls(archive.parquet, archive.dataset.columns)

    def lazy(self) -> polars.LazyFrame:
        """The table as polars reads it.

        Raises:
            ArchiveDamaged: when the file is not there, or not whole. It is never taken for an empty one.
        """
        import polars

        if not self.path.exists():
            raise ArchiveDamaged(
                f"{self.path} is gone. The raw replies and the ledger are whole; `apod recover processed` brings it "
                "back."
            )
        with readable(self.path):
            frame = polars.scan_parquet(self.path, glob=False)  # a folder may be called `[mine]`
            frame.collect_schema()
        return frame

    def __len__(self) -> int:
        import polars

        return int(self.lazy().select(polars.len()).collect().item()) if self.path.exists() else 0

    def rows(self, keys: Collection[str] | None = None) -> Iterator[Row]:
        """Rows in the order of their keys: all, or those of some keys."""
        if keys is not None:
            with readable(self.path):
                found = self.lazy().filter(self._among(keys)).collect()
            yield from found.iter_rows(named=True)
            return
        offset = 0
        while (piece := self._piece(offset)).height:
            yield from piece.iter_rows(named=True)
            offset += ROW_GROUP

    def _piece(self, offset: int) -> polars.DataFrame:
        with readable(self.path):
            return self.lazy().slice(offset, ROW_GROUP).collect()

    def merge(self, rows: Iterable[Row], *, keep: bool, gone: Collection[str] = frozenset()) -> None:
        """Write the file with rows put in place of, or beside, those that there are; without `keep` only of them.

        Args:
            rows: in the order of their keys.
            keep: whether the other rows stay.
            gone: keys of rows that do not.
        """
        import polars

        lines = self.path.with_name(f".{self.path.name}.rows.partial")
        keys = []
        with lines.open("wb") as file:
            for key, line in _json_lines(rows, self.columns.key):
                keys.append(key)
                file.write(line + b"\n")
        source = lines.read_bytes() if PATTERN.search(str(lines)) else lines  # polars takes such a name for many files
        new = polars.scan_ndjson(source, schema=_schema(self.columns)) if keys else _nothing(self.columns)
        if keep and self.path.exists():
            new = self.lazy().filter(~self._among([*keys, *gone])).merge_sorted(new, key=self.columns.key)
        with replacing(self.path) as file:
            new.sink_parquet(Path(file.name), compression="zstd", row_group_size=ROW_GROUP)
        lines.unlink()

    def _among(self, keys: Collection[str]) -> polars.Expr:
        import polars

        wanted = polars.Series(sorted(keys), dtype=polars.String)
        column = polars.col(self.columns.key)
        if wanted.is_empty():
            return column.is_in(wanted.implode())
        # The bounds let the file's row groups that hold none of them go unread.
        return column.is_between(polars.lit(wanted[0]), polars.lit(wanted[-1])) & column.is_in(wanted.implode())


def _nothing(columns: Columns) -> polars.LazyFrame:
    import polars

    return polars.LazyFrame(schema=_schema(columns))


def _schema(columns: Columns) -> dict[str, Any]:
    import polars

    text_list = polars.List(polars.String)
    return {name: text_list if name in columns.lists else polars.String for name in columns.every}


def write_all(archive: Archive, rows: Iterable[Row], *, keep: bool, gone: Collection[str] = frozenset()) -> None:
    """Bring the three files to the state that has `rows` in it.

    Args:
        archive: where they lie.
        rows: changed rows in the order of their keys; iterable more than once.
        keep: whether the other rows stay (a change), or go (everything made anew).
        gone: keys of rows that go all the same.
    """
    columns = archive.dataset.columns
    # polars works outside of Python's lock: the Parquet file is written while the lines of the others are.
    with ThreadPoolExecutor(1, thread_name_prefix="parquet") as beside:
        parquet = beside.submit(Table.of(archive).merge, rows, keep=keep, gone=gone)
        write_csv(archive.csv, columns, rows, keep=keep, gone=gone)
        write_json(archive.json, columns, rows, keep=keep, gone=gone)
        parquet.result()
