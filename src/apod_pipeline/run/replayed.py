"""What an archive told, told once more behind what another one told: readings in their order, states whole.

Takes lines and states of one archive, and the other's ledger; gives what is appended there. What both were told is kept
once. A state that cannot be derived again, because old rules worded it, is kept as it was. Never opens a reply, never
takes a line away.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from apod_pipeline.archive.known import Known, Version, refusal_key
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import instant, timestamp
from apod_pipeline.archive.processed import Table
from apod_pipeline.database.rows import current_since
from apod_pipeline.run.derivation import Derivation

Line = dict[str, Any]
Step = dict[str, Any]  # a version: `at`, `run`, `today`, and its `lines` and `superseded` states
Told = set[tuple[str, str, str]]  # source, day and digest of every reading that was ever told


def key(line: Line) -> tuple[Any, ...]:
    """What tells a reply line from every other, whatever name its reply has."""
    return (line.get("sha256"), line["at"], tuple(line["asked"]), bool(line.get("replay")))


def unknown(known: Known, told: Told, line: Line, *, whole: bool) -> Line | None:
    """The part of a line that the other ledger does not know yet; None where it knows all.

    A reading that is older than what is known now counts only if it was never told: it is a state of its own then.

    Args:
        known: what the ledger adds up to now.
        told: every reading that it ever told.
        line: of this archive.
        whole: keep the line's reply also where nothing of it is new.
    """
    if "file" not in line:
        news = {day for day in line.get("gaps", {}) if known.gap(day) is None and not known.has(day)}
        return line if news or not all(_asked(known, day) for day in line["asked"]) else None
    source = line["source"]
    if "withdrawn" in line:
        return _withdrawn(known, line)
    readings = {
        day: digest
        for day, digest in line.get("readings", {}).items()
        if known.digest(source, day) != digest and not ((source, day, digest) in told and _newer(known, line, day))
    }
    refused = {
        day: why
        for day, why in line.get("refused", {}).items()
        if known.refusals_heard.get((source, refusal_key(day, line["asked"]))) != why
    }
    absent = [day for day in line.get("absent", ()) if (source, day) not in known.denied]
    left_out = [entry for entry in line.get("left_out", ()) if _left_since(known, line, entry)]
    answered = bool(line.get("answered")) and not _answered(known, line)
    if not (readings or refused or absent or left_out or answered or whole):
        return None
    entries = {entry: traits for entry, traits in line.get("entries", {}).items() if entry in readings}
    said = {"readings": readings, "refused": refused, "absent": absent, "entries": entries, "left_out": left_out}
    rest = {name: value for name, value in line.items() if name not in said}
    return rest | {name: value for name, value in said.items() if value}


def _withdrawn(known: Known, line: Line) -> Line | None:
    """The part of a withdrawal that speaks of readings which still count."""
    days = [day for day, digest in line["withdrawn"].items() if known.digest(line["source"], day) == digest]
    parts = ("withdrawn", "refused", "kept")
    part = {name: {day: told for day, told in line[name].items() if day in days} for name in parts}
    return line | part if days else None


def _left_since(known: Known, line: Line, entry: str) -> bool:
    """Whether an entry that a line leaves out is there, and nobody told of it since."""
    return known.held(line["source"], entry) is not None and not _newer(known, line, entry)


def _answered(known: Known, line: Line) -> bool:
    first, last = map(dt.date.fromisoformat, line["asked"])
    return any(first in span and last in span for span in known.entries.answered)


def _newer(known: Known, line: Line, day: str) -> bool:
    held = known.held(line["source"], day)
    return held is not None and instant(known.replies[held.file]["at"]) > instant(line["at"])


def _asked(known: Known, day: str) -> bool:
    return any(str(span.first) <= day <= str(span.last) for span in known.asked)


def newest_again(ledger: Ledger, ours: Iterable[Line]) -> None:
    """Let what was read last be what counts, of every day of some lines: an older reading may have come behind it."""
    touched = {(line["source"], day) for line in ours for day in line.get("readings", {})}
    newest: dict[tuple[str, str], Line] = {}
    for line in ledger.reply_lines():
        for day in line.get("readings", {}):
            at = (line["source"], day)
            if at in touched and (at not in newest or instant(line["at"]) >= instant(newest[at]["at"])):
                newest[at] = line
    known, again = ledger.known(), dict[str, tuple[Line, dict[str, str]]]()
    for (source, day), line in newest.items():
        digest = line["readings"][day]
        if known.digest(source, day) != digest and digest not in known.withdrawn.get((source, day), ()):
            again.setdefault(line["file"], (line, {}))[1][day] = digest
    for line, readings in again.values():
        rest = {name: value for name, value in line.items() if name not in {"readings", "refused", "absent"}}
        fresh = rest | {"readings": readings, "replay": True}
        ledger.append_lines([fresh])
        known.add(fresh)


def _same(entry: Any) -> bytes:  # noqa: ANN401 - an entry's fields
    return orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, eq=False, repr=False)
class States:
    """The states that an archive's versions replaced, kept when these are derived again elsewhere.

    Attributes:
        derivation: of the archive, as it stands now.
        steps: all of the versions, with the lines that they held.
    """

    derivation: Derivation
    steps: list[Step]

    @property
    def _ledger(self) -> Ledger:
        return self.derivation.ledger

    def keep(self, step: Step) -> None:
        """See that every state which a version replaced is told, also where today's rules word it differently."""
        states: list[Line] = step["superseded"]
        if not states:
            return
        versions = self._ledger.versions()
        days = {state["key"] for state in states}
        told = [state for state in self._ledger.superseded(versions) if state["key"] in days]
        rows, name = Table.of(self.derivation.archive).rows(days), self.derivation.columns.key
        seen = {(state["key"], _same(state["entry"])) for state in told} | {(r[name], _same(r)) for r in rows}
        lost = [state for state in states if (state["key"], _same(state["entry"])) not in seen]
        last = versions[-1]
        fresh = not self.derivation.archive.marks().is_published(last)
        derived = {state["key"]: state for state in told if fresh and state["to"] == timestamp(last.at)}
        same = [state for state in lost if self._of_one_reading(derived.get(state["key"]), state)]
        # Of states with the same day, times and cause the later line counts.
        self._ledger.append_superseded([derived[s["key"]] | {"entry": s["entry"]} for s in same], last.at)
        if rest := [state for state in lost if state not in same]:
            self._seal(rest, step, last)

    def _of_one_reading(self, derived: Line | None, ours: Line) -> bool:
        """Whether two states are one reading in two wordings."""
        if derived is None or None in (derived["reply"], ours["reply"]):
            return False
        here, there = _digests(self._ledger.reply_lines()), _digests(self._our_lines())
        day = ours["key"]
        was = there.get((ours["reply"], day)) or here.get((ours["reply"], day))
        return was is not None and was == here.get((derived["reply"], day))

    def _our_lines(self) -> list[Line]:
        return [line for step in self.steps for line in step["lines"]]

    def _seal(self, states: list[Line], step: Step, last: Version) -> None:
        """A version of their own for states that nothing derives any more: each had been, until what is there now."""
        ledger = self._ledger
        versions = ledger.versions()
        since = current_since(ledger.known(last.lines), versions, ledger.superseded(versions))
        at = max(instant(step["at"]), last.at + dt.timedelta(seconds=1))
        names = self._names()
        kept = [
            {
                "key": state["key"],
                "from": timestamp(since[state["key"]].at),
                "to": timestamp(at),
                "began": since[state["key"]].cause,
                "cause": state["cause"],
                "reply": names.get(state["reply"], state["reply"]),
                "entry": state["entry"],
            }
            for state in states
        ]
        ledger.append_superseded(kept, at)
        ledger.seal(last._replace(at=at, run=step["run"], lines=ledger.count()))
        self.derivation.catch_up()

    def _names(self) -> dict[str, str]:
        """The names that our replies have now."""
        now = {key(line): line["file"] for line in self._ledger.reply_lines() if "file" in line}
        return {line["file"]: now[key(line)] for line in self._our_lines() if "file" in line and key(line) in now}


def _digests(lines: Iterable[Line]) -> dict[tuple[str, str], str]:
    return {(line["file"], day): digest for line in lines for day, digest in line.get("readings", {}).items()}
