"""The whole archive as three files: CSV and JSON with the output fields, Parquet with every field.

Takes rows by key, gives files that are sorted, canonical and repeatable: same rows, same bytes. Never knows what a
field means: the columns are handed in. Holds content only, no clock time and no raw file's name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import orjson

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.row_lines import row_line
from apod_pipeline.archive.text_files import write_texts
from apod_pipeline.archive.writing import replacing
from apod_pipeline.dataset.fields import Columns
from apod_pipeline.dataset.readings import Row, canonical_json
from apod_pipeline.errors import ArchiveDamaged

if TYPE_CHECKING:
    import polars

ROW_GROUP = 2_048  # rows: how much of the file a reader, and its writer, has in memory at one time
AHEAD = 1 << 16  # bytes that are read at once of rows that lie side by side


@dataclass(eq=False, repr=False)
class Rows:
    """Changed rows on disk, read back in their order: memory holds only where each one lies."""

    path: Path
    columns: Columns
    _places: dict[str, tuple[int, int]] = field(default_factory=dict)  # by key: where a row begins, and its length
    _order: dict[str, str] = field(default_factory=dict)  # by key: what it is sorted by, where that is not the key
    _file: IO[bytes] | None = None
    _end: int = 0
    _in_order: bool = True
    _highest: str = ""

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
        line = row_line(row) + b"\n"
        assert self._file is not None, "Rows is a context manager"  # noqa: S101 - a programming error, not input
        key, order = row[self.columns.key], self.columns.place(row)
        self._in_order = self._in_order and order > self._highest
        self._highest = order
        self._places[key] = (self._end, len(line) - 1)
        if self.columns.day != self.columns.key:
            self._order[key] = order
        self._end += self._file.write(line)

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Keep a row, where it can be written; else it is not among the rows."""
        try:
            self.add(row)
        except TypeError:
            self.drop([row[self.columns.key]])
            return False
        return True

    def drop(self, keys: Iterable[str]) -> None:
        """Keep rows no more."""
        for key in keys:
            if self._places.pop(key, None):
                self._in_order = False

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def keys(self) -> Collection[str]:
        """The keys, unordered."""
        return self._places.keys()

    def lines(self) -> Iterator[tuple[str, bytes]]:
        """Every key and its row as JSON, in the order of the rows."""
        assert self._file is not None, "Rows is a context manager"  # noqa: S101 - a programming error, not input
        self._file.flush()
        order = self._order.__getitem__ if self._order else None
        near, start = b"", 0  # rows mostly lie in their order: one reading serves many
        for key in sorted(self._places, key=order):
            place, length = self._places[key]
            if not start <= place <= place + length <= start + len(near):
                near, start = os.pread(self._file.fileno(), max(length, AHEAD), place), place
            yield key, near[place - start : place - start + length]

    def file(self) -> Path | None:
        """Their own file, where it holds the rows in their order, a line each, and nothing else."""
        assert self._file is not None, "Rows is a context manager"  # noqa: S101 - a programming error, not input
        self._file.flush()
        return self.path if self._in_order else None

    def __iter__(self) -> Iterator[Row]:
        for _, line in self.lines():
            yield orjson.loads(line)


def _json_lines(rows: Iterable[Row], columns: Columns) -> Iterator[tuple[str, bytes]]:
    """Every key and its row as JSON; rows that lie on disk need not be decoded for that."""
    if columns.nested:
        yield from ((row[columns.key], orjson.dumps(_flat(row, columns))) for row in rows)
    elif isinstance(rows, Rows):
        yield from rows.lines()
    else:
        yield from ((row[columns.key], orjson.dumps(row)) for row in rows)


def _flat(row: Row, columns: Columns) -> Row:
    """A row whose nested values are JSON as text: a column of a table has one type."""
    return row | {name: canonical_json(row[name]) for name in columns.nested if row[name] is not None}


def _nested(row: Row, columns: Columns) -> Row:
    """The row that `_flat` made flat."""
    return row | {name: orjson.loads(row[name]) for name in columns.nested if row.get(name) is not None}


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

    @property
    def told(self) -> str:
        """Every column of the file and its type, as `Columns.told` words them."""
        return ",".join(f"{name} {kind.base_type()}" for name, kind in self._stored().collect_schema().items())

    def lazy(self) -> polars.LazyFrame:
        """The table as polars reads it, with today's fields: one that the file does not know is empty.

        Raises:
            ArchiveDamaged: when the file is not there, or not whole. It is never taken for an empty one.
        """
        import polars

        frame, schema = self._stored(), self.columns.schema()
        there = frame.collect_schema()
        if [*there] == [*schema]:
            return frame
        return frame.select(
            polars.col(name) if name in there else polars.lit(None, kind).alias(name) for name, kind in schema.items()
        )

    def _stored(self) -> polars.LazyFrame:
        """The file's own columns.

        Raises:
            ArchiveDamaged: when the file is not there, or not whole. It is never taken for an empty one.
        """
        import polars

        if not self.path.exists():
            raise ArchiveDamaged(
                f"{self.path} is gone. The raw replies and the ledger are intact; `apod recover processed` brings it "
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
        """Rows in the order of their keys: all, or those of some keys; with the fields that the file knows."""
        if keys is not None:
            with readable(self.path):
                found = self._stored().filter(self._among(keys)).collect()
            yield from self._rows(found)
            return
        offset = 0
        while (piece := self._piece(offset)).height:
            yield from self._rows(piece)
            offset += ROW_GROUP

    def with_fields(self, names: Sequence[str]) -> Iterator[Row]:
        """All rows in the order of their keys, with some fields only: many of few fields take little memory."""
        with readable(self.path):
            frame = self.lazy().select(names).collect()
        nested = [name for name in self.columns.nested if name in names]
        for row in frame.iter_rows(named=True):
            yield row | {name: orjson.loads(row[name]) for name in nested if row[name] is not None}

    def _rows(self, frame: polars.DataFrame) -> Iterator[Row]:
        rows = frame.iter_rows(named=True)
        return (_nested(row, self.columns) for row in rows) if self.columns.nested else rows

    def _piece(self, offset: int) -> polars.DataFrame:
        with readable(self.path):
            return self._stored().slice(offset, ROW_GROUP).collect()

    def merge(self, rows: Iterable[Row], *, keep: bool, gone: Collection[str] = frozenset()) -> None:
        """Write the file with rows put in place of, or beside, those that there are; without `keep` only of them.

        Args:
            rows: in the order of their keys.
            keep: whether the other rows stay.
            gone: keys of rows that do not.
        """
        import polars

        partial = self.path.with_name(f".{self.path.name}.rows.partial")
        keys, lines = self._lines(rows, partial)
        source = lines.read_bytes() if PATTERN.search(str(lines)) else lines  # polars takes such a name for many files
        new = polars.scan_ndjson(source, schema=self.columns.schema()) if keys else _nothing(self.columns)
        if keep and self.path.exists():
            old = self.lazy().filter(~self._among([*keys, *gone]))
            if self.columns.day == self.columns.key:
                new = old.merge_sorted(new, key=self.columns.key)
            else:
                new = polars.concat([old, new]).sort(self.columns.day, self.columns.key)
        with replacing(self.path) as file:
            new.sink_parquet(Path(file.name), compression="zstd", row_group_size=ROW_GROUP)
        partial.unlink(missing_ok=True)

    def _lines(self, rows: Iterable[Row], partial: Path) -> tuple[Collection[str], Path]:
        """The keys of rows, and a file that holds the rows as lines of JSON in their order; theirs, or a new one."""
        if isinstance(rows, Rows) and not self.columns.nested and (file := rows.file()):
            return rows.keys(), file
        keys = []
        with partial.open("wb") as lines:
            for key, line in _json_lines(rows, self.columns):
                keys.append(key)
                lines.write(line + b"\n")
        return keys, partial

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

    return polars.LazyFrame(schema=columns.schema())


def write_all(archive: Archive, rows: Iterable[Row], *, keep: bool, gone: Collection[str] = frozenset()) -> None:
    """Bring the three files to the state that has `rows` in it.

    Args:
        archive: where they lie.
        rows: changed rows in the order of their keys; iterable more than once.
        keep: whether the other rows stay (a change), or go (everything made anew).
        gone: keys of rows that go all the same.
    """
    columns = archive.dataset.columns
    # A changed entry may have moved: its old line does not stand where the new one comes.
    moved = columns.day != columns.key and keep
    left = {*gone, *(rows.keys() if isinstance(rows, Rows) else (row[columns.key] for row in rows))} if moved else gone
    # polars works outside of Python's lock: the Parquet file is written while the lines of the others are.
    with ThreadPoolExecutor(1, thread_name_prefix="parquet") as beside:
        parquet = beside.submit(Table.of(archive).merge, rows, keep=keep, gone=gone)
        write_texts(archive.csv, archive.json, columns, rows, keep=keep, gone=left)
        parquet.result()
