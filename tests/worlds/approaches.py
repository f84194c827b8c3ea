"""Worlds of close approaches: what becomes of the approaches themselves, what is wrong with the replies, and the law.

A world is some steps. In each the approaches change (new orbits, other days and names, withdrawals, returns), and then
a run asks for some or all days, is lied to or killed. In the end the service tells the truth.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from hypothesis import strategies as st

from apod_pipeline.dataset.sources import Request
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.approaches.identity import APART
from apod_pipeline.datasets.approaches.rules.derive import served
from apod_pipeline.datasets.approaches.rules.times import day_of
from apod_pipeline.errors import SourceUnavailable
from apod_pipeline.model import Outcome
from apod_pipeline.simulator.approaches import LUNAR_DISTANCE, TODAY, SimulatedJpl
from apod_pipeline.simulator.generated_approaches import Approach, approaches_of
from apod_pipeline.simulator.message import Request as Asked
from worlds import laws
from worlds.bench import BASE, Bench, made_bench
from worlds.killing import KILLED, killed_run
from worlds.odd import ODD_TEXTS

DAY = dt.timedelta(days=1)
TOLD = Span(TODAY - 20 * DAY, TODAY + 20 * DAY)  # days that have approaches at first
FARTHEST = 85  # days from today on which one ever is
EVERYTHING = Span(TODAY - 120 * DAY, TODAY + 120 * DAY)  # no approach is nearer to its ends than one may move
EVERY_DISTANCE = "1"
WHOLE = ("html", "truncated", "count", "columns", "unsigned", "status", "silence", "short row")
"""Lies about a reply as a whole: it is refused."""
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


class Lie(NamedTuple):
    """One thing that is wrong with replies.

    Attributes:
        kind: what is done: one of `WHOLE`, or one of the names in `_told`.
        place: of which row.
        field: which of its fields.
        value: what stands there instead; or how much, where something is a matter of how much.
        first: the first reply of the run that is hit.
        times: how many are; -1 for all.
    """

    kind: str
    place: int = 0
    field: str = "dist"
    value: Any = ""
    first: int = 0
    times: int = -1


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


# ---- the service ---------------------------------------------------------------------------
@dataclass(eq=False)
class LyingJpl:
    """What the simulated service answers, with lies told; what it was believed to tell is written down.

    Attributes:
        journal: where every row is written down, so that a run in a process of its own does so too.
    """

    journal: Path
    jpl: SimulatedJpl = field(default_factory=lambda: SimulatedJpl(TOLD))
    lies: tuple[Lie, ...] = ()
    answers: int = 0

    def answer(self, request: Request) -> tuple[int, bytes]:
        """Status and body."""
        lies = [lie for lie in self.lies if 0 <= self.answers - lie.first < (lie.times if lie.times >= 0 else 10**6)]
        self.answers += 1
        if any(lie.kind == "silence" for lie in lies):
            raise SourceUnavailable("no answer. What was received before is kept; type the same command again later.")
        parts = urlsplit(request.address)
        told = json.loads(self.jpl.told(Asked("GET", parts.path, parts.query, {})).whole())
        for lie in lies:
            told = _told(lie, told)
        with self.journal.open("a", encoding="ascii") as journal:
            journal.writelines(_of_row(row) + "\n" for row in _rows(told))
        return _spoilt(lies, json.dumps(told).encode())

    def told(self) -> set[str]:
        """Every row that was ever told, as `worded` words it."""
        return {*self.journal.read_text(encoding="ascii").splitlines()} if self.journal.exists() else set()


def _rows(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = told.get("fields", ())
    return [dict(zip(names, row, strict=False)) for row in told.get("data", ())]


def _told(lie: Lie, told: dict[str, Any]) -> dict[str, Any]:
    """What is told, with one thing said otherwise."""
    if lie.kind == "nothing":
        return {"signature": told["signature"], "count": "0"}
    said = {
        "unsigned": {"signature": {"source": "somebody", "version": "1.5"}},
        "another version": {"signature": told["signature"] | {"version": "9"}},
        "count as text": {"count": str(told["count"])},
        "count": {"count": int(told["count"]) + 1 + lie.place},
    }
    return told | (said.get(lie.kind) or (_in_its_rows(lie, told) if told.get("data") else {}))


def _in_its_rows(lie: Lie, told: dict[str, Any]) -> dict[str, Any]:
    """What a lie about rows, or the names of their columns, makes of an answer."""
    names, rows = told["fields"], told["data"]
    place, where = lie.place % len(rows), names.index(lie.field) if lie.field in names else 0
    row = rows[place]
    odd = [*row[:where], lie.value, *row[where + 1 :]]
    others = [*rows[:place], *rows[place + 1 :]]
    if lie.kind == "other order":
        order = sorted(names)
        columns = [names.index(name) for name in order]
        return {"fields": order, "data": [[row[column] for column in columns] for row in rows[::-1]]}
    if lie.kind == "columns":
        return {"fields": [*names[:where], "other", *names[where + 1 :]]}
    changed = {
        "odd": [*others, odd],
        "odd and as it is": [*rows, odd],
        "twice": [*rows, row],
        "left out": others,
        "short row": [*others, row[:-1]],
    }.get(lie.kind, rows)
    return {"count": len(changed), "data": changed}


def _spoilt(lies: Iterable[Lie], body: bytes) -> tuple[int, bytes]:
    """How the network leaves a body."""
    status = 200
    for lie in lies:
        if lie.kind == "html":
            body = b"<html><body>We will be back soon</body></html>"
        elif lie.kind == "truncated":
            body = body[: len(body) * (lie.place % 9) // 9]
        elif lie.kind == "status":
            status = (400, 404, 301, 204, 500, 503)[lie.place % 6]
    return status, body


def _of_row(row: Mapping[str, Any]) -> str:
    """A row of the service in the words in which an entry is compared with it."""
    full = row.get("fullname")
    return json.dumps(sorted((row | {"fullname": full.strip() or None if isinstance(full, str) else full}).items()))


def worded(entry: Mapping[str, Any]) -> str:
    """An entry as the service told it."""
    told = {name: entry[name] for name in ("des", "orbit_id", "cd", "t_sigma_f", "fullname")}
    return _of_row(told | served(dict(entry)))


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

    def truth(self, span: Span, dist_max: str) -> dict[str, dict[str, Any]]:
        """What there is to be told of some days, by its words."""
        most = float(dist_max.removesuffix("LD")) * (LUNAR_DISTANCE if dist_max.endswith("LD") else 1)
        rows = [one.row() for one in self.service.jpl.approaches if one.dist <= most]
        return {_of_row(row): row for row in rows if dt.date.fromisoformat(str(day_of(row["cd"], None))) in span}

    def run(self, step: Step) -> Outcome | None:
        """The run of a step; None where it was killed."""
        self.service.lies, self.service.answers = step.lies, 0
        how = {"dist_max": step.dist_max, "page_days": step.page_days}
        span = step.asked if step.span else None
        return killed_run(self.bench, step.killed, span, how) if step.killed else self.bench.run(span, **how)


def bench(folder: Path, server: str) -> ApproachesBench:
    """A bench for the worlds of close approaches."""
    service = LyingJpl(folder / "told.jsonl")
    return ApproachesBench(made_bench(folder, server, "approaches", TODAY, service, jpl_url=BASE), service)


class _Before(NamedTuple):
    """What there was before a run."""

    entries: dict[str, dict[str, Any]]
    files: list[str | None]
    states: laws.States


def _before(bench: Bench) -> _Before:
    return _Before(bench.entries(), bench.files(), laws.states(bench))


def obeys(here: ApproachesBench, world: World) -> None:
    """Live through a world; an AssertionError names the sentence of the law that it broke."""
    here.begin()
    whole = True  # whether the run before ended by itself
    for step in (Step(), *world):
        for what in step.changes:
            change(here.service.jpl, what)
        before = _before(here.bench)
        outcome = here.run(step)
        if outcome:
            _obeys(here, step, before, outcome, whole=whole)
        whole = outcome is not None
    _heals(here)


def _obeys(here: ApproachesBench, step: Step, before: _Before, outcome: Outcome, *, whole: bool) -> None:
    """What is true after any run."""
    bench = here.bench
    laws.ends_in_order(outcome.exit_code)
    after = _before(bench)
    if whole and any(lie.kind in WHOLE and lie.first == 0 and lie.times < 0 for lie in step.lies):
        laws.leaves_all_as_it_was(before, after, outcome)
    laws.no_state_is_lost(before.states, after.states)
    laws.files_and_tables_agree(bench)
    laws.every_entry_was_told(here.service.told(), after.entries, worded)
    if whole and not step.lies and outcome.exit_code == 0:
        _is_true_where_it_asked(here, step, before.entries, after.entries)


def _is_true_where_it_asked(
    here: ApproachesBench, step: Step, before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]
) -> None:
    """An honest reply is believed, keeps keys, and speaks of nothing outside of what was asked."""
    truth, told = here.truth(step.asked, step.dist_max), {worded(entry) for entry in after.values()}
    assert truth.keys() <= told, "what was told honestly is not there"
    for key, entry in before.items():
        day = dt.date.fromisoformat(entry["date"])
        outside = day not in step.asked
        if key in after:
            inside = dt.date.fromisoformat(after[key]["date"]) in step.asked
            assert inside or after[key] == entry, "an entry changed that nobody was asked for"
        else:
            assert not outside, "an entry outside of the days that were asked for is gone"
            around = (day - APART * DAY, day + APART * DAY)
            assert all(each in step.asked for each in around), "an entry may have moved outside, and is gone"
            assert worded(entry) not in here.truth(EVERYTHING, EVERY_DISTANCE), "an entry that is still told is gone"
    _keys_are_kept(truth, before, after)


def _keys_are_kept(
    truth: Mapping[str, Mapping[str, Any]], before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]
) -> None:
    """Where an object has one approach before and now, less than thirty days apart, it is the same one."""
    known = Counter(entry["des"] for entry in before.values())
    now = Counter(row["des"] for row in truth.values())
    rows = {row["des"]: (words, row) for words, row in truth.items()}
    for key, entry in before.items():
        if known[entry["des"]] != 1 or now[entry["des"]] != 1:
            continue
        words, row = rows[entry["des"]]
        days = dt.date.fromisoformat(str(day_of(row["cd"], None))) - dt.date.fromisoformat(entry["date"])
        if abs(days.days) < APART:
            assert key in after, "an approach lost its key"
            assert worded(after[key]) == words, "an approach lost its key to another one"


def _heals(here: ApproachesBench) -> None:
    """One run over everything makes the archive what the service tells; all agrees, and is made again the same."""
    bench, last = here.bench, Step()
    before = _before(bench)
    outcome = here.run(last)
    assert outcome is not None
    assert outcome.exit_code == 0, f"told the truth, it ends with {outcome.exit_code}: {outcome.missing}"
    after = _before(bench)
    truth = here.truth(EVERYTHING, EVERY_DISTANCE)
    told = {worded(entry) for entry in after.entries.values()}
    assert told == truth.keys(), "told the truth, it says something else"
    assert len(after.entries) == len(truth), "told the truth, it holds something twice"
    _keys_are_kept(truth, before.entries, after.entries)
    laws.no_state_is_lost(before.states, after.states)
    laws.files_and_tables_agree(bench)
    laws.an_audit_finds_nothing(bench)
    laws.nothing_new_makes_no_version(partial(bench.run, EVERYTHING, dist_max=EVERY_DISTANCE))
    laws.rebuilt_it_is_the_same(bench)


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
OF_REPLIES = ("nothing", "another version", "count as text", "other order", "twice", "left out")
LIES = st.one_of(
    st.builds(partial(Lie, field="dist", value=""), st.sampled_from(WHOLE), PLACES, **WHEN),
    st.builds(partial(Lie, field="dist", value=""), st.sampled_from(OF_REPLIES), PLACES, **WHEN),
    *[st.builds(_odd, st.sampled_from(["odd", "odd and as it is"]), PLACES, ODD_VALUES, **WHEN)] * 2,
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
    st.sampled_from([""] * 5) | st.sampled_from(KILLED),
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
