"""What is compared, and with what: one function a comparison, each gives lines for the table.

Takes the surroundings and how often to measure. Every line says what was measured, against what, and which target it
is held to; whether that is met, the line finds out by itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from measuring import Command, Cost, Failed, cost_beside, cost_of, cost_of_all, in_turns, median, median_ratio
from naive_archive import NaiveArchive
from surroundings import BIN, YEAR, Surroundings, last_day

from apod_pipeline.datasets.apod.calendar import FIRST_DAY

ENTRIES = 11_400
DAYS_OF_100_MB = 98_200  # the simulator's entries have 1,050 bytes
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """One measured thing.

    Attributes:
        key: letter of the comparison.
        what: what was measured, and against what.
        ours: what it took, in words.
        theirs: what the other took, in words; empty where the target is a number.
        found: the number that is held against the target.
        target: the number that it must not exceed.
        unit: of both: `x` for ratios, `MB`, `s`, `ms`.
    """

    key: str
    what: str
    ours: str
    theirs: str
    found: float
    target: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        return self.found <= self.target


def told(cost: Cost) -> str:
    """A cost as the table words it."""
    held = f", {cost.peak / MEGABYTE:.0f} MB" if cost.peak else ""
    return f"{cost.seconds:.2f} s ({cost.processor:.2f} s processor{held})"


def against(key: str, what: str, target: float, ours: Sequence[Cost], theirs: Sequence[Cost]) -> Line:
    """A line about how long we take, measured in what the other takes."""
    ratio = median_ratio(ours, theirs)
    return Line(key, what, told(median(ours)), told(median(theirs)), ratio, target, "x")


def memory(key: str, what: str, cost: Cost, target: float) -> Line:
    """A line about what a command and all that it starts hold together, at most."""
    if not cost.peak:
        raise Failed(f"nobody looked at the memory of {what}")
    return Line(key, f"{what}: peak memory", f"{cost.peak / MEGABYTE:.0f} MB", "", cost.peak / MEGABYTE, target, "MB")


def ran(command: Command, *, watched: bool = False, **expected: object) -> Cost:
    """Run `apod`, and see in what it says that it did what is to be measured.

    Raises:
        Failed: it did something else.
    """
    cost = cost_of(command, memory=watched)
    outcome = json.loads(cost.output)
    if any(outcome[name] != value for name, value in expected.items()):
        raise Failed(f"apod {' '.join(map(str, command.words[1:]))} did something else: {outcome}")
    return cost


# ---- a: nothing new ------------------------------------------------------------------------
def nothing_new(place: Surroundings, rounds: int) -> Iterator[Line]:
    """`apod run` that finds nothing new, against the floor for one day."""
    _, database = place.backfill("nothing", ENTRIES, searched=True)
    floor_database, day = place.database("floor"), str(last_day(ENTRIES))
    run = place.apod("run", "nothing", database, last_day(ENTRIES))
    floor = place.script("floor.py", day, day, "1", DATABASE_URL=floor_database)
    ours, theirs = in_turns(rounds, lambda _: ran(run, inserted=0, version=None), lambda _: cost_of(floor))
    yield against("a", f"nothing new at {ENTRIES:,} entries / floor, one day", 1.4, ours, theirs)
    yield memory("a", "nothing new", ran(run, watched=True, inserted=0), 40)


# ---- b: one new day ------------------------------------------------------------------------
def one_new_day(place: Surroundings, rounds: int) -> Iterator[Line]:
    """One new day with DVC push and Git commit, against the design document's steps run naively."""
    _, database = place.backfill("daily", ENTRIES, searched=True)
    naive = [NaiveArchive(place, f"naive_{loads}", loads, place.database(f"naive_{loads}")) for loads in ("new", "all")]
    for archive in naive:
        archive.begin(place.work / "daily" / "data" / "processed" / "apod_data.csv")

    def our_day(number: int, *, watched: bool = False) -> Cost:
        day = last_day(ENTRIES + number + 1)
        return ran(place.apod("run", "daily", database, day), watched=watched, inserted=1)

    def naive_day(archive: NaiveArchive, number: int) -> Cost:
        return cost_of_all(archive.next_day(last_day(ENTRIES + number + 1)))

    ours, *theirs = in_turns(rounds, our_day, *(partial(naive_day, archive) for archive in naive))
    for archive, costs in zip(naive, theirs, strict=True):
        what = f"one new day at {ENTRIES:,} entries / five naive steps, loading {archive.loads} rows"
        is_told = archive.loads == "new"  # the harder reading: somebody tells each step what is new
        yield against("b", what if is_told else f"{what} (no target)", 0.45 if is_told else float("inf"), ours, costs)
    yield memory("b", "one new day", our_day(rounds + 1, watched=True), 160)


# ---- c: everything -------------------------------------------------------------------------
DLT = [(strategy, file) for strategy in ("delete-insert", "upsert") for file in ("insert_values", "csv")]


def everything(place: Surroundings, rounds: int) -> Iterator[Line]:
    """A full backfill through the old API in ranges of a year, against dlt at its best and the floor."""
    days = (str(FIRST_DAY), str(last_day(ENTRIES)), YEAR)

    def floor(_: int) -> Cost:
        return cost_of(place.script("floor.py", *days, DATABASE_URL=place.database("floor")))

    def peer(strategy: str, file: str, number: int, *, words: str = "") -> Cost:
        data = place.work / "dlt" / f"{strategy}-{file}{words}-{number}"
        settings = {"DATABASE_URL": place.database("dlt"), "DLT_DATA_DIR": str(data), "WORDS": words}
        asked = (*days, strategy, file)
        return cost_of(place.script("dlt_peer.py", *asked, peer=True, RUNTIME__DLTHUB_TELEMETRY="false", **settings))

    tried = in_turns(min(rounds, 3), *(partial(peer, *way) for way in DLT))
    best = min(range(len(DLT)), key=lambda way: median(tried[way]).seconds)
    for way, costs in zip(DLT, tried, strict=True):
        chosen = ", which is its best" if way == DLT[best] else ""
        what = f"dlt, {way[0]} over {way[1]}{chosen} (no target)"
        yield Line("c", what, "", told(median(costs)), median(costs).seconds, float("inf"), "s")
    ours, deployed, theirs, worded, least = in_turns(
        rounds,
        lambda number: place.backfill(f"full_{number}", ENTRIES)[0],
        lambda number: place.backfill(f"deployed_{number}", ENTRIES, searched=True)[0],
        partial(peer, *DLT[best]),
        partial(peer, *DLT[best], words="yes"),
        floor,
    )
    what = f"backfill of {ENTRIES:,} days, everything included"
    yield against("c", f"{what}, nobody searches / dlt at its best", 0.95, ours, theirs)
    yield against(
        "c", f"{what}, as it is deployed (words and index complete) / dlt at its best", 1.25, deployed, theirs
    )
    yield against(
        "c", f"{what}, as it is deployed / dlt at its best, the same words made by hand", 0.9, deployed, worded
    )
    yield against("c", f"{what}, nobody searches / floor (no target)", float("inf"), ours, least)
    yield memory(
        "c", "backfill, as it is deployed", place.backfill("held", ENTRIES, searched=True, memory=True)[0], 200
    )
    yield from _embedded(place)


def _embedded(place: Surroundings) -> Iterator[Line]:
    """What the archive's own server holds while everything is loaded into it."""
    command = place.apod("backfill", "embedded", "", last_day(ENTRIES))
    cost, held = cost_beside(command, "embedded/.apod/postgres")
    yield Line(
        "c", "backfill into the archive's own server (no target)", told(cost), "", cost.seconds, float("inf"), "s"
    )
    most = held / MEGABYTE
    yield Line("c", "that server: peak memory (no target)", f"{most:.0f} MB", "", most, float("inf"), "MB")


# ---- e: one large reply --------------------------------------------------------------------
def large_reply(place: Surroundings, rounds: int) -> Iterator[Line]:  # noqa: ARG001 - it is about memory: once will do
    """One reply of 100 MB goes through, below the default limit of a body."""
    database, day = place.database("large"), last_day(DAYS_OF_100_MB)
    # The first question is a narrow one; with time enough all the rest is asked for at once.
    patient = {"APOD_RANGE_DAYS": str(DAYS_OF_100_MB * 2), "APOD_HTTP_TIMEOUT": "3600", "APOD_HTTP_CONCURRENCY": "1"}
    command = place.apod("backfill", "large", database, day, **patient)
    cost = ran(command, watched=True, inserted=DAYS_OF_100_MB)
    replies = [path.stat().st_size for path in (place.work / "large" / "data" / "raw").glob("*.json")]
    if max(replies) < 100_000_000:
        raise Failed(f"the large reply came as {replies}")
    yield memory("e", f"a reply of {max(replies) / 1e6:.0f} MB goes through", cost, 400)


# ---- f: beginnings -------------------------------------------------------------------------
def beginnings(place: Surroundings, rounds: int) -> Iterator[Line]:
    """What everybody waits for: the import, the help, the demo."""
    timed = "import time; t = time.perf_counter(); import apod_pipeline; print(time.perf_counter() - t)"
    importing = Command([sys.executable, "-c", timed], place.environ(), place.work)
    helping = Command([BIN / "apod", "--help"], place.environ(), place.work)
    demo = Command([BIN / "apod", "demo"], place.environ(), place.work)
    imported = sorted(float(cost_of(importing).output) for _ in range(rounds))[rounds // 2]
    yield Line("f", "import apod_pipeline", f"{imported * 1e3:.0f} ms", "", imported * 1e3, 50, "ms")
    helped = median([cost_of(helping) for _ in range(rounds)])
    yield Line("f", "apod --help", told(helped), "", helped.seconds * 1e3, 250, "ms")
    shown = median([cost_of(demo) for _ in range(min(rounds, 3))])
    yield Line("f", "apod demo, installed already", told(shown), "", shown.seconds, 60, "s")


ALL = {"a": nothing_new, "b": one_new_day, "c": everything, "e": large_reply, "f": beginnings}
