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
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.archive.known import WHOLE_REPLY, Known, Version
from apod_pipeline.archive.lines import append_lines, instant, lines_in, read_lines, timestamp
from apod_pipeline.archive.packed_lines import MANY, packed_reply, packed_states, unpacked_reply, unpacked_states
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import ArchiveDamaged
from apod_pipeline.model import Reply, Verdict, in_plain_words

PACKED_SHARD = re.compile(r"T\d{6}\.jsonl$")
LARGE = 200_000  # bytes: Git keeps a file whole each time it grows


@dataclass(eq=False, repr=False)
class Ledger:
    """One archive's ledger files."""

    archive: Archive
    _folded: list[Known] = field(default_factory=list)
    _unpacked: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def forget(self) -> None:
        """Read the files anew when they are next asked for: somebody else may have written."""
        self._folded.clear()
        self._unpacked.clear()

    def _shards(self, stem: str) -> list[Any]:
        return sorted(self.archive.ledger.glob(f"{stem}-*.jsonl"))

    def reply_lines(self) -> Iterator[dict[str, Any]]:
        """Every reply line, in the order in which they were written."""
        for shard in self._shards("replies"):
            yield from map(unpacked_reply, read_lines(shard))

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
        state = Known(self.archive.dataset.calendar, keyed=self.archive.dataset.identity is not None)
        for line in islice(self.reply_lines(), wanted):
            state.add(line)
        if state.lines < wanted:
            raise ArchiveDamaged(
                f"the ledger holds {state.lines} of the {wanted} reply lines it had when its last version was sealed. "
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
        states = (state for shard in self._shards("superseded") for state in self._states(shard))
        unique = {(state["key"], state["from"], state["to"], state["cause"]): state for state in states}
        return [state for state in unique.values() if state["to"] in sealed]

    def _states(self, shard: Path) -> Iterable[dict[str, Any]]:
        """The states of a shard; those of a packed one, which never grows, are kept: a run needs them several times."""
        if shard.name not in self._unpacked:
            lines = read_lines(shard)
            states = (self._as_state(state) for line in lines for state in unpacked_states(line))
            if not PACKED_SHARD.search(shard.name):
                return states
            self._unpacked[shard.name] = [*states]
        return self._unpacked[shard.name]

    # ---- writing -------------------------------------------------------------------------
    def append_reply(
        self, reply: Reply, verdict: Verdict, *, replay: bool = False, because: str | None = None
    ) -> dict[str, Any]:
        """Write down one reply and what became of it; gives the line.

        Args:
            reply: where the verdict comes from.
            verdict: what is new in it.
            replay: it was judged before, and refused.
            because: a person's reason to take it all the same.
        """
        line = line_of_reply(reply)
        line |= {"readings": {r.entry: r.digest for r in verdict.readings}} if verdict.readings else {}
        entries = {r.key: {"day": str(r.day), **r.traits} for r in verdict.readings if r.traits is not None}
        line |= {"entries": entries} if entries else {}
        line |= {"left_out": [*verdict.left_out]} if verdict.left_out else {}
        line |= {"answered": True} if verdict.answered else {}
        line |= {"doubted": True} if verdict.doubted else {}
        line |= {"repeated": [*verdict.repeated]} if verdict.repeated else {}
        refused = {str(r.day) if r.day else WHOLE_REPLY: in_plain_words(r.reason) for r in verdict.refusals}
        line |= {"refused": refused} if refused else {}
        line |= {"absent": [str(day) for day in verdict.absent]} if verdict.absent else {}
        line |= {"replay": True} if replay else {}
        line |= {"because": because} if because else {}
        self.append_lines([line])
        return line

    def append_lines(self, lines: list[dict[str, Any]]) -> None:
        """Add reply lines to the current shard: this month's, but never one before the last."""
        month = f"replies-{dt.datetime.now(dt.UTC):%Y-%m}.jsonl"
        shards = self._shards("replies")
        name = max(month, shards[-1].name) if shards else month
        if self._keyed:
            name = _next_shard(self.archive.ledger / name)
            lines = [packed_reply(line) for line in lines]
        append_lines(self.archive.ledger / name, lines)
        kill_point("ledger-appended")

    def append_asked(self, span: Span, at: dt.datetime) -> dict[str, Any]:
        """Write down that days were asked for, although nothing came that was worth keeping."""
        line = {"asked": [str(span.first), str(span.last)], "at": timestamp(at)}
        self.append_lines([line])
        return line

    def append_gaps(
        self, gaps: Mapping[dt.date, str], witnesses: Sequence[str], today: dt.date, at: dt.datetime
    ) -> list[dict[str, Any]]:
        """Write down that nothing was published on some days; gives the lines.

        Args:
            gaps: the days, with why that is believed.
            witnesses: the sources that said so; none where a person does.
            today: the run's own date.
            at: the instant.
        """
        lines = [
            {
                "asked": [str(day)] * 2,
                "at": timestamp(at),
                "gaps": {str(day): why},
                "witnesses": [*witnesses],
                "on": str(today),
            }
            for day, why in sorted(gaps.items())
        ]
        self.append_lines(lines)
        return lines

    def append_superseded(self, states: list[dict[str, Any]], at: dt.datetime) -> None:
        """Keep the states that the version at `at` replaces."""
        lines = [{self._key_name: state["key"], **{n: v for n, v in state.items() if n != "key"}} for state in states]
        if self._keyed and len(lines) >= MANY:
            # In a file of its own: Git keeps a file whole each time it grows.
            packed = packed_states(lines, self.archive.dataset.columns.key)
            append_lines(self.archive.ledger / f"superseded-{at:%Y-%m-%dT%H%M%S}.jsonl", [packed])
        else:
            append_lines(self.archive.ledger / f"superseded-{at:%Y}.jsonl", lines)

    @property
    def _key_name(self) -> str:
        """What a line calls the key of an entry: its date, where that is what identifies it."""
        return "key" if self._keyed else "date"

    @property
    def _keyed(self) -> bool:
        return self.archive.dataset.identity is not None

    def _as_state(self, line: dict[str, Any]) -> dict[str, Any]:
        return {"key": line[self._key_name], **{n: v for n, v in line.items() if n != self._key_name}}

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


def _next_shard(path: Path) -> str:
    """The name of a shard that is not large yet: its own, or one that follows it."""
    while path.exists() and path.stat().st_size > LARGE:
        stem, _, number = path.stem.partition("_")
        path = path.with_name(f"{stem}_{int(number or 1) + 1:03}.jsonl")
    return path.name


def _version(line: Mapping[str, Any]) -> Version:
    preference, today = tuple(line["preference"]), dt.date.fromisoformat(line["today"])
    return Version(instant(line["at"]), line["run"], line["rules"], preference, line["lines"], today)


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
