"""The CSV and the Parquet file of an earlier version, made again: today's files, and what was replaced since.

Takes an archive whose files stand at its last version, gives the two files as any version had them. The ledger keeps
every state that was replaced whole, so no rule of long ago is needed. Never touches the archive's own files, and never
says that what it made is what was: who asks compares hashes.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Version
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import instant
from apod_pipeline.archive.processed import Rows, Table
from apod_pipeline.archive.text_files import write_csv
from apod_pipeline.database.rows import content_hash, current_since
from apod_pipeline.dataset.readings import Row

FOR_EVER = dt.datetime.max.replace(tzinfo=dt.UTC)


class Made(NamedTuple):
    """Files as a version had them.

    Attributes:
        csv: where it lies, until another version is made.
        parquet: the same.
        content: what the entries hash to together.
    """

    csv: Path
    parquet: Path
    content: str


class _State(NamedTuple):
    """What an entry said for a while; the entry is None where it is what today's file says."""

    since: dt.datetime
    until: dt.datetime
    entry: Row | None


@dataclass(eq=False, repr=False)
class Remaking:
    """Earlier versions of one archive, one after the other; best from the newest to the oldest.

    Attributes:
        archive: whose; its files stand at its last version, and nobody writes to it meanwhile.
        folder: where the files are made; emptied first.
    """

    archive: Archive
    folder: Path
    _at: dt.datetime | None = None
    _content: int = 0
    _versions: list[Version] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._versions = Ledger(self.archive).versions()

    @property
    def csv(self) -> Path:
        """The CSV that was made last."""
        return self.folder / self.archive.csv.name

    @property
    def parquet(self) -> Path:
        """The Parquet file that was made last."""
        return self.folder / self.archive.parquet.name

    @property
    def _columns_key(self) -> str:
        return self.archive.dataset.columns.key

    def at(self, moment: dt.datetime) -> Made | None:
        """The files of the last version at or before an instant; None where there was none yet."""
        if not (versions := [version for version in self._versions if version.at <= moment]):
            return None
        if self._at is None:
            self._begin()
        self._go(versions[-1].at)
        return Made(self.csv, self.parquet, f"{self._content:064x}")

    def _begin(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for path, copy in ((self.archive.csv, self.csv), (self.archive.parquet, self.parquet)):
            shutil.copyfile(path, copy)
        self._at = self._versions[-1].at
        self._content = sum(map(_number, Table.of(self.archive).rows())) % _MODULUS

    def _go(self, at: dt.datetime) -> None:
        """From the version that the files stand at to another one: what differs is put in place, all else stays."""
        assert self._at is not None, "begun"  # noqa: S101 - a programming error, not input
        before, gone = self._at, set[str]()
        if at == before:
            return
        low, high = min(at, before), max(at, before)
        states = {key: (_during(chain, before), _during(chain, at)) for key, chain in self._moved(low, high)}
        states = {key: (was, then) for key, (was, then) in states.items() if was is not then}
        today = self._today([key for key, pair in states.items() if any(one and one.entry is None for one in pair)])
        columns = self.archive.dataset.columns
        with Rows(self.folder / "changed.jsonl", columns) as rows:
            for key, (was, then) in sorted(states.items()):
                for state, sign in ((was, -1), (then, 1)):
                    if state:
                        self._content += sign * _number(state.entry or today[key])
                if then:
                    rows.add(columns.whole(then.entry or today[key]))
                else:
                    gone.add(key)
            self._content %= _MODULUS
            Table(self.parquet, columns).merge(rows, keep=True, gone=gone)
            left = gone | {*rows.keys()} if columns.day != columns.key else gone  # a line may have moved
            write_csv(self.csv, columns, rows, keep=True, gone=left)
        self._at = at

    # ---- what was said when ------------------------------------------------------------------
    @cached_property
    def _chains(self) -> dict[str, list[_State]]:
        """By key its states, oldest first."""
        ledger = Ledger(self.archive)
        superseded = ledger.superseded(self._versions)
        known = ledger.known(self._versions[-1].lines)
        chains: dict[str, list[_State]] = defaultdict(list)
        for one in superseded:
            chains[one["key"]].append(_State(instant(one["from"]), instant(one["to"]), one["entry"]))
        since = current_since(known, self._versions, superseded)
        for key, began in since.items():
            if known.has(key):
                chains[key].append(_State(began.at, FOR_EVER, None))
        return chains

    def _moved(self, low: dt.datetime, high: dt.datetime) -> Iterator[tuple[str, list[_State]]]:
        """The entries that came, changed or went after one instant and up to another."""
        for key, chain in self._chains.items():
            if any(low < state.since <= high or low < state.until <= high for state in chain):
                yield key, chain

    def _today(self, keys: Collection[str]) -> dict[str, Row]:
        return {row[self._columns_key]: row for row in Table.of(self.archive).rows(keys)} if keys else {}


_MODULUS = 1 << 256


def _number(entry: Row) -> int:
    """An entry's hash: their sum tells of all entries, and follows one that changes. What is empty does not count."""
    return int(content_hash({name: value for name, value in entry.items() if value is not None}), 16)


def _during(chain: list[_State], at: dt.datetime) -> _State | None:
    return next((state for state in chain if state.since <= at < state.until), None)
