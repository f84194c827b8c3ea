"""A release of the archive: an annotated tag, with what changed since the last one, and sums that anybody can check.

Takes a wired pipeline and a name, gives the tag. `CHANGELOG.md` and `SHA256SUMS` of the data are kept in the archive
and committed. Never moves a tag, never forces: where the remote is ahead, its versions are taken over first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.archive.processed import Table
from apod_pipeline.archive.writing import replacing, sha256
from apod_pipeline.errors import PushRejected, SettingsError
from apod_pipeline.model import Outcome
from apod_pipeline.run.pipeline import Pipeline
from apod_pipeline.run.publishing import MOST_TAKEOVERS
from apod_pipeline.versioning.git import Git
from apod_pipeline.versions.commits import Commit, commits
from apod_pipeline.versions.states import States

CHANGELOG = "CHANGELOG.md"
SUMS = "SHA256SUMS"
HEAD_LINE = "# Changelog of the data\n"
NAMED = 50  # edited entries that are named one by one


@dataclass(frozen=True)
class Releases:
    """The releases of one archive.

    Attributes:
        pipeline: wired.
        states: what the archive said at any version.
    """

    pipeline: Pipeline
    states: States

    @property
    def _git(self) -> Git:
        return Git(self.pipeline.archive.root)

    def make(self, name: str) -> dict[str, Any]:
        """Tag the newest version; gives tag, commit, entries and what is new.

        Raises:
            SettingsError: the name is taken or no name for a tag, or there is no version.
            PushRejected: the remote is ahead, again and again.
        """
        with self.pipeline.held():
            self._see_that_it_is_free(name)
            outcome = Outcome(name, f"tag {name}", self.pipeline.now())
            self.pipeline.resume(outcome)
            for _ in range(MOST_TAKEOVERS):
                text, at = self._written(name)
                commit = self.pipeline.publisher.commit(at, text, f"Release {name}") or self._git.head()
                self.pipeline.publishing.push(outcome)
                if commit and commit == self._git.head():
                    break
            else:
                raise PushRejected("the Git remote")
            self.pipeline.publisher.tag(name, at, [f"Release {name}", "", *text])
        return {"tag": name, "version": commit, "at": timestamp(at), "summary": text}

    def _see_that_it_is_free(self, name: str) -> None:
        if name.startswith("-") or not self._git.succeeds("check-ref-format", f"refs/tags/{name}"):
            raise SettingsError(f"{name!r} cannot be a tag. Nothing was changed; try one like v2026.11.22.")
        if self._git.succeeds("rev-parse", "-q", "--verify", f"refs/tags/{name}"):
            raise SettingsError(f"{name} is already a release, and stays one. Nothing was changed; name another.")
        if not self.pipeline.ledger.versions():
            raise SettingsError(
                "there is no version to release yet: `apod backfill` makes the first. Nothing was done."
            )

    def _written(self, name: str) -> tuple[list[str], dt.datetime]:
        """Both files of the release; gives its summary and its instant."""
        archive = self.pipeline.archive
        known = commits(archive)
        at = max(self.pipeline.now().replace(microsecond=0), known[-1].at)
        text = [*self._summary(known)]
        path = archive.root / CHANGELOG
        older = path.read_text(encoding="utf-8").removeprefix(HEAD_LINE) if path.exists() else ""
        with replacing(path) as file:
            file.write(f"{HEAD_LINE}\n## {name} ({at:%Y-%m-%d})\n\n{chr(10).join(text)}\n{older}".encode())
        with replacing(archive.root / SUMS) as file:
            file.writelines(line.encode() for line in sums(archive))
        return text, at

    def _summary(self, known: Sequence[Commit]) -> Iterator[str]:
        table = Table.of(self.pipeline.archive)
        last = self.pipeline.ledger.known(self.pipeline.ledger.versions()[-1].lines)
        held = sorted(map(last.day_of, last.first_line))
        version = f"version {known[-1].commit[:10]} of {timestamp(known[-1].at)}"
        yield f"{len(table)} entries, {held[0]} to {held[-1]}; {version}"
        before = next((version for version in reversed(known) if version.tags), None)
        if before is None:
            yield "- the first release"
            return
        difference = self.states.difference(before, known[-1])
        told = ", ".join(f"{count} {kind}" for kind, count in difference.counts.items() if count) or "no entry changed"
        yield f"- since {before.tags[0]}: {told}"
        edited = (day for day, kind in difference.kinds.items() if kind == "edited")
        yield from (f"- {day}: {', '.join(difference.names[day])}" for day in islice(edited, NAMED))
        if (more := difference.counts["edited"] - NAMED) > 0:
            yield f"- and {more} more; `apod diff {before.tags[0]}` shows them"


def sums(archive: Archive) -> Iterator[str]:
    """Every data file's SHA-256, as `sha256sum -c` reads it, from the archive's folder."""
    data = archive.root / "data"
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        inside = path.relative_to(data)
        if not any(part.startswith(".") for part in inside.parts) and path.suffix != ".dvc":
            yield f"{sha256(path)}  {archive.relative(path)}\n"
