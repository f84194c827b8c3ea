"""Every entry derived once more from the raw replies, in several processes, and reduced to fingerprints.

Takes an archive's folder and a preference, gives for every day the fingerprints of its line in the CSV, of its line in
the JSON and of the whole entry. Never writes, never compares: whoever has the files does.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import NamedTuple

from apod_pipeline.archive.text_files import csv_line, json_line
from apod_pipeline.database.rows import content_hash
from apod_pipeline.dataset.fields import Columns
from apod_pipeline.dataset.readings import Row
from apod_pipeline.run.derivation import Derivation

Derive = Callable[[], Derivation]


class Derived(NamedTuple):
    """One entry, derived again: its key and its place among the others, and what its lines and its whole hash to."""

    key: str
    place: str
    csv: bytes
    json: bytes
    entry: str


@contextmanager
def derived_again(
    make: Derive, lines: int, days: Collection[str], parts: int | None = None
) -> Iterator[Callable[[], dict[str, Derived]]]:
    """Begin to derive entries; gives what waits for them, so that other things can be looked at meanwhile.

    Args:
        make: gives the derivation, in whichever process it is called; can be pickled.
        lines: how many of the ledger's lines count.
        days: whose entries.
        parts: in how many processes; 0 is this one. Without it as many as there are processors, if it is worth it.
    """
    if parts is None:
        parts = min(os.cpu_count() or 1, len(days) // 500)
    if not parts:
        yield lambda: {one.key: one for one in (_part(make, lines, 0, 1) if days else ())}
        return
    with ProcessPoolExecutor(parts, mp_context=get_context("spawn")) as pool:  # a fork would inherit polars' threads
        futures = [pool.submit(_part, make, lines, part, parts) for part in range(parts)]
        yield lambda: _gathered(futures)


def _gathered(futures: list[Future[list[Derived]]]) -> dict[str, Derived]:
    return {one.key: one for future in futures for one in future.result()}


def _part(make: Derive, lines: int, part: int, parts: int) -> list[Derived]:
    """What one of several processes does: every so manieth reply, so that no reply is opened twice."""
    derivation = make()
    known = derivation.ledger.known(lines)
    days = [
        day
        for day in known.first_line
        if (chosen := known.chosen(day, derivation.preference))
        and known.replies[chosen[1].file]["order"] % parts == part
    ]
    # What is kept because nothing that was told since can be an entry is not derived: its row stands in the ledger.
    kept = [derivation.columns.whole(known.kept[day].entry) for day in days if day in known.kept]
    readings = derivation.readings(known, [day for day in days if day not in known.kept])
    rows = [*kept, *derivation.transform(readings)]
    return [_derived(row, derivation.columns) for row in rows]


def _derived(row: Row, columns: Columns) -> Derived:
    shown = {name: row[name] for name in columns.output}
    return Derived(
        str(row[columns.key]),
        columns.place(row),
        fingerprint(csv_line([row[name] for name in columns.output])),
        fingerprint(json_line(shown)),
        content_hash(row),
    )


def fingerprint(line: bytes) -> bytes:
    """What tells one line from another."""
    return hashlib.sha256(line).digest()
