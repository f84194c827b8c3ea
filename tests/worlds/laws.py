"""Laws for any data set: what must be true of an archive, whatever its services told in between.

Takes a bench and what was there before; an AssertionError names the sentence of the law that was broken.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from apod_pipeline.dataset.spans import Span
from apod_pipeline.jobs.verify import verify
from apod_pipeline.model import Outcome
from apod_pipeline.settings import resolve
from worlds.bench import Bench

# What Git and DVC hold is not looked at: there are none.
KEPT_ELSEWHERE = {"csv", "parquet", "DVC cache", "DVC remote", "Git objects", "Git remote", "commit", "ledger"}
States = set[tuple[str, dt.datetime, str]]


class Was(NamedTuple):
    """What there is at one time."""

    entries: dict[str, dict[str, Any]]
    files: list[str | None]
    states: States


class Told(Protocol):
    """Whoever tells of entries that have keys of their own, as far as laws speak of it."""

    def told(self) -> set[str]:
        """Every record that was ever told, as `worded` words it."""

    def truth(self) -> list[str]:
        """In their order, every record that there is to be told now."""

    def worded(self, entry: Mapping[str, Any]) -> str:
        """An entry as the record that it was made of."""


def ends_in_order(exit_code: int) -> None:
    """All is well (0), something was refused (3) or did not come (4); nothing else, whatever a service tells."""
    assert exit_code in {0, 3, 4}, f"it ends with {exit_code}"


def nothing_new_makes_no_version(again: Callable[[], Outcome]) -> None:
    """The same told again ends well, and nothing is sealed."""
    outcome = again()
    assert (outcome.exit_code, outcome.version) == (0, None), "nothing is new, and a version is made"


def leaves_all_as_it_was(before: object, after: object, outcome: Outcome) -> None:
    """A run of which every reply was refused changes nothing, and says so."""
    assert outcome.exit_code in {3, 4}, f"everything was refused, and it ends with {outcome.exit_code}"
    assert outcome.version is None, "everything was refused, and a version is made"
    assert before == after, "everything was refused, and something changed"


def states(bench: Bench) -> States:
    """Every state that the tables hold: key, when it began, and what it says."""
    key = bench.dataset.columns.key
    return {*bench.select(f"SELECT {key}, observed_from, content_hash FROM {bench.name}_revision")}  # type: ignore[arg-type]


def no_state_is_lost(before: States, after: States) -> None:
    """What was ever loaded is still among the revisions."""
    assert before <= after, f"states are lost: {sorted(before - after)[:3]}"


def files_and_tables_agree(bench: Bench) -> None:
    """The tables hold the entries of the files, each of them in one state that is not over."""
    key, entries = bench.dataset.columns.key, sorted(bench.entries())
    for where in (bench.name, f"{bench.name}_revision WHERE observed_to IS NULL"):
        there = sorted(row[0] for row in bench.select(f"SELECT {key} FROM {where}"))
        assert there == entries, "the tables hold other entries than the files"


def an_audit_finds_nothing(bench: Bench) -> None:
    """Files, ledger, raw replies and tables say the same."""
    flags = {"archive": bench.archive.root, "dataset": bench.name, "database_url": bench.database}
    settings = resolve({**flags, "today": bench.today, **bench.settings}, {}, None)
    unwell = {one.what: one.says for one in verify(settings) if not one.well and one.what not in KEPT_ELSEWHERE}
    assert not unwell, f"an audit finds something: {unwell}"


def rebuilt_it_is_the_same(bench: Bench) -> None:
    """Every file and table made again from raw replies and ledger says what it said."""
    before = bench.files(), bench.entries(), states(bench)
    assert bench.wired().rebuild().exit_code == 0, "a rebuild does not end well"
    assert (bench.files(), bench.entries(), states(bench)) == before, "rebuilt, it is another"


def what_is(bench: Bench) -> Was:
    """What there is now."""
    return Was(bench.entries(), bench.files(), states(bench))


def every_entry_was_told(service: Told, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """No entry says what no service ever said."""
    told = service.told()
    wrong = [key for key, entry in entries.items() if service.worded(entry) not in told]
    assert not wrong, f"entries that nobody told: {[entries[key] for key in wrong[:2]]}"


def after_any_run(bench: Bench, service: Told, before: Was, outcome: Outcome) -> Was:
    """Whatever was told: it ends in order, nothing is lost, nothing is invented. Gives what there is then."""
    ends_in_order(outcome.exit_code)
    after = what_is(bench)
    no_state_is_lost(before.states, after.states)
    files_and_tables_agree(bench)
    every_entry_was_told(service, after.entries)
    return after


def after_an_honest_run(asked: Span, reach: dt.timedelta, service: Told, before: Was, after: Was, day_of: str) -> None:
    """An honest answer for some days speaks of nothing outside of them, and of nothing that may have moved outside."""
    there, here = Counter(service.truth()), Counter(map(service.worded, after.entries.values()))
    for key, entry in before.entries.items():
        day = dt.date.fromisoformat(entry[day_of])
        if key in after.entries:
            inside = dt.date.fromisoformat(after.entries[key][day_of]) in asked
            assert inside or after.entries[key] == entry, "an entry changed that nobody was asked for"
        else:
            assert day in asked, "an entry outside of the days that were asked for is gone"
            assert day - reach in asked, "an entry may have moved outside, and is gone"
            assert day + reach in asked, "an entry may have moved outside, and is gone"
            words = service.worded(entry)
            assert there[words] <= here[words], "an entry that is still told is gone"


def heals(bench: Bench, service: Told, run: Callable[[], Outcome]) -> None:
    """One honest run over everything makes the archive what is told; all of it agrees, and is made again the same."""
    before = what_is(bench)
    outcome = run()
    assert outcome.exit_code == 0, f"told the truth, it ends with {outcome.exit_code}: {outcome.missing}"
    after = after_any_run(bench, service, before, outcome)
    truth = service.truth()
    told = sorted(service.worded(entry) for entry in after.entries.values())
    assert told == truth, "told the truth, it says something else"
    an_audit_finds_nothing(bench)
    nothing_new_makes_no_version(run)
    rebuilt_it_is_the_same(bench)
