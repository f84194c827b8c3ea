"""From ledger and replies to versions: which days changed, what they say now, and what that replaces.

Takes the archive's ledger and raw replies, and a pure transform; gives sealed versions and the three files. Offline:
never asks a service. Never decides what a reply is worth (the canary did), never touches a database or Git.

A version is sealed before a file is replaced: the seal says what must be true, the files follow, and whoever finds
them behind (after a kill) brings them up. What a version replaces is kept whole in the ledger, because states of
old rules cannot be derived again.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apod_pipeline.archive import Archive, timestamp
from apod_pipeline.errors import ArchiveDamaged, Unreadable
from apod_pipeline.ledger import Known, Ledger, Version
from apod_pipeline.model import Entry, Reading
from apod_pipeline.ports import Source
from apod_pipeline.processed import Columns, Row, Rows, Table, write_all
from apod_pipeline.projection import current_since


def _plural(count: int, one: str, many: str) -> str:
    return one if count == 1 else many


def _next_instant(at: dt.datetime, last: Version | None) -> dt.datetime:
    """Whole seconds, as Git keeps them, and always after the last version."""
    at = at.replace(microsecond=0)
    return max(at, last.at + dt.timedelta(seconds=1)) if last else at


@dataclass(eq=False, repr=False)
class Derivation:
    """How entries come from readings in this archive.

    Attributes:
        archive: the folder.
        ledger: its memory.
        sources: by name, to read replies with.
        transform: readings to entries; pure.
        rules: version of the transform's rules.
        preference: whose reading is the entry, most wanted first.
        columns: the fields of an entry.
        bring: sees that raw replies are here before they are opened, where an archive does not hold them all.
    """

    archive: Archive
    ledger: Ledger
    sources: Mapping[str, Source]
    transform: Callable[[Iterable[Reading]], Iterator[Entry]]
    rules: int
    preference: tuple[str, ...]
    columns: Columns
    bring: Callable[[Collection[str]], object] = len

    # ---- versions ------------------------------------------------------------------------
    def seal_rules(self, run: str, at: dt.datetime) -> Version | None:
        """A version of its own where new rules, or another preference, word entries differently; else None.

        It comes before any news, so that a revision has one cause.
        """
        versions = self.ledger.versions()
        if not versions or self._derived_alike(versions[-1]):
            return None
        last = versions[-1]
        return self._seal(Version(at, run, self.rules, self.preference, last.lines, last.today), versions)

    def seal_news(self, run: str, at: dt.datetime, today: dt.date) -> Version | None:
        """Seal what the ledger holds since the last version, and write the files; None where no entry changes.

        Readings, refusals and denials that change no entry stay in the ledger and wait for the next version.
        """
        versions = self.ledger.versions()
        lines = self.ledger.count()
        if lines <= max(versions[-1].lines if versions else 0, self.archive.progress().get("examined", 0)):
            return None
        today = max([today, *(version.today for version in versions[-1:])])  # a run may stand for an earlier day
        return self._seal(Version(at, run, self.rules, self.preference, lines, today), versions)

    def _derived_alike(self, last: Version) -> bool:
        marks = self.archive.progress()
        rules, preference = marks.get("rules", last.rules), marks.get("preference", ",".join(last.preference))
        return bool(rules == self.rules) and preference == ",".join(self.preference)

    def _seal(self, draft: Version, versions: list[Version]) -> Version | None:
        last = versions[-1] if versions else None
        known = self.ledger.known(draft.lines)
        by_rules = last is not None and last.lines == draft.lines
        days = known.first_line.keys() if by_rules else known.days_since(last.lines if last else 0)
        version = draft._replace(at=_next_instant(draft.at, last))
        with Rows(self.archive.private / "changed.jsonl", self.columns.key) as rows:
            self._fill(rows, known, days)
            table = Table(self.archive.parquet, self.columns)
            replaced, added = self._replaced(table, rows, versions, version, by_rules=by_rules)
            if not replaced and not added:
                self.archive.advance(examined=draft.lines)
                if by_rules:
                    self.archive.advance(rules=self.rules, preference=",".join(self.preference))
                return None
            self.ledger.append_superseded(replaced, version.at)
            self.ledger.seal(version)
            write_all(self.archive, self.columns, rows, keep=True)
        self._mark(version)
        return version

    def _replaced(
        self, table: Table, rows: Rows, versions: list[Version], version: Version, *, by_rules: bool
    ) -> tuple[list[dict[str, Any]], int]:
        """The states that differ from the new rows, as the ledger keeps them; and how many rows are new."""
        if not versions:
            return [], len(rows)
        before = self.ledger.known(versions[-1].lines)
        since = current_since(before, versions, self.ledger.superseded(versions))
        old = {row[self.columns.key]: row for row in table.rows(rows.keys())}
        states = []
        for new in rows:
            was = old.get(key := new[self.columns.key])
            if was is None or was == new:
                continue
            cause = self._cause(versions[-1], was, new, by_rules=by_rules)
            chosen = before.chosen(key, versions[-1].preference)
            states.append(
                {
                    "date": key,
                    "from": timestamp(since[key].at),
                    "to": timestamp(version.at),
                    "began": since[key].cause,
                    "cause": cause,
                    "reply": chosen[1].file if chosen else None,
                    "entry": was,
                }
            )
        return states, len(rows) - len(old)

    def _cause(self, last: Version, was: Row, new: Row, *, by_rules: bool) -> str:
        if by_rules and last.rules != self.rules:
            return "rules"
        return "preference" if by_rules or was.get("source") != new.get("source") else "source"

    def summary(self, version: Version) -> list[str]:
        """What a version changed, a line each: the body of its commit."""
        versions = self.ledger.versions()
        before = next((v.lines for v in reversed(versions) if v.at < version.at), 0)
        known = self.ledger.known(version.lines)
        states = [s for s in self.ledger.superseded(versions) if s["to"] == timestamp(version.at)]
        added = sum(line >= before for line in known.first_line.values())
        refused = sum(q.line >= before for q in known.quarantine)
        lines = [f"+{added} {_plural(added, 'entry', 'entries')}"] if added else []
        for cause, word in (
            ("source", "edited"),
            ("preference", "taken from another source"),
            ("rules", "reworded"),
        ):
            if days := [s for s in states if s["cause"] == cause]:
                lines.append(f"{len(days)} {word}{self._fields_changed(days) if cause == 'source' else ''}")
        if refused:
            lines.append(f"{refused} {_plural(refused, 'refusal', 'refusals')}")
        return lines or ["no entry changed"]

    def _fields_changed(self, states: list[dict[str, Any]]) -> str:
        table = Table(self.archive.parquet, self.columns)
        now = {row[self.columns.key]: row for row in table.rows([s["date"] for s in states])}
        changed = {n for s in states for n, value in s["entry"].items() if now[s["date"]].get(n) != value}
        return f" ({', '.join(name for name in self.columns.every if name in changed)})"

    # ---- files ---------------------------------------------------------------------------
    def catch_up(self) -> bool:
        """Bring the files to the last version where a kill left them behind; True when there was something to do."""
        versions = self.ledger.versions()
        if not versions:
            return False
        last, mark = versions[-1], self.archive.progress().get("derived")
        untouched = self.archive.untouched
        if mark == timestamp(last.at) and untouched:
            return False
        since = next((v for v in versions if timestamp(v.at) == mark), None)
        alike = since is not None and (since.rules, since.preference) == (last.rules, last.preference)
        # A change is merged only into files that are as we left them; all others are made anew.
        self.rebuild(since if alike and untouched else None)
        return True

    def rebuild(self, since: Version | None = None) -> int:
        """Write the files of the last version again from the raw replies; gives how many entries were derived.

        Args:
            since: the version that the files are known to stand at; None derives everything.
        """
        versions = self.ledger.versions()
        if not versions:
            return 0
        known = self.ledger.known(versions[-1].lines)
        days = known.first_line.keys() if since is None else known.days_since(since.lines)
        with Rows(self.archive.private / "changed.jsonl", self.columns.key) as rows:
            self._fill(rows, known, days)
            write_all(self.archive, self.columns, rows, keep=since is not None)
            count = len(rows)
        self._mark(versions[-1])
        return count

    def _mark(self, version: Version) -> None:
        self.archive.witness()
        self.archive.advance(derived=timestamp(version.at), rules=self.rules, preference=",".join(self.preference))

    # ---- readings ------------------------------------------------------------------------
    def _fill(self, rows: Rows, known: Known, days: Collection[str]) -> None:
        for entry in self.transform(self.readings(known, days)):
            rows.add(entry.as_row())

    def readings(self, known: Known, days: Collection[str]) -> Iterator[Reading]:
        """The chosen reading of every day, reply by reply; no reply is opened twice.

        Raises:
            ArchiveDamaged: when a raw reply is gone or does not hold its days any more.
        """
        wanted: dict[str, set[str]] = defaultdict(set)
        for day in days:
            chosen = known.chosen(day, self.preference)
            if chosen:
                wanted[chosen[1].file].add(day)
        self.bring(wanted)
        for file in sorted(wanted, key=lambda name: known.replies[name]["order"]):
            yield from self.readings_in(file, known.replies[file], wanted[file])

    def readings_in(self, file: str, line: Mapping[str, Any], days: set[str]) -> Iterator[Reading]:
        """The readings of some days that a reply holds.

        Raises:
            ArchiveDamaged: when it is gone or does not hold them any more.
        """
        source = self.sources[line["source"]]
        left = set(days)
        try:
            for told, item in source.items(self.archive.raw / file, line["form"]):
                if told in left:
                    left.remove(told)
                    yield Reading(dt.date.fromisoformat(told), source.name, source.settle(item))
        except FileNotFoundError as error:
            raise ArchiveDamaged(_lost(file, sorted(days), "is gone")) from error
        except Unreadable as error:
            raise ArchiveDamaged(_lost(file, sorted(left), f"cannot be read any more ({error})")) from error
        if left:
            raise ArchiveDamaged(_lost(file, sorted(left), "does not hold them any more"))


def _lost(file: str, days: list[str], what: str) -> str:
    return (
        f"data/raw/{file} {what}: {days[0]}{f' and {len(days) - 1} more days' if days[1:] else ''} cannot be derived. "
        "Nothing was changed; `dvc checkout data/raw.dvc` (or `dvc pull data/raw.dvc`) in the archive brings it back."
    )
