"""Worlds of close approaches: what becomes of the approaches themselves, what is wrong with the replies, and the law.

A world is some steps. In each the approaches change (new orbits, other days and names, withdrawals, returns), and then
a run asks for some or all days, is lied to or killed. In the end the service tells the truth.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.approaches.identity import APART, RENAMED_APART
from apod_pipeline.datasets.approaches.rules.times import day_of
from apod_pipeline.model import Outcome
from apod_pipeline.simulator.approaches import TODAY, SimulatedJpl
from apod_pipeline.simulator.generated_approaches import Approach, approaches_of
from worlds import laws
from worlds.bench import BASE, Bench, made_bench
from worlds.killing import KILLED, killed_run
from worlds.lying_jpl import DAY, EVERY_DISTANCE, EVERYTHING, FARTHEST, TOLD, WHOLE, Lie, LyingJpl, words_of
from worlds.odd import ODD_TEXTS

IMPOSSIBLE = (
    None,
    5,
    1.5,
    True,
    [],
    {},
    "",
    " ",
    "soon",
    "NaN",
    "inf",
    "-inf",
    "-0.01",
    "1e999",
    "0x10",
    "1_0",
    "\u0664",
)
NUMBERS = ("jd", "dist", "dist_min", "dist_max", "v_rel")


class Change(NamedTuple):
    """One thing that becomes of the approaches.

    Attributes:
        kind: one of the names in `CHANGES`.
        place: of which approach.
        amount: by how much: days, mostly.
    """

    kind: str
    place: int = 0
    amount: int = 0


class Step(NamedTuple):
    """What changes, and the run that follows.

    Attributes:
        changes: what becomes of the approaches.
        lies: what is wrong with the replies.
        span: days from today of the first and the last day that are asked for; None for what is due.
        dist_max: how close an approach is.
        page_days: how many days one list is asked for.
        killed: where the run is killed; empty for nowhere.
    """

    changes: tuple[Change, ...] = ()
    lies: tuple[Lie, ...] = ()
    span: tuple[int, int] | None = (-120, 120)
    dist_max: str = EVERY_DISTANCE
    page_days: int = 366
    killed: str = ""

    @property
    def asked(self) -> Span:
        """The days that are asked for."""
        first, last = self.span or (-60, 60)
        return Span(TODAY + first * DAY, TODAY + last * DAY)


World = tuple[Step, ...]


# ---- what becomes of the approaches --------------------------------------------------------
def change(jpl: SimulatedJpl, what: Change) -> None:
    """Let something become of the approaches."""
    one = jpl.approaches[what.place % len(jpl.approaches)]
    CHANGES[what.kind](jpl, one, what.amount)
    for each in jpl.approaches:
        ends = (dt.datetime.combine(TODAY + days * DAY, dt.time(12)) for days in (-FARTHEST, FARTHEST))
        each.at = sorted((each.at, *ends))[1]


def _renewed(jpl: SimulatedJpl, _: Approach, amount: int) -> None:
    for one in jpl.approaches[:: abs(amount) % 3 + 1]:
        one.renew()


def _moved(_: SimulatedJpl, one: Approach, amount: int) -> None:
    one.at += amount * DAY + dt.timedelta(minutes=amount)


def _over_midnight(_: SimulatedJpl, one: Approach, amount: int) -> None:
    one.at = dt.datetime.combine(one.at.date() + DAY, dt.time()) + dt.timedelta(seconds=amount - 30)


def _renamed(_: SimulatedJpl, one: Approach, amount: int) -> None:
    one.des = str(990_000 + amount) if amount % 2 else f"2031 AA{abs(amount)}"


def _withdrawn(jpl: SimulatedJpl, one: Approach, _: int) -> None:
    jpl.withdraw(one)


def _returned(jpl: SimulatedJpl, _: Approach, amount: int) -> None:
    first = [one for day in TOLD for one in approaches_of(day, 3)]
    there = {one.des for one in jpl.approaches}
    gone = [one for one in first if one.des not in there]
    jpl.approaches += gone[amount % len(gone) :][:1] if gone else []


def _appeared(jpl: SimulatedJpl, _: Approach, amount: int) -> None:
    jpl.approaches.append(approaches_of(TODAY + amount * DAY, 9)[-1])


def _doubled(jpl: SimulatedJpl, one: Approach, amount: int) -> None:
    jpl.twin_of(one, amount * DAY + dt.timedelta(minutes=3))


def _drifted(_: SimulatedJpl, one: Approach, amount: int) -> None:
    one.dist = 0.05 + amount * 1e-6


def _leapt(_: SimulatedJpl, one: Approach, amount: int) -> None:
    one.dist = 0.001 * (abs(amount) % 40 + 1)


CHANGES = {
    "renewed": _renewed,
    "moved": _moved,
    "over midnight": _over_midnight,
    "renamed": _renamed,
    "withdrawn": _withdrawn,
    "returned": _returned,
    "appeared": _appeared,
    "doubled": _doubled,
    "drifted": _drifted,
    "leapt": _leapt,
}


# ---- the law -------------------------------------------------------------------------------


@dataclass
class ApproachesBench:
    """A bench, and who answers."""

    bench: Bench
    service: LyingJpl

    def begin(self) -> None:
        """A new world."""
        self.bench.clear()
        self.service.journal.unlink(missing_ok=True)
        self.service.jpl, self.service.lies = SimulatedJpl(TOLD), ()

    def honest_run(self) -> Outcome:
        """A run over everything, to which the truth is told."""
        self.service.lies = ()
        return self.bench.run(EVERYTHING, dist_max=EVERY_DISTANCE)

    def run(self, step: Step) -> Outcome | None:
        """The run of a step; None where it was killed."""
        self.service.lies, self.service.answers, self.service.refusable = step.lies, 0, 0
        how = {"dist_max": step.dist_max, "page_days": step.page_days}
        span = step.asked if step.span else None
        return killed_run(self.bench, step.killed, span, how) if step.killed else self.bench.run(span, **how)


def bench(folder: Path, server: str) -> ApproachesBench:
    """A bench for the worlds of close approaches."""
    service = LyingJpl(folder / "told.jsonl")
    return ApproachesBench(made_bench(folder, server, "approaches", TODAY, service, jpl_url=BASE), service)


def obeys(here: ApproachesBench, world: World) -> None:
    """Live through a world; an AssertionError names the sentence of the law that it broke."""
    here.begin()
    bench, service, jpl = here.bench, here.service, here.service.jpl
    whole = True  # whether the run before ended by itself
    for step in (Step(), *world):
        before, was = laws.what_is(bench), [(one, one.des) for one in jpl.approaches]
        knew_all = whole and sorted(map(service.worded, before.entries.values())) == service.truth()
        for what in step.changes:
            change(jpl, what)
        outcome = here.run(step)
        if outcome:
            after = laws.after_any_run(bench, service, before, outcome)
            if whole and 0 < service.refusable == service.answers:
                laws.leaves_all_as_it_was(before, after, outcome)
            if whole and not step.lies and outcome.exit_code == 0:
                _is_true_where_it_asked(service, step, before, after)
                renamed = {des: one.des for one, des in was if one.des != des and one in jpl.approaches}
                _keys_are_kept(service, step, before, after, renamed if knew_all else {})
        whole = outcome is not None
    last = laws.what_is(bench)
    laws.heals(bench, service, here.honest_run)
    _keys_are_kept(service, Step(), last, laws.what_is(bench), {})


def _is_true_where_it_asked(service: LyingJpl, step: Step, before: laws.Was, after: laws.Was) -> None:
    """An honest reply is believed, and speaks of nothing else."""
    told = {service.worded(entry) for entry in after.entries.values()}
    assert {*service.truth(step.asked, step.dist_max)} <= told, "what was told honestly is not there"
    laws.after_an_honest_run(step.asked, APART * DAY, service, before, after, "date")


def _keys_are_kept(
    service: LyingJpl, step: Step, before: laws.Was, after: laws.Was, renamed: Mapping[str, str]
) -> None:
    """Where an object has one approach before and now, less than thirty days apart, it is the same one.

    Under another name too, where it is as near and fast as it was, and on nearly the same day.
    """
    told = service.truth(step.asked, step.dist_max)
    known = Counter(entry["des"] for entry in before.entries.values())
    now = Counter(one.des for one in service.jpl.approaches)
    rows = {one.des: one.row() for one in service.jpl.approaches}
    for key, entry in before.entries.items():
        des = renamed.get(entry["des"], entry["des"])
        if known[entry["des"]] != 1 or now[des] != 1 or (des in renamed.values() and known[des]):
            continue
        row = rows[des]
        day = dt.date.fromisoformat(str(day_of(row["cd"], None)))
        days = abs((day - dt.date.fromisoformat(entry["date"])).days)
        as_it_was = abs(float(str(row["dist"])) / entry["dist"] - 1) < 0.09
        if words_of(row) in told and (days < APART if des == entry["des"] else days <= RENAMED_APART and as_it_was):
            assert key in after.entries, "an approach lost its key"
            assert service.worded(after.entries[key]) == words_of(row), "an approach lost its key to another one"


# ---- worlds --------------------------------------------------------------------------------
PLACES = st.integers(0, 140)
DAYS = st.sampled_from([-1, 1, 2, -3, 0, 29, -29, 30, -31, 12])
# Of so many approaches six may be gone, or leap, at once: no more than that become so in a world.
HARMLESS = st.builds(
    Change,
    st.sampled_from(["renewed", "moved", "over midnight", "returned", "appeared", "doubled", "drifted"]),
    PLACES,
    DAYS,
)
COSTLY = st.builds(Change, st.sampled_from(["withdrawn", "renamed", "leapt"]), PLACES, st.integers(0, 40))
MIDNIGHT = st.builds(Change, st.just("over midnight"), PLACES, st.integers(-31, 31))


def _odd(kind: str, place: int, odd: tuple[str, Any], first: int, times: int) -> Lie:
    return Lie(kind, place, *odd, first, times)


ODD_VALUES = st.one_of(
    st.tuples(st.sampled_from(NUMBERS), st.sampled_from(IMPOSSIBLE)),
    st.tuples(st.sampled_from(["cd", "t_sigma_f", "orbit_id"]), st.sampled_from([*IMPOSSIBLE, "2026-Mar-32 10:00"])),
    st.tuples(st.sampled_from(["des", "fullname", "orbit_id"]), st.sampled_from([*ODD_TEXTS, 7, None, [], {}, 1.5])),
    st.tuples(st.sampled_from(["h", "v_inf", "diameter", "diameter_sigma"]), st.sampled_from([*IMPOSSIBLE, "1e9"])),
)
WHEN = {"first": st.sampled_from([0, 0, 0, 1, 2]), "times": st.sampled_from([-1, -1, 1, 2])}
OF_REPLIES = ("nothing", "another version", "count as text", "other order", "left out")
ONCE = {**WHEN, "times": st.sampled_from([1, 2])}  # what invents entries, which are gone in the end
LIES = st.one_of(
    st.builds(partial(Lie, field="dist", value=""), st.sampled_from(WHOLE), PLACES, **WHEN),
    st.builds(partial(Lie, field="dist", value=""), st.sampled_from(OF_REPLIES), PLACES, **WHEN),
    st.builds(partial(Lie, field="dist", value=""), st.just("twice"), PLACES, **ONCE),
    *[st.builds(_odd, st.sampled_from(["odd", "odd and as it is"]), PLACES, ODD_VALUES, **ONCE)] * 2,
)
SPANS = st.sampled_from([(-120, 120)] * 3 + [None, None]) | st.tuples(st.integers(-60, 15), st.integers(0, 70)).map(
    lambda ends: (ends[0], ends[0] + ends[1])
)
STEPS = st.builds(
    Step,
    st.tuples(st.lists(HARMLESS | MIDNIGHT, max_size=3), st.lists(COSTLY, max_size=1)).map(
        lambda both: (*both[0], *both[1])
    ),
    st.just(()) | st.lists(LIES, max_size=2).map(tuple),
    SPANS,
    st.sampled_from([EVERY_DISTANCE, EVERY_DISTANCE, "0.05", "10LD"]),
    st.sampled_from([366, 366, 60, 10]),
    st.sampled_from([*[""] * 4 * len(KILLED), *KILLED]),
)
WORLDS = st.lists(STEPS, min_size=1, max_size=4).map(tuple)

BROKE_THE_LAW_ONCE: dict[str, World] = {
    "killed among the files of a version that holds less": (
        Step((Change("withdrawn", 43),), killed="write apod_entries.parquet"),
    ),
    "a distance that is rounded to the limit": (Step((Change("drifted", 43, 2),)), Step(dist_max="0.05")),
    "a full name that is a number": (Step(lies=(Lie("odd", 43, "fullname", 7),)),),
    "a NUL in a designation": (Step(lies=(Lie("odd", 43, "des", "\0"),)),),
}
