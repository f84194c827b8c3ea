"""What close approaches cost: `make bench-datasets`.

Takes how many rounds, prints three ratios: a full backfill against the floor over the same requests; a reading in which
every row changed against APOD's backfill of as many entries; and what that reading adds to the ledger and to Git,
against its rows under gzip. Keeps them in `datasets.md`. Both sides run in turns.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import stamps
from measuring import Command, Cost, cost_of, in_turns, median, median_ratio
from surroundings import BIN, Surroundings, surroundings

from apod_pipeline.dataset.installed import data_set
from apod_pipeline.dataset.spans import Span
from apod_pipeline.simulator.approaches import FIELDS, SimulatedJpl

DAYS, A_DAY = 3_000, 3
ROWS = DAYS * A_DAY  # of a reading in which all of them changed
TODAY = dt.date(2026, 3, 10)
SPAN = Span(TODAY - dt.timedelta(days=DAYS - 1), TODAY)
PAGE = "366"
CALENDAR = data_set("approaches").calendar
WHOLE = Span(CALENDAR.first_day, CALENDAR.newest(TODAY))
EVERY = 7  # days: some 35,000 approaches in all, as the service tells of within its own limit


@dataclass
class Bench:
    """One service, and what the rounds found.

    Attributes:
        place: where it is measured.
        jpl: the service with so many rows as are renewed.
        century: the service with all that it tells of from 1900 to a century ahead.
        archive: of the round that goes on.
        grown: bytes that a renewed reading added to the ledger and to Git.
        gzipped: bytes of its rows under gzip.
    """

    place: Surroundings
    jpl: SimulatedJpl
    century: SimulatedJpl
    archive: str = ""
    database: str = ""
    grown: list[tuple[int, int]] = field(default_factory=list)
    gzipped: int = 0

    def _apod(self, words: str, jpl: SimulatedJpl) -> Command:
        own = {"APOD_DATASET": "approaches", "APOD_APPROACHES_URL": jpl.url, "APOD_APPROACHES_PAGE_DAYS": PAGE}
        return self.place.apod(words, self.archive, self.database, TODAY, **own)

    def _begin(self, name: str) -> None:
        self.archive, self.database = name, self.place.database(name)

    def backfill(self, number: int) -> Cost:
        """All that the service tells of, into a fresh archive."""
        self._begin(f"century_{number}")
        return cost_of(self._apod("backfill", self.century))

    def floor(self, number: int) -> Cost:
        """The same requests, a COPY and a merge."""
        words, database = (str(WHOLE.first), str(WHOLE.last), PAGE), self.place.database(f"bare_{number}")
        return cost_of(
            self.place.script("floor_approaches.py", *words, JPL_URL=self.century.url, DATABASE_URL=database)
        )

    def begin_renewing(self) -> None:
        """An archive of so many rows as are renewed."""
        self._begin("renewed")
        cost_of(self._apod(f"backfill --from {SPAN.first} --to {SPAN.last}", self.jpl))

    def renewed(self, _: int) -> Cost:
        """A reading in which every row changed."""
        self.jpl.renew()
        folder = self.place.work / self.archive
        before = _size(folder / "data" / "ledger"), _size(folder / ".git")
        cost = cost_of(self._apod(f"run --from {SPAN.first} --to {SPAN.last}", self.jpl))
        after = _size(folder / "data" / "ledger"), _size(folder / ".git")
        self.grown.append((after[0] - before[0], after[1] - before[1]))
        rows = [[row[name] for name in FIELDS] for row in (one.row() for one in self.jpl.approaches)]
        self.gzipped = len(gzip.compress(json.dumps(rows, separators=(",", ":")).encode(), 9))
        return cost

    def pictures(self, number: int) -> Cost:
        """APOD's backfill of as many entries."""
        return self.place.backfill(f"pictures_{number}", ROWS)[0]


def main(rounds: int) -> None:
    """Measure, print, keep."""
    with (
        tempfile.TemporaryDirectory(prefix="apod-bench-") as work,
        SimulatedJpl(SPAN, A_DAY) as jpl,
        SimulatedJpl(WHOLE, A_DAY, EVERY) as century,
    ):
        Path(work).chmod(0o755)
        with surroundings(Path(work), BIN) as place:
            bench = Bench(place, jpl, century)
            whole, floor = in_turns(rounds, bench.backfill, bench.floor)
            bench.begin_renewing()
            renewed, pictures = in_turns(rounds, bench.renewed, bench.pictures)
    count = len(century.approaches)
    lines = [
        _line(f"a full backfill ({count:,} rows, {len(WHOLE):,} days)", whole, "its floor", floor, 4),
        _line(f"a reading in which all {ROWS:,} rows changed", renewed, "APOD's backfill of as many", pictures, 1.5),
        _growth(bench),
    ]
    stamps.write("datasets.md", "What close approaches cost", "make bench-datasets", lines)


def _line(what: str, ones: list[Cost], other: str, others: list[Cost], target: float) -> str:
    seconds = f"{median(ones).seconds:.2f} s, {other} {median(others).seconds:.2f} s"
    return f"{what}: {seconds}: {median_ratio(ones, others):.2f} x (target {target})"


def _growth(bench: Bench) -> str:
    ledger, git = (max(side) for side in zip(*bench.grown, strict=True))
    ratios = f"{ledger / bench.gzipped:.2f} x and {git / bench.gzipped:.2f} x"
    return (
        f"what that reading adds: {ledger / 1e3:.0f} kB to the ledger, {git / 1e3:.0f} kB to Git, its rows under gzip "
        f"{bench.gzipped / 1e3:.0f} kB: {ratios} (target 1.5)"
    )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5)
