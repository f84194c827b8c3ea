"""How the three kinds of runs grow with the archive: everything, one new day, nothing new; to a hundred times APOD.

Takes the surroundings, gives points. A size that does not fit into its time or onto the disk is told, not
measured.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from comparisons import ran
from measuring import Command, Cost, Failed, cost_of, in_turns, median
from surroundings import Surroundings, last_day

SIZES = (11_400, 114_000, 1_140_000)
MINUTES = 20
DISK_BYTES_AN_ENTRY = 14_500  # archive, DVC's cache and remote, PostgreSQL with its log: measured at 114,000
DISK_LIMIT = 24 << 30
# In three thousand years the same few generated words come on ten days, and the canary is right to refuse them.
ACCEPTED = (0, 3)


@dataclass(frozen=True, slots=True)
class Point:
    """One size of an archive and what a run takes there."""

    kind: str
    entries: int
    cost: Cost


def growth(place: Surroundings, rounds: int) -> Iterator[Point | str]:
    """Everything, one new day and nothing new, at the size of today's APOD."""
    yield from _sizes(place, rounds, SIZES[:1])


def large_growth(place: Surroundings, rounds: int) -> Iterator[Point | str]:  # noqa: ARG001 - once will do
    """The same at ten and a hundred times that; takes most of an hour."""
    yield from _sizes(place, 1, SIZES[1:])


def _sizes(place: Surroundings, rounds: int, sizes: Sequence[int]) -> Iterator[Point | str]:
    """Points of these sizes; a text where one was left out, with the reason."""
    for entries in sizes:
        free = min(DISK_LIMIT, shutil.disk_usage(place.work).free)
        if entries * DISK_BYTES_AN_ENTRY > free:
            yield f"{entries:,} entries: left out, they need about {entries * DISK_BYTES_AN_ENTRY >> 30} GB of disk"
            continue
        try:
            yield from _points(place, entries, rounds)
        except Failed as error:
            yield f"{entries:,} entries: left out, {str(error).partition(': {')[0]}"


def _points(place: Surroundings, entries: int, rounds: int) -> Iterator[Point]:
    name = f"growth_{entries}"
    database = place.database(name)

    def command(words: str, held: int) -> Command:
        return replace(place.apod(words, name, database, last_day(held)), accepted=ACCEPTED)

    yield Point("everything", entries, cost_of(command("backfill", entries), limit=MINUTES * 60, memory=True))

    def one_day(number: int) -> Cost:
        # Days that were refused in the backfill, and are asked for again, may come with it.
        only = {"inserted": 1} if entries == SIZES[0] else {}
        return ran(command("run", entries + number + 1), watched=True, **only)

    def nothing(number: int) -> Cost:
        # In the turns it comes before or after the new day of its round: either way nothing is new by then.
        return ran(command("run", entries + number), watched=True, inserted=0)

    days, repeats = in_turns(rounds, one_day, nothing)
    yield Point("one new day", entries, median(days))
    yield Point("nothing new", entries, median(repeats))
    for folder in (name, f"{name}-remote"):
        shutil.rmtree(place.work / folder)
    place.database(name)
