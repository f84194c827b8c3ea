"""From ledger and replies to versions: which days changed, what they say now, and what that replaces.

Takes the archive's ledger and raw replies, a pure transform and the quality gate; gives sealed versions and the three
files. Offline: never asks a service, never touches a database or Git.

The gate comes before the seal. A reading of which no entry can be made is withdrawn (a line in the ledger): the day
is refused, what was told of it before counts again, and an entry that was there stays as it was. So nothing that is
sealed can stop a run.

A version is sealed before a file is replaced: the seal says what must be true, the files follow, and whoever finds
them behind (after a kill) brings them up. What a version replaces is kept whole in the ledger, because states of
old rules cannot be derived again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Unpack

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known, Version
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.archive.marks import Changes
from apod_pipeline.archive.processed import Rows, Table, write_all
from apod_pipeline.archive.row_lines import writable
from apod_pipeline.dataset.fields import Columns
from apod_pipeline.dataset.readings import Reading, Row
from apod_pipeline.dataset.sources import Source
from apod_pipeline.errors import DataRefused
from apod_pipeline.model import in_plain_words
from apod_pipeline.run.endings import Endings
from apod_pipeline.run.gating import derived, withdrawal
from apod_pipeline.run.grown import fields_alike, fields_mark
from apod_pipeline.run.kept_replies import KeptReplies
from apod_pipeline.run.version_summary import summary

FEW = 10  # days that new rules may refuse, however few there are
UNWRITABLE = "it holds letters that no file can hold"
BATCH = 2048  # rows that pass the gate at once


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
        transform: readings to rows; pure.
        rules: version of the transform's rules.
        preference: whose reading is the entry, most wanted first.
        gate: which rows can be no entries: by key, the reason.
        bring: sees that raw replies are here before they are opened, where an archive does not hold them all.
        passed: is told of rows that will most likely be entries, as they pass the gate.
    """

    archive: Archive
    ledger: Ledger
    sources: Mapping[str, Source]
    transform: Callable[[Iterable[Reading]], Iterator[Row]]
    rules: int
    preference: tuple[str, ...]
    gate: Callable[[Sequence[Row]], Mapping[str, str]] = lambda _: {}
    bring: Callable[[Collection[str]], object] = len
    passed: Callable[[Sequence[Row]], object] = len
    refused: dict[str, str] = field(default_factory=dict)  # what the gate refused in this run: by day, the reason

    @property
    def replies(self) -> KeptReplies:
        """The raw replies, to be read again."""
        return KeptReplies(self.archive, self.sources, self.bring)

    @property
    def _endings(self) -> Endings:
        return Endings(self.archive, self.ledger)

    @property
    def columns(self) -> Columns:
        """The fields of an entry."""
        return self.archive.dataset.columns

    # ---- versions ------------------------------------------------------------------------
    def seal_rules(self, run: str, at: dt.datetime, *, accept_loss: bool = False) -> Version | None:
        """A version of its own where new rules, new fields or another preference word entries differently; else None.

        It comes before any news, so that a revision has one cause.

        Raises:
            DataRefused: the rules make no entry of more than half of the days; nothing was changed.
            SettingsError: a field is of another kind than it was; nothing was changed.
        """
        versions = self.ledger.versions()
        if not versions or self._derived_alike(versions[-1]):
            return None
        return self.reseal(run, at, accept_loss=accept_loss)

    def seal_standing(self, run: str, at: dt.datetime, *, accept_loss: bool = False) -> Version | None:
        """As `seal_rules`, of files that are as the last version left them: before they are made anew."""
        last = self.ledger.versions()[-1:]
        ours = bool(last) and self.archive.untouched and self.archive.marks().is_derived(last[0])
        return self.seal_rules(run, at, accept_loss=accept_loss) if ours else None

    def reseal(self, run: str, at: dt.datetime, *, accept_loss: bool = False) -> Version | None:
        """Derive every entry of the last version anew; a version of its own where any differs, else None."""
        versions = self.ledger.versions()
        draft = Version(at, run, self.rules, self.preference, versions[-1].lines, versions[-1].today)
        return self._seal(draft, versions, by_rules=True, accept_loss=accept_loss)

    def seal_news(self, run: str, at: dt.datetime, today: dt.date) -> Version | None:
        """Seal what the ledger holds since the last version, and write the files; None where no entry changes.

        Readings, refusals and denials that change no entry stay in the ledger and wait for the next version.
        """
        versions = self.ledger.versions()
        lines = self.ledger.count()
        if lines <= self._examined(versions):
            return None
        today = max([today, *(version.today for version in versions[-1:])])  # a run may stand for an earlier day
        return self._seal(Version(at, run, self.rules, self.preference, lines, today), versions, by_rules=False)

    def withdraw(self, at: dt.datetime) -> None:
        """Pass what a run before this one left unsealed through the gate: what is refused is asked for again."""
        versions = self.ledger.versions()
        if self.ledger.count() <= self._examined(versions):
            return
        known = self.ledger.known()
        with Rows(self.archive.private / "withdrawing.jsonl", self.columns) as rows:
            self._gated(rows, known, known.days_since(versions[-1].lines if versions else 0), versions, at)

    def _examined(self, versions: list[Version]) -> int:
        return max(versions[-1].lines if versions else 0, self.archive.marks().examined)

    def _derived_alike(self, last: Version) -> bool:
        marks = self.archive.marks()
        rules = last.rules if marks.rules is None else marks.rules
        preference = ",".join(last.preference) if marks.preference is None else marks.preference
        return fields_alike(self.archive) and (rules, preference) == (self.rules, ",".join(self.preference))

    def _seal(
        self, draft: Version, versions: list[Version], *, by_rules: bool, accept_loss: bool = False
    ) -> Version | None:
        last = versions[-1] if versions else None
        known = self.ledger.known(draft.lines)
        days = known.first_line.keys() if by_rules else known.days_since(last.lines if last else 0)
        with Rows(self.archive.private / "changed.jsonl", self.columns) as rows:
            most = len(days) // 2 if by_rules and not accept_loss else None
            known = self._gated(rows, known, days, versions, draft.at, most)
            endings = self._endings
            version = draft._replace(at=_next_instant(draft.at, last), lines=known.lines)
            replaced, added = endings.replaced(rows, versions, version, by_rules=by_rules)
            left = endings.left(known, last)
            replaced += endings.ended(left, versions, version)
            gone = endings.withdrawn(known, last) | left
            if not replaced and not added and not gone:
                self.archive.advance(examined=known.lines)
                if by_rules:
                    self.archive.advance(**self._made_by())
                return None
            self.ledger.append_superseded(replaced, version.at)
            self.ledger.seal(version)
            write_all(self.archive, rows, keep=True, gone=gone)
        if gone:
            self.archive.advance(entries=len(known.first_line))
        self._mark(version)
        return version

    def summary(self, version: Version) -> list[str]:
        """What a version changed, a line each: the body of its commit."""
        return summary(self.ledger, Table.of(self.archive), version)

    # ---- files ---------------------------------------------------------------------------
    def catch_up(self) -> bool:
        """Bring the files to the last version where a kill left them behind; True when there was something to do."""
        versions = self.ledger.versions()
        if not versions:
            return False
        last, marks, untouched = versions[-1], self.archive.marks(), self.archive.untouched
        if marks.is_derived(last) and untouched:
            return False
        since = self._made_last(versions)
        alike = since is not None and (since.rules, since.preference) == (last.rules, last.preference)
        alike = alike and fields_alike(self.archive)
        # A change is merged only into files that are as we left them; all others are made anew.
        self.rebuild(since if alike and untouched else None)
        return True

    def _made_last(self, versions: list[Version]) -> Version | None:
        """The version that the files said when they were last right; None where this ledger does not hold it."""
        return next(filter(self.archive.marks().is_derived, versions), None)

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
        before = since or self._made_last(versions)  # files that a kill left half written may have held more
        gone = self._endings.withdrawn(known, before) | self._endings.left(known, before)
        with Rows(self.archive.private / "changed.jsonl", self.columns) as rows:
            self._gated(rows, known, days, versions, versions[-1].at)
            write_all(self.archive, rows, keep=since is not None, gone=gone)
            count = len(rows)
        if gone:
            self.archive.advance(entries=len(known.first_line))
        self._mark(versions[-1])
        return count

    def _mark(self, version: Version) -> None:
        self.archive.witness()
        self.archive.advance(**self._made_by(derived=timestamp(version.at)))

    def _made_by(self, **others: Unpack[Changes]) -> Changes:
        """What the files are made by today, and other marks with it."""
        return {
            **others,
            "rules": self.rules,
            "preference": ",".join(self.preference),
            "fields": fields_mark(self.archive, self.columns.told),
        }

    # ---- readings ------------------------------------------------------------------------
    def examine(self, reading: Reading) -> str | None:
        """Why no entry can be made of a reading; None where one can."""
        withheld: dict[str, str] = {}
        rows = list(derived(self.transform, [reading], withheld))
        if not all(map(writable, rows)):
            return UNWRITABLE
        return next(iter(withheld.values()), None) or next(iter(self.gate(rows).values()), None)

    def _gated(
        self,
        rows: Rows,
        known: Known,
        days: Collection[str],
        versions: list[Version],
        at: dt.datetime,
        most: int | None = None,
    ) -> Known:
        """Derive days, and withdraw what can be no entry; gives what is known then.

        Args:
            rows: takes the entries.
            known: what is known before; the ledger may hold more.
            days: which.
            versions: every version, oldest first.
            at: the instant that a withdrawal is written down with.
            most: refuse altogether where more days than that would be withdrawn.
        """
        withheld = self.fill(rows, known, days)
        if most is not None and len(withheld) > max(most, FEW):
            raise self._too_many(withheld, len(days))
        while withheld:
            live = self.ledger.known()
            self._withdraw(live, withheld, versions, at)
            again = [day for day in withheld if live.has(day)]
            if live is not known:
                again += live.first_line.keys() - rows.keys() - set(again)
            known = live
            withheld = self.fill(rows, known, again)
        return known

    def _too_many(self, withheld: Mapping[str, str], days: int) -> DataRefused:
        first = min(withheld)
        return DataRefused(
            f"rules {self.rules} cannot make an entry for {len(withheld)} of {days} days ({first}: {withheld[first]}). "
            "Nothing was changed. Reinstall the program that made the last version; or have these days refused, each "
            "with its last good state kept: apod rebuild --accept-loss"
        )

    def _withdraw(self, known: Known, withheld: Mapping[str, str], versions: list[Version], at: dt.datetime) -> None:
        """Write down that readings count no more, with the entries that stay instead; `known` follows."""
        self.refused |= {known.day_of(key): why for key, why in withheld.items()}
        old = self._endings.rows_of(withheld) if versions else {}
        sound = old.keys() - self.gate(list(old.values())).keys()
        before = self.ledger.known(versions[-1].lines) if versions else None
        lines: dict[tuple[str, str], dict[str, Any]] = {}
        for day in sorted(withheld):
            chosen = known.chosen(day, self.preference)
            if chosen is None:
                continue
            source, held = chosen
            line = lines.setdefault((source, held.file), withdrawal(known.replies[held.file], at, self.rules))
            line["withdrawn"][day], line["refused"][known.day_of(day)] = held.digest, in_plain_words(withheld[day])
            prior = before.chosen(day, versions[-1].preference) if before else None
            if day in sound and prior and known.chosen_without(day, chosen, self.preference) != prior:
                place = {"source": prior[0], "digest": prior[1].digest, "file": prior[1].file}
                line["kept"][day] = {"entry": old[day], "held": place}
        for line in lines.values():
            days = sorted(line["refused"])
            line["asked"] = [days[0], days[-1]]
        self.ledger.append_lines([*lines.values()])
        for line in lines.values():
            known.add(line)

    def fill(self, rows: Rows, known: Known, days: Collection[str]) -> dict[str, str]:
        """Derive days into rows; gives those of which no entry can be made, with the reason."""
        withheld: dict[str, str] = {}
        fresh = days
        if known.kept:
            fresh = [day for day in days if day not in known.kept]
            for day in known.kept.keys() & set(days):
                rows.add(self.columns.whole(known.kept[day].entry))
        entries = derived(self.transform, self.readings(known, fresh), withheld)
        while batch := [*islice(entries, BATCH)]:
            whole = [row for row in batch if rows.holds(row)]
            withheld |= {row[self.columns.key]: UNWRITABLE for row in batch if row[self.columns.key] not in rows}
            refused = self.gate(whole)
            rows.drop(refused)
            withheld |= refused
            self.passed(whole)
        return withheld

    def readings(self, known: Known, keys: Collection[str]) -> Iterator[Reading]:
        """The chosen reading of every entry, reply by reply; no reply is opened twice.

        Raises:
            ArchiveDamaged: when a raw reply is gone or does not hold its days any more.
        """
        return self.replies.readings(known, keys, self.preference)
