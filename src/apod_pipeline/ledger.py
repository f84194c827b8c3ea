"""What was told, what became of it, and when: the archive's append-only memory, and what it adds up to.

Takes the lines of `data/ledger/` (or verdicts to be written there), gives the state that they add up to.
Never deletes or rewrites a line, never opens a reply, never knows a field of the data set: days are keys.

Three kinds of files, all JSON lines, versioned by Git:

- `replies-YYYY-MM.jsonl`  one line a promoted reply: where from, its hash, and per day the digest of the reading
  that was new, the reason of a refusal, or that the source denied the day. Also `asked` lines: days that were
  asked for without any reply that was worth keeping.
- `versions.jsonl`         one line a version: its instant, the rules and the preference in force, and how many of
  the lines above belong to it and its forerunners.
- `superseded-YYYY.jsonl`  one line an entry's state that was replaced, whole, with from, to and cause: states of
  old rules cannot be derived again, so they are kept.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from apod_pipeline.archive import Archive, append_lines, instant, lines_in, read_lines, timestamp
from apod_pipeline.calendar import Span, publishable
from apod_pipeline.errors import ArchiveDamaged
from apod_pipeline.kill_points import kill_point
from apod_pipeline.model import Reply, Verdict

WHOLE_REPLY = "*"


class Held(NamedTuple):
    """The last thing that one source said of one day: the reading's digest, and the reply it stands in."""

    digest: str
    file: str
    line: int


class Refused(NamedTuple):
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


@dataclass
class Known:
    """What the reply lines add up to: for every source and day the last reading, and what else was heard."""

    lines: int = 0
    latest: dict[str, dict[str, int]] = field(default_factory=dict)  # source -> day -> line of the last reading
    first_line: dict[str, int] = field(default_factory=dict)
    last_line: dict[str, int] = field(default_factory=dict)
    denied: dict[tuple[str, str], int] = field(default_factory=dict)
    refused: dict[str, Refused] = field(default_factory=dict)
    refusals_heard: dict[tuple[str, str], str] = field(default_factory=dict)
    quarantine: list[Quarantined] = field(default_factory=list)
    asked: list[Span] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    replies: dict[str, dict[str, Any]] = field(default_factory=dict)
    _told: dict[int, tuple[Mapping[str, str], str]] = field(default_factory=dict)  # line -> readings, file

    def add(self, line: Mapping[str, Any]) -> None:
        """Take one more line into account."""
        number, self.lines = self.lines, self.lines + 1
        span = Span(dt.date.fromisoformat(line["asked"][0]), dt.date.fromisoformat(line["asked"][1]))
        self.spans.append(span)
        if line.get("form") != "import":  # who brings an archive asks for nothing
            self._widen(span)
        if "file" not in line:
            return
        source, file = line["source"], line["file"]
        self.replies.setdefault(file, {**line, "order": number})
        self._read(source, line.get("readings") or {}, file, number)
        for day in line.get("absent", ()):
            self.denied[source, day] = number
        for day, reason in line.get("refused", {}).items():
            self._refuse(Refused(source, reason, file, number), day, line["asked"])
            self.quarantine.append(Quarantined(file, day, source, reason, line["at"], number))

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
        if self.refused:
            for day in readings:
                self.refused.pop(day, None)

    def _refuse(self, refusal: Refused, day: str, asked: list[str]) -> None:
        self.refusals_heard[refusal.source, refusal_key(day, asked)] = refusal.reason
        span = Span(dt.date.fromisoformat(asked[0]), dt.date.fromisoformat(asked[1]))
        days = [d.isoformat() for d in publishable(span)] if day == WHOLE_REPLY else [day]
        for one in days:
            if not self.has(one):
                self.refused[one] = refusal

    def _widen(self, span: Span) -> None:
        if any(span.first in old and span.last in old for old in self.asked):
            return
        one_day = dt.timedelta(days=1)
        apart = [o for o in self.asked if o.last + one_day < span.first or span.last + one_day < o.first]
        joined = [span, *(o for o in self.asked if o not in apart)]
        self.asked = sorted([*apart, Span(min(s.first for s in joined), max(s.last for s in joined))])

    def has(self, day: str) -> bool:
        """True when any source ever gave a reading of the day that was let in."""
        return day in self.first_line

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
        """Source, day and last reading of all that was told at or after a line."""
        for source, lines in self.latest.items():
            for day, number in lines.items():
                if number >= line:
                    readings, file = self._told[number]
                    yield source, day, Held(readings[day], file, number)

    def chosen(self, day: str, preference: Iterable[str]) -> tuple[str, Held] | None:
        """The source whose reading is the entry of a day, and that reading; None without any."""
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
        whole = refusal.day == WHOLE_REPLY
        days = [str(day) for day in publishable(self.spans[refusal.line])] if whole else [refusal.day]
        if not all(map(self.has, days)):
            return None
        return max([refusal.line, *(self.first_line[day] for day in days)])

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
        return any(day in span for span in self.asked)


class Digests(Mapping[str, str]):
    """What one source told last: day -> digest; a view that follows what is known."""

    def __init__(self, known: Known, source: str) -> None:
        self._known, self._source = known, source

    def __getitem__(self, day: str) -> str:
        digest = self._known.digest(self._source, day)
        if digest is None:
            raise KeyError(day)
        return digest

    def __iter__(self) -> Iterator[str]:
        return iter(self._known.latest.get(self._source, ()))

    def __len__(self) -> int:
        return len(self._known.latest.get(self._source, ()))


def refusal_key(day: str, asked: list[str]) -> str:
    """What a refusal is about: a day, or the whole answer for a span."""
    return "..".join(asked) if day == WHOLE_REPLY else day


@dataclass
class Ledger:
    """One archive's ledger files."""

    archive: Archive
    _folded: list[Known] = field(default_factory=list)

    def forget(self) -> None:
        """Read the files anew when they are next asked for: somebody else may have written."""
        self._folded.clear()

    def _shards(self, stem: str) -> list[Any]:
        return sorted(self.archive.ledger.glob(f"{stem}-*.jsonl"))

    def reply_lines(self) -> Iterator[dict[str, Any]]:
        """Every reply line, in the order in which they were written."""
        for shard in self._shards("replies"):
            yield from read_lines(shard)

    def count(self) -> int:
        """How many reply lines there are."""
        return sum(shard.read_bytes().count(b"\n") for shard in self._shards("replies"))

    def tip(self, number: int) -> str | None:
        """Hash of the reply line with a number (from 1), None where there is none: who shares it shares all before.

        So whoever stands at a number of lines can tell whether they are still the same ones.
        """
        lines = (line for shard in self._shards("replies") for line in lines_in(shard.read_bytes()))
        line = next(islice(lines, number - 1, number), None) if number > 0 else None
        return hashlib.sha256(line).hexdigest()[:16] if line else None

    def known(self, lines: int | None = None) -> Known:
        """What the reply lines add up to: all of them, or as many as a version held.

        One state is kept for every number of lines. Who appends a line adds it to the state that was asked for, so
        the two go on together; it is not to be changed otherwise.
        """
        wanted = self.count() if lines is None else lines
        for state in self._folded:
            if state.lines == wanted:
                return state
        state = Known()
        for line in islice(self.reply_lines(), wanted):
            state.add(line)
        if state.lines < wanted:
            raise ArchiveDamaged(
                f"the ledger holds {state.lines} of the {wanted} reply lines that its last version was sealed with. "
                f"Nothing was changed; `git -C {self.archive.root} checkout -- data/ledger` brings it back."
            )
        self._folded.append(state)
        return state

    def versions(self) -> list[Version]:
        """Every version, oldest first."""
        return [_version(line) for line in read_lines(self.archive.ledger / "versions.jsonl")]

    def superseded(self, versions: list[Version] | None = None) -> list[dict[str, Any]]:
        """States that were replaced, oldest first; those of a version that was never sealed do not count."""
        sealed = {timestamp(v.at) for v in (self.versions() if versions is None else versions)}
        lines = (line for shard in self._shards("superseded") for line in read_lines(shard))
        unique = {(line["date"], line["from"], line["to"], line["cause"]): line for line in lines}
        return [line for line in unique.values() if line["to"] in sealed]

    # ---- writing -------------------------------------------------------------------------
    def append_reply(self, reply: Reply, verdict: Verdict, *, replay: bool = False) -> dict[str, Any]:
        """Write down one reply and what became of it; gives the line."""
        line = line_of_reply(reply)
        line |= {"readings": {str(r.day): r.digest for r in verdict.readings}} if verdict.readings else {}
        refused = {str(r.day) if r.day else WHOLE_REPLY: r.reason for r in verdict.refusals}
        line |= {"refused": refused} if refused else {}
        line |= {"absent": [str(day) for day in verdict.absent]} if verdict.absent else {}
        line |= {"replay": True} if replay else {}
        self.append_lines([line])
        return line

    def append_lines(self, lines: list[dict[str, Any]]) -> None:
        """Add reply lines to the current shard: this month's, but never one before the last."""
        month = f"replies-{dt.datetime.now(dt.UTC):%Y-%m}.jsonl"
        shards = self._shards("replies")
        name = max(month, shards[-1].name) if shards else month
        append_lines(self.archive.ledger / name, lines)
        kill_point("ledger-appended")

    def append_asked(self, span: Span, at: dt.datetime) -> dict[str, Any]:
        """Write down that days were asked for, although nothing came that was worth keeping."""
        line = {"asked": [str(span.first), str(span.last)], "at": timestamp(at)}
        self.append_lines([line])
        return line

    def append_superseded(self, states: list[dict[str, Any]], at: dt.datetime) -> None:
        """Keep the states that the version at `at` replaces."""
        append_lines(self.archive.ledger / f"superseded-{at:%Y}.jsonl", states)

    def seal(self, version: Version) -> None:
        """Close a version: from here on it exists, and every artefact follows it."""
        line = {
            "at": timestamp(version.at),
            "run": version.run,
            "rules": version.rules,
            "preference": [*version.preference],
            "lines": version.lines,
            "today": str(version.today),
        }
        append_lines(self.archive.ledger / "versions.jsonl", [line])
        kill_point("version-sealed")


def _version(line: Mapping[str, Any]) -> Version:
    preference, today = tuple(line["preference"]), dt.date.fromisoformat(line["today"])
    return Version(instant(line["at"]), line["run"], line["rules"], preference, line["lines"], today)


def version_of_line(versions: list[Version], number: int) -> Version | None:
    """The version in which a reply line was first sealed; None while it is not."""
    index = bisect_right([version.lines for version in versions], number)
    return versions[index] if index < len(versions) else None


def line_of_reply(reply: Reply) -> dict[str, Any]:
    """A reply as the ledger, and the note beside an incoming body, write it."""
    return {
        "file": reply.file,
        "source": reply.source,
        "address": reply.address,
        "asked": [str(reply.asked.first), str(reply.asked.last)],
        "form": reply.form,
        "status": reply.status,
        "at": timestamp(reply.at),
        "size": reply.size,
        "sha256": reply.sha256,
    }


def reply_of_line(line: Mapping[str, Any]) -> Reply:
    """The reply that a ledger line tells of."""
    first, last = (dt.date.fromisoformat(day) for day in line["asked"])
    return Reply(
        file=line["file"],
        source=line["source"],
        address=line["address"],
        asked=Span(first, last),
        form=line["form"],
        status=line["status"],
        at=instant(line["at"]),
        size=line["size"],
        sha256=line["sha256"],
    )
