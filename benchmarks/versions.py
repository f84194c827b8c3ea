"""What versions cost at 11,400 entries: `make bench-versions`.

Takes how many rounds, prints three ratios: `apod diff` against reading both Parquet files with polars, `apod verify`
against `sha256sum` over its files plus one SELECT *, and what a version that changes one entry adds to the DVC remote
against CSV and Parquet together. Keeps them in `versions.md`. Both sides run in turns.
"""

from __future__ import annotations

import datetime as dt
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars
from measuring import Command, Cost, cost_of, in_turns, median, median_ratio
from stamps import commit
from surroundings import BIN, HERE, Surroundings, last_day, surroundings

from apod_pipeline.cli import presentation
from apod_pipeline.settings import defaults
from apod_pipeline.simulator import Simulator
from apod_pipeline.wiring import states

ENTRIES = 11_400
EDITED = dt.date(2026, 8, 20)
DAYS = 365


def main(rounds: int) -> None:
    """Measure, print, keep."""
    with tempfile.TemporaryDirectory(prefix="apod-bench-") as work:
        Path(work).chmod(0o755)
        with surroundings(Path(work), BIN) as place:
            database = place.database("versions")
            added = _archived(place, database)
            lines = [*_differences(place, rounds), _verification(place, database, rounds), *_added(place, added)]
    for line in lines:
        print(line)
    (HERE / "versions.md").write_text(_page(lines, rounds), encoding="utf-8")


def _archived(place: Surroundings, database: str) -> int:
    """An archive of the new service: half of its entries, then all, then one edited; gives what the edit added."""
    with Simulator(today=last_day(ENTRIES)) as nasa:
        for words in (f"backfill --to {last_day(ENTRIES // 2)}", "backfill"):
            cost_of(_apod(place, words, database, nasa.url))
        before = _size(place.work / "versions-remote")
        nasa.edit(EDITED, title="The Same Sky, Under a Better Title")
        cost_of(_apod(place, f"run --date {EDITED}", database, nasa.url))
        return _size(place.work / "versions-remote") - before


def _apod(place: Surroundings, words: str, database: str, science: str = "http://127.0.0.1:9") -> Command:
    settings = {"APOD_SCIENCE_URL": science, "APOD_SOURCES": "science"}
    return place.apod(words, "versions", database, last_day(ENTRIES), **settings)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


# ---- diff ----------------------------------------------------------------------------------
def _differences(place: Surroundings, rounds: int) -> Iterator[str]:
    known = states(defaults(place.work / "versions"))
    newest = known.version("HEAD")
    for what, name in (("one entry edited", "HEAD~1"), (f"{ENTRIES // 2:,} entries added, one edited", "HEAD~2")):
        old = known.version(name)

        def ours(name: str = name) -> object:
            found = known.difference(known.version(name), known.version("HEAD"))
            with nowhere():
                return presentation.changes(found.changes(brief=True))

        def theirs(old: object = old) -> object:
            return [polars.read_parquet(known.table(one).path) for one in (old, newest)]  # type: ignore[arg-type]

        pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(rounds + 1)][1:]
        mine, read = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(one / other for one, other in pairs)
        sides = f"{mine:.3f} s with words marked and printed, reading both files with polars {read:.3f} s"
        yield f"diff, {what}: {sides}: {ratio:.2f} x (target 3)"


@contextmanager
def nowhere() -> Iterator[None]:
    """What is printed goes to the system's bin, as it would to a file."""
    sys.stdout.flush()
    kept, bin_ = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(bin_, 1)
    try:
        yield
        sys.stdout.flush()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(bin_)


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


# ---- verify --------------------------------------------------------------------------------
def _verification(place: Surroundings, database: str, rounds: int) -> str:
    verify = _apod(place, "verify", database)
    files = "find versions versions-remote -type f -not -path '*/.apod/*' -print0 | xargs -0 sha256sum"
    query = "SELECT * FROM apod_revision"
    rows = f"import sys, psycopg; print(len(psycopg.connect(sys.argv[1]).execute('{query}').fetchall()))"
    sums = Command(["bash", "-c", f"{files} | tail -n 1"], place.environ(), place.work)
    select = Command([sys.executable, "-c", rows, database], place.environ(), place.work)

    def baseline(_: int) -> Cost:
        one, other = cost_of(sums), cost_of(select)
        return Cost(one.seconds + other.seconds, one.processor + other.processor, max(one.peak, other.peak))

    ours, theirs = in_turns(rounds, lambda _: cost_of(verify), baseline)
    mine, other = median(ours), median(theirs)
    return (
        f"verify: {mine.seconds:.2f} s ({mine.processor:.2f} s processor), sha256sum over its "
        f"files plus one SELECT * {other.seconds:.2f} s: {median_ratio(ours, theirs):.2f} x (target 2.5)"
    )


# ---- what a version adds -------------------------------------------------------------------
def _added(place: Surroundings, added: int) -> Iterator[str]:
    folder = place.work / "versions" / "data" / "processed"
    whole = sum((folder / name).stat().st_size for name in ("apod_data.csv", "apod_entries.parquet"))
    yield (
        f"one entry edited adds {added / 1e6:.2f} MB to the DVC remote, CSV and Parquet are {whole / 1e6:.2f} MB: "
        f"{added / whole:.2f} x (target 1.2)"
    )
    year = added * DAYS / 1e9
    yield f"a year of daily versions: {year:.1f} GB on the remote, and as much in the cache while they are kept there"


def _page(lines: list[str], rounds: int) -> str:
    day = f"{dt.datetime.now(dt.UTC):%Y-%m-%d} at commit {commit()}"
    made = f"Made by `make bench-versions` on {day}, {rounds} rounds in turns"
    return f"# What versions cost\n\n{made}, at {ENTRIES:,} entries.\n\n" + "".join(f"- {line}\n" for line in lines)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
