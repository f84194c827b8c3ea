"""What differs between two states of the archive: which entries, and which of their fields.

Takes the Parquet files of two states, gives changes in the order of their keys, piece by piece: memory holds the
differences' keys, never two whole states' texts. Never knows what a field means, never looks a version up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from apod_pipeline.archive.processed import Table
from apod_pipeline.dataset.fields import Columns
from apod_pipeline.dataset.readings import Row

PIECE = 1_000  # changed entries that stand in memory at one time
KINDS = ("added", "edited", "removed")


class Change(NamedTuple):
    """One entry that differs.

    Attributes:
        key: its day.
        kind: `added`, `edited` or `removed`.
        fields: for every field that differs its value before and after; of an added entry all that are not empty
            (before is None), of a removed one likewise (after is None).
    """

    key: str
    kind: str
    fields: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Comparison:
    """Two states compared.

    Attributes:
        old: the earlier state's Parquet file.
        new: the later state's.
        columns: the fields.
        kinds: every differing entry's kind by its key, in the order of the keys.
        names: every edited entry's differing fields.
        titles: of every entry that came or went as a whole, its first field.
    """

    old: Table
    new: Table
    columns: Columns
    kinds: Mapping[str, str]
    names: Mapping[str, Sequence[str]]
    titles: Mapping[str, Any]

    @property
    def counts(self) -> dict[str, int]:
        """How many entries of each kind differ."""
        found = Counter(self.kinds.values())
        return {kind: found[kind] for kind in KINDS}

    def changes(self, *, brief: bool = False) -> Iterator[Change]:
        """Every difference, in the order of the keys; texts are read as they are asked for.

        Args:
            brief: of an entry that came or went as a whole give the first field only, for which nothing is read.
        """
        keys = list(self.kinds)
        for start in range(0, len(keys), PIECE):
            piece = keys[start : start + PIECE]
            wanted = [key for key in piece if key in self.names] if brief else piece
            before = self._rows(self.old, wanted, absent="added")
            after = self._rows(self.new, wanted, absent="removed")
            for key in piece:
                if brief and key in self.titles:
                    yield self._titled(key)
                else:
                    yield self._change(key, before.get(key, {}), after.get(key, {}))

    def _rows(self, table: Table, keys: Sequence[str], absent: str) -> dict[str, Row]:
        wanted = [key for key in keys if self.kinds[key] != absent]
        return {row[self.columns.key]: row for row in table.rows(wanted)} if wanted else {}

    def _titled(self, key: str) -> Change:
        title, kind = self.titles[key], self.kinds[key]
        first = next(name for name in self.columns.every if name != self.columns.key)
        return Change(key, kind, {first: (None, title) if kind == "added" else (title, None)})

    def _change(self, key: str, before: Row, after: Row) -> Change:
        names = self.names.get(key) or [name for name in self.columns.every if name != self.columns.key]
        values = {name: (before.get(name), after.get(name)) for name in names}
        return Change(key, self.kinds[key], {n: pair for n, pair in values.items() if pair[0] or pair[1]})


def compare(old: Table, new: Table, columns: Columns) -> Comparison:
    """Compare two states, field by field.

    A field that only one of the two states knows (it is newer than the other) is empty in the other.

    Raises:
        ArchiveDamaged: when a file is gone, or not whole.
    """
    import polars

    key, other = columns.key, f"{columns.key}:new"
    names = [name for name in columns.every if name != key]
    left, right = (table.lazy().select(columns.every) for table in (old, new))
    joined = left.join(
        right.rename(lambda name: f"{name}:new"), left_on=key, right_on=other, how="full", coalesce=False
    )
    both = polars.col(key).is_not_null() & polars.col(other).is_not_null()
    differ = [(both & polars.col(n).ne_missing(polars.col(f"{n}:new"))).alias(n) for n in names]
    title = polars.when(~both).then(polars.coalesce(names[0], f"{names[0]}:new")).alias(":title")
    found = (
        joined.select(key, other, title, *differ)
        .filter(~both | polars.any_horizontal(*names))
        .sort(polars.coalesce(key, other))
        .collect()
    )
    kinds: dict[str, str] = {}
    edited: dict[str, Sequence[str]] = {}
    titles: dict[str, Any] = {}
    for before, after, whole, *flags in found.iter_rows():
        kinds[before or after] = "added" if before is None else "removed" if after is None else "edited"
        if before and after:
            edited[before] = [name for name, flag in zip(names, flags, strict=True) if flag]
        else:
            titles[before or after] = whole
    return Comparison(old, new, columns, kinds, edited, titles)
