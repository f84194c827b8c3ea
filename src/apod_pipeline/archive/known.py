"""What the ledger's lines add up to: for every source and entry the last reading, and what else was heard of its day.

Takes reply lines one by one, gives the state that they add up to. Pure: never opens a file, never knows a field of the
data set. An entry is called by its key; where a day has one entry, its key is the day.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

from apod_pipeline.archive.entries import Answered, Entries
from apod_pipeline.dataset.calendar import Calendar
from apod_pipeline.dataset.spans import Span, joined
from apod_pipeline.model import in_plain_words

WHOLE_REPLY = "*"


class Version(NamedTuple):
    """One sealed state of the archive.

    Attributes:
        at: its instant, whole seconds UTC; also the commit's date and the revisions' observed-from.
        run: the run that sealed it.
        rules: version of the transform's rules in force.
        preference: whose readings are chosen, most wanted first.
        lines: how many reply lines it and its forerunners hold.
        today: the newest day that was due.
    """

    at: dt.datetime
    run: str
    rules: int
    preference: tuple[str, ...]
    lines: int
    today: dt.date


class Held(NamedTuple):
    """The last thing that one source said of one day: the reading's digest, and the reply it stands in."""

    digest: str
    file: str
    line: int


class Kept(NamedTuple):
    """An entry that stays as it was, because what was told since cannot be one: its row, and where it came from."""

    entry: Mapping[str, Any]
    source: str
    held: Held


class LastRefusal(NamedTuple):
    """The last refusal of one day: why, and in which reply."""

    source: str
    reason: str
    file: str
    line: int


class Quarantined(NamedTuple):
    """One refusal that is kept: the reply, the day (`*` for all of it), who said it, why, when, and in which line."""

    file: str
    day: str
    source: str
    reason: str
    at: str
    line: int


class Gap(NamedTuple):
    """A day on which nothing was published: why that is believed, which sources said so, and in a run of which day."""

    why: str
    witnesses: tuple[str, ...]
    on: dt.date


@dataclass
class Known:
    """What the reply lines add up to: for every source and day the last reading, and what else was heard.

    Attributes:
        calendar: the data set's days.
        keyed: whether entries have keys of their own, and a day none, one or many of them.
        lines: how many there were.
    """

    calendar: Calendar
    keyed: bool = False
    lines: int = 0
    latest: dict[str, dict[str, int]] = field(default_factory=dict)  # source -> key -> line of the last reading
    first_line: dict[str, int] = field(default_factory=dict)
    last_line: dict[str, int] = field(default_factory=dict)
    denied: dict[tuple[str, str], int] = field(default_factory=dict)
    denied_days: set[str] = field(default_factory=set)  # by whatever source
    refused: dict[str, LastRefusal] = field(default_factory=dict)
    refusals_heard: dict[tuple[str, str], str] = field(default_factory=dict)
    open_refusals: dict[tuple[str, str], int] = field(default_factory=dict)  # source and day whose last word it is
    quarantine: list[Quarantined] = field(default_factory=list)
    from_feed: set[tuple[str, str]] = field(default_factory=set)  # source and day: a feed says less than a list
    gaps: dict[str, Gap] = field(default_factory=dict)
    kept: dict[str, Kept] = field(default_factory=dict)
    withdrawn: dict[tuple[str, str], set[str]] = field(default_factory=dict)  # source and day -> digests
    withdrawals: list[tuple[str, str, int]] = field(default_factory=list)  # source, day, line
    asked: list[Span] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    replies: dict[str, dict[str, Any]] = field(default_factory=dict)
    entries: Entries = field(default_factory=Entries)  # where keys are no days
    _told: dict[int, tuple[Mapping[str, str], str]] = field(default_factory=dict)  # line -> readings, file

    def add(self, line: Mapping[str, Any]) -> None:
        """Take one more line into account."""
        number, self.lines = self.lines, self.lines + 1
        span = Span(dt.date.fromisoformat(line["asked"][0]), dt.date.fromisoformat(line["asked"][1]))
        self.spans.append(span)
        if line.get("form") not in {"import", "gate"}:  # who brings an archive, or judges one, asks for nothing
            self.asked = joined(self.asked, span)
        for day, why in line.get("gaps", {}).items():
            self.gaps[day] = Gap(in_plain_words(why), tuple(line["witnesses"]), dt.date.fromisoformat(line["on"]))
        if "file" not in line:
            return
        source, file = line["source"], line["file"]
        self.replies.setdefault(file, {**line, "order": number})
        readings = line.get("readings") or {}
        if self.keyed:
            self._hear(line, readings, span, number)
        self._read(source, readings, file, number)
        if line.get("form") == "feed":
            self.from_feed.update((source, day) for day in readings)
        for day in line.get("absent", ()):
            self.denied[source, day] = number
            self.denied_days.add(day)
            self.open_refusals.pop((source, day), None)
        for day, digest in line.get("withdrawn", {}).items():
            self._withdraw(source, day, digest, line.get("kept", {}).get(day), number)
        for day, told in line.get("refused", {}).items():
            reason = in_plain_words(told)  # older programs wrote down what a stranger said as it was
            self._refuse(LastRefusal(source, reason, file, number), day, line["asked"])
            self.quarantine.append(Quarantined(file, day, source, reason, line["at"], number))

    def _hear(self, line: Mapping[str, Any], readings: Mapping[str, str], span: Span, number: int) -> None:
        """Which entries a line tells of, which it leaves out, and which days it answers."""
        source = line["source"]
        self.entries.tell(readings, line.get("entries", {}), number)
        self.entries.repeated.update(line.get("repeated", ()))
        for key in line.get("left_out", ()):
            self.latest.get(source, {}).pop(key, None)
            self.last_line[key] = number
            if not any(key in lines for lines in self.latest.values()):
                self.first_line.pop(key, None)
                self.entries.leave(key, number)
        if line.get("answered"):
            self.entries.answers.append(Answered(span, source, line["at"][:10]))
            self.entries.answered = joined(self.entries.answered, span)
            self._settle(source, [day for _, day in self.open_refusals if dt.date.fromisoformat(day) in span], number)
        elif line.get("because"):  # a person's word is of days
            self._settle(source, {self.day_of(key) for key in readings}, number)

    def _settle(self, source: str, days: Iterable[str], number: int) -> None:
        """What was refused of days of a source waits for nobody any more."""
        for day in days:
            if self.open_refusals.pop((source, day), None) is not None:
                self.refused.pop(day, None)
                self.entries.settled[source, day] = number

    def _read(self, source: str, readings: Mapping[str, str], file: str, number: int) -> None:
        # A whole archive passes here in every run: dictionaries are updated at once, not day by day.
        self._told[number] = readings, file
        lines = dict.fromkeys(readings, number)
        self.latest.setdefault(source, {}).update(lines)
        if self.first_line.keys().isdisjoint(lines):
            self.first_line.update(lines)
        else:
            for day in lines:
                self.first_line.setdefault(day, number)
        self.last_line.update(lines)
        if self.refused or self.open_refusals or self.kept or self.withdrawn or self.from_feed:
            for day, digest in readings.items():
                self.from_feed.discard((source, day))
                self.refused.pop(day, None)
                self.open_refusals.pop((source, day), None)
                self.kept.pop(day, None)
                self.withdrawn.get((source, day), set()).discard(digest)

    def _withdraw(self, source: str, day: str, digest: str, kept: Mapping[str, Any] | None, number: int) -> None:
        """Let a reading count no more: an entry cannot be made of it. What was told before it counts again."""
        held = self.held(source, day)
        self.withdrawn.setdefault((source, day), set()).add(digest)
        self.withdrawals.append((source, day, number))
        if held and held.digest == digest:
            before = self._reading_before(source, day, held.line)
            if before is None:
                del self.latest[source][day]
            else:
                self.latest[source][day] = before
        if kept is not None:
            where = kept.get("held") or {}
            place = Held(where.get("digest", digest), where.get("file", held.file if held else ""), number)
            self.kept[day] = Kept(kept["entry"], where.get("source", source), place)
        self._recount(day, number)

    def chosen_without(self, day: str, bad: tuple[str, Held], preference: Iterable[str]) -> tuple[str, Held] | None:
        """Which reading would be the entry of a day if the one that is now did not count."""
        source, held = bad
        line = self._reading_before(source, day, held.line)
        before = None if line is None else Held(self._told[line][0][day], self._told[line][1], line)
        for name in (*preference, *self.latest):
            if found := before if name == source else self.held(name, day):
                return name, found
        return None

    def _reading_before(self, source: str, day: str, line: int) -> int | None:
        bad = self.withdrawn.get((source, day), set())
        for number in reversed(self._told):
            readings, file = self._told[number]
            told = readings.get(day) if number < line else None
            if told and told not in bad and self.replies[file]["source"] == source:
                return number
        return None

    def _recount(self, day: str, number: int) -> None:
        if day in self.kept:
            self.last_line[day] = number
            return
        left = [lines[day] for lines in self.latest.values() if day in lines]
        if not left:
            self.first_line.pop(day, None)
            self.last_line.pop(day, None)
            return
        self.last_line[day] = number
        self.first_line[day] = min(
            line
            for line, (readings, file) in self._told.items()
            if day in readings and readings[day] not in self.withdrawn.get((self.replies[file]["source"], day), ())
        )

    def _refuse(self, refusal: LastRefusal, day: str, asked: list[str]) -> None:
        self.refusals_heard[refusal.source, refusal_key(day, asked)] = refusal.reason
        span = Span(dt.date.fromisoformat(asked[0]), dt.date.fromisoformat(asked[1]))
        days = [d.isoformat() for d in self.calendar.publishable(span)] if day == WHOLE_REPLY else [day]
        for one in days:
            self.open_refusals[refusal.source, one] = refusal.line
            if self.keyed or not self.has(one):
                self.refused[one] = refusal

    def has(self, day: str) -> bool:
        """True when any source ever gave a reading of the day that was let in, and that counts."""
        return day in self.first_line

    def ever_had(self, key: str) -> bool:
        """True also for an entry that is not there any more."""
        return self.has(key) or key in self.entries.left

    def covers(self, day: str) -> bool:
        """True when it is known what there is of a day: its entry; or its entries, or that there is none."""
        if not self.keyed:
            return day in self.first_line
        date = dt.date.fromisoformat(day)
        there = day in self.entries.by_day or any(date in span for span in self.entries.answered)
        return there and day not in self.refused

    def day_of(self, key: str) -> str:
        """The day of an entry."""
        return self.entries.day[key] if self.keyed else key

    def gap(self, day: str) -> Gap | None:
        """Why a day is believed to have no entry; None where it has one, or nobody knows."""
        if not self.keyed:
            return None if self.has(day) else self.gaps.get(day)
        if day in self.entries.by_day or day in self.refused:
            return None
        if (answer := self.entries.answer(dt.date.fromisoformat(day))) is None:
            return self.gaps.get(day)
        return Gap(answer.of_nothing, (answer.source,), answer.day)

    def held(self, source: str, day: str) -> Held | None:
        """The last reading of one source and day."""
        line = self.latest.get(source, {}).get(day)
        if line is None:
            return None
        readings, file = self._told[line]
        return Held(readings[day], file, line)

    def digest(self, source: str, day: str) -> str | None:
        """Digest of the last reading of one source and day."""
        line = self.latest.get(source, {}).get(day)
        return None if line is None else self._told[line][0][day]

    def readings_since(self, line: int) -> Iterator[tuple[str, str, Held]]:
        """Source, day and last reading of all that was told at or after a line, or counts again since."""
        back = {(source, day) for source, day, number in self.withdrawals if number >= line}
        for source, lines in self.latest.items():
            for day, number in lines.items():
                if number >= line or (back and (source, day) in back):
                    readings, file = self._told[number]
                    yield source, day, Held(readings[day], file, number)

    def withdrawn_since(self, line: int) -> list[tuple[str, str]]:
        """Source and key of which no reading counts any more since a line."""
        gone = {(source, day) for source, day, number in self.withdrawals if number >= line}
        gone |= {(source, key) for key, number in self.entries.left.items() if number >= line for source in self.latest}
        return sorted((source, day) for source, day in gone if day not in self.latest.get(source, {}))

    def chosen(self, day: str, preference: Iterable[str]) -> tuple[str, Held] | None:
        """The source whose reading is the entry of a day, and that reading; None without any."""
        if kept := self.kept.get(day):
            return kept.source, kept.held
        for source in preference:
            if held := self.held(source, day):
                return source, held
        return next(((source, held) for source in self.latest if (held := self.held(source, day))), None)

    def resolved_at(self, refusal: Quarantined, versions: list[Version]) -> dt.datetime | None:
        """When what was refused was had after all: the version that first held the last of it; None when not yet."""
        line = self.resolved_by(refusal)
        version = None if line is None else version_of_line(versions, line)
        return version.at if version else None

    def resolved_by(self, refusal: Quarantined) -> int | None:
        """The line since which every refused day is had (of a whole reply: every day it was asked for), or None."""
        days = self._days_of(refusal)
        if self.keyed:
            since = [self.entries.settled.get((refusal.source, day), -1) for day in days]
            return None if min(since, default=0) <= refusal.line else max(since)
        if not all(map(self.has, days)):
            return None
        return max([refusal.line, *(self.first_line[day] for day in days)])

    def is_open(self, refusal: Quarantined) -> bool:
        """True while the day is not had, or nothing was heard of it from the same source since."""
        days = self._days_of(refusal)
        if self.keyed:
            return any(self.open_refusals.get((refusal.source, day)) == refusal.line for day in days)
        return any(not self.has(d) or self.open_refusals.get((refusal.source, d)) == refusal.line for d in days)

    def speaks_of(self, refusal: Quarantined, day: dt.date) -> bool:
        """True when a refusal is of a day, or of a whole reply that was asked for it."""
        return str(day) in self._days_of(refusal)

    def _days_of(self, refusal: Quarantined) -> list[str]:
        whole = refusal.day == WHOLE_REPLY
        return [str(day) for day in self.calendar.publishable(self.spans[refusal.line])] if whole else [refusal.day]

    def asked_since(self, line: int) -> list[Span]:
        """The spans that the lines from one on are about."""
        return self.spans[line:]

    def days_since(self, line: int) -> list[str]:
        """Days of which any source gave a new reading at or after a line."""
        return [day for day, number in self.last_line.items() if number >= line]

    def refused_since(self, line: int) -> list[str]:
        """Days that were refused by name at or after a line."""
        return [q.day for q in self.quarantine if q.line >= line and q.day != WHOLE_REPLY]

    def was_asked(self, day: dt.date) -> bool:
        """True when the day lies in a span that was ever asked for."""
        # Asked of every day there is, so there is no generator for each.
        for span in self.asked:  # noqa: SIM110
            if span.first <= day <= span.last:
                return True
        return False


def refusal_key(day: str, asked: list[str]) -> str:
    """What a refusal is about: a day, or the whole answer for a span."""
    return "..".join(asked) if day == WHOLE_REPLY else day


def version_of_line(versions: list[Version], number: int) -> Version | None:
    """The version in which a reply line was first sealed; None while it is not."""
    index = bisect_right(versions, number, key=attrgetter("lines"))
    return versions[index] if index < len(versions) else None
