"""The whole archive as three files: CSV and JSON with the output fields, Parquet with every field.

Takes rows by key, gives files that are sorted, canonical and repeatable: same rows, same bytes. CSV and JSON hold one
line a key, so that a change is merged into them without decoding the rest. Never knows what a field means: the
columns are handed in. Holds content only, no clock time and no raw file's name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Self

import orjson

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.row_lines import row_line
from apod_pipeline.archive.writing import replacing
from apod_pipeline.dataset.fields import Columns
from apod_pipeline.dataset.readings import Row, canonical_json
from apod_pipeline.errors import ArchiveDamaged

if TYPE_CHECKING:
    import polars

QUOTE = '"'
ROW_GROUP = 2_048  # rows: how much of the file a reader, and its writer, has in memory at one time


@dataclass(eq=False, repr=False)
class Rows:
    """Changed rows on disk, read back in their order: memory holds only where each one lies."""

    path: Path
    columns: Columns
    _places: dict[str, tuple[int, int]] = field(default_factory=dict)  # by key: where a row begins, and its length
    _order: dict[str, str] = field(default_factory=dict)  # by key: what it is sorted by, where that is not the key
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
        line = row_line(row)
        assert self._file is not None, "Rows is a context manager"  # noqa: S101 - a programming error, not input
        key = row[self.columns.key]
        self._places[key] = (self._end, len(line))
        if self.columns.day != self.columns.key:
            self._order[key] = self.columns.place(row)
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
            self._places.pop(key, None)

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
        order = self._order.__getitem__ if self._order else str
        for key in sorted(self._places, key=order):
            place, length = self._places[key]
            yield key, os.pread(self._file.fileno(), length, place)

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


# ---- one line a row ------------------------------------------------------------------------
_special = re.compile('[",\r\n]').search


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


class _Line(NamedTuple):
    """A line of a file: the key of its entry, what it is sorted by, and its bytes."""

    key: str
    place: str
    content: bytes


def _merged(old: Iterable[_Line], new: Iterable[_Line], gone: Collection[str]) -> Iterator[bytes]:
    """Two sorted streams of lines as one; of equal keys the new line is taken, and old ones that are gone are left."""
    changes = iter(new)
    line = next(changes, None)
    for kept in old:
        while line is not None and line.place < kept.place:
            yield line.content
            line = next(changes, None)
        if kept.key in gone or (line is not None and line.key == kept.key):
            continue
        yield kept.content
    while line is not None:
        yield line.content
        line = next(changes, None)


def _left(columns: Columns, rows: Iterable[Row], gone: Collection[str], *, keep: bool) -> Collection[str]:
    """Keys of old lines that do not stay: a changed entry may have moved to another place."""
    if columns.day == columns.key or not keep:
        return gone
    return {*gone, *(rows.keys() if isinstance(rows, Rows) else (row[columns.key] for row in rows))}


def write_csv(
    path: Path, columns: Columns, rows: Iterable[Row], *, keep: bool, gone: Collection[str] = frozenset()
) -> None:
    """Merge rows into the CSV (`keep`, without those that are gone), or write it anew from them."""
    header = csv_line(columns.output)

    def parsed(line: bytes) -> _Line:
        # A key holds neither comma nor quote, nor does a day.
        key, day, *_ = line.rstrip(b"\n").decode().split(",", 2)
        return _Line(key, key if columns.day == columns.key else f"{day} {key}", line)

    lines = (
        _Line(row[columns.key], columns.place(row), csv_line([row.get(name) for name in columns.output]))
        for row in rows
    )
    with replacing(path) as file:
        file.write(header)
        old = map(parsed, _old_lines(path, keep=keep))
        file.writelines(_merged(old, lines, _left(columns, rows, gone, keep=keep)))


def write_json(
    path: Path, columns: Columns, rows: Iterable[Row], *, keep: bool, gone: Collection[str] = frozenset()
) -> None:
    """Merge rows into the JSON array (`keep`, without those that are gone), or write it anew from them."""
    start = len(json_line({columns.key: ""})) - 2  # where the key's value begins in a line

    def parsed(line: bytes) -> _Line:
        if columns.day != columns.key:
            row = orjson.loads(line)
            return _Line(row[columns.key], columns.place(row), line)
        key = line[start : line.index(b'"', start)].decode()
        return _Line(key, key, line)

    lines = (
        _Line(row[columns.key], columns.place(row), json_line({name: row.get(name) for name in columns.output}))
        for row in rows
    )
    old = (parsed(line.rstrip(b",\n")) for line in _old_lines(path, keep=keep) if line != b"]\n")
    with replacing(path) as file:
        separator = b"[\n"
        for line in _merged(old, lines, _left(columns, rows, gone, keep=keep)):
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

        lines = self.path.with_name(f".{self.path.name}.rows.partial")
        keys = []
        with lines.open("wb") as file:
            for key, line in _json_lines(rows, self.columns):
                keys.append(key)
                file.write(line + b"\n")
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
    # polars works outside of Python's lock: the Parquet file is written while the lines of the others are.
    with ThreadPoolExecutor(1, thread_name_prefix="parquet") as beside:
        parquet = beside.submit(Table.of(archive).merge, rows, keep=keep, gone=gone)
        write_csv(archive.csv, columns, rows, keep=keep, gone=gone)
        write_json(archive.json, columns, rows, keep=keep, gone=gone)
        parquet.result()
