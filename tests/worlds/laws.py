"""Laws for any data set: what must be true of an archive, whatever its services told in between.

Takes a bench and what was there before; an AssertionError names the sentence of the law that was broken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from apod_pipeline.jobs.verify import verify
from apod_pipeline.model import Outcome
from apod_pipeline.settings import resolve
from worlds.bench import Bench

# What Git and DVC hold is not looked at: there are none.
KEPT_ELSEWHERE = {"csv", "parquet", "DVC cache", "DVC remote", "Git objects", "Git remote", "commit", "ledger"}
States = set[tuple[str, datetime, str]]


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
    """The tables hold the entries of the files, field by field, in the states that are not over."""
    columns = bench.dataset.columns
    rows = bench.select(f"SELECT {', '.join(columns.output)} FROM {bench.name}")
    told = {row[0]: [str(cell) for cell in row] for row in rows}
    entries = bench.entries()
    assert told.keys() == entries.keys(), "the tables hold other entries than the files"
    open_ones = bench.select(f"SELECT {columns.key} FROM {bench.name}_revision WHERE observed_to IS NULL")
    assert sorted(key for (key,) in open_ones) == sorted(entries), "the open states are not the entries"


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


def every_entry_was_told(
    told: set[str], entries: Mapping[str, Mapping[str, Any]], worded: Callable[[Any], str]
) -> None:
    """No entry says what no service ever said."""
    wrong = [key for key, entry in entries.items() if worded(entry) not in told]
    assert not wrong, f"entries that nobody told: {[entries[key] for key in wrong[:2]]}"
