"""A run's stages one by one, each in a process of its own: what the tasks of an orchestrator call.

Takes a wired pipeline and the run's name; gives plain values: paths, counts, days. It is the very code that
`Pipeline.run` puts in a row. What a step has to know of those before it stands in the archive (the ledger, and a file
of the run's own in `.apod/runs`), never in a worker: a step may be repeated, and may be done by another machine that
sees the same archive. Never knows which orchestrator calls it.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from apod_pipeline.archive import run_files
from apod_pipeline.archive.coverage import missing
from apod_pipeline.archive.known import Version
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.archive.processed import Table
from apod_pipeline.archive.run_record import as_json, from_json, timed
from apod_pipeline.archive.writing import replacing
from apod_pipeline.dataset.spans import Span, spans_of
from apod_pipeline.errors import ApodError, ArchiveBusy, DataRefused, DaysMissing, SourceRefused, SourceUnavailable
from apod_pipeline.model import Outcome
from apod_pipeline.run.pipeline import Pipeline, Wanted

PATIENCE = 600.0  # seconds to wait for another run to let go of the archive
PAUSE = 0.2  # between two looks whether the files stand still
MOST_RECORDS = 100  # records of a run that travel in a message; more are pointed to


@dataclass
class Steps:
    """One run's steps.

    Attributes:
        pipeline: wired, with the run's own day as `today`.
        run: the run's name; the same for all of its steps, and no other run's.
        command: what asked for it, as it is written down.
        formerly: the name under which an earlier release kept this run, for one that is under way in an upgrade.
    """

    pipeline: Pipeline
    run: str
    command: str = "step"
    formerly: str | None = None

    # ---- many days in parts --------------------------------------------------------------
    def chunks(self, span: Span, days: int) -> list[dict[str, str]]:
        """What is missing of a span, in parts of at most so many days: `from` and `to` of each, oldest first."""
        with self.pipeline.held(PATIENCE):
            wanted = missing(self.pipeline.ledger.known(), self.pipeline.today, span)
        parts = spans_of(wanted, days, bridge=days - 1)
        return [{"from": str(part.first), "to": str(part.last)} for part in parts]

    def gather(self, parts: Mapping[str, Span], formerly: Mapping[str, str] | None = None) -> None:
        """Take what runs that each asked for a part have counted into this one's outcome; may be repeated.

        Args:
            parts: the days of each run by its name. What a run that left no count has not brought is missing.
            formerly: what an earlier release called them.
        """
        before = formerly or {}
        with self.pipeline.held(PATIENCE):
            outcomes = [
                Steps(self.pipeline, run, self.command, before.get(run))._read() or self._lost(run, span)
                for run, span in parts.items()
            ]
            spans = [outcome.span for outcome in outcomes if outcome.span]
            whole = Outcome(self.run, self.command, min(outcome.started for outcome in outcomes))
            whole.span = Span(min(s.first for s in spans), max(s.last for s in spans)) if spans else None
            whole.refused = sum(outcome.refused for outcome in outcomes)
            whole.unchanged = sum(outcome.unchanged for outcome in outcomes)
            whole.missing = {day: why for outcome in outcomes for day, why in outcome.missing.items()}
            whole.denied = {day for outcome in outcomes for day in outcome.denied}
            whole.exit_code = max(outcome.exit_code for outcome in outcomes)
            self._keep(whole)

    # ---- the steps, in their order -------------------------------------------------------
    def extract(self, wanted: Wanted, *, last_try: bool = True) -> dict[str, Any]:
        """Finish what an earlier run left, then ask for days.

        Args:
            wanted: what to ask for.
            last_try: go on with what came; otherwise days that no service answered for are an error, to be tried again.

        Returns:
            `raw_apod_path` (a reply, the manifest of several, or None), `answered`, `refused`, `missing` (day -> why).

        Raises:
            DataRefused: what came was refused, all of it.
            SourceRefused: nobody answers, and a later try cannot help.
            SourceUnavailable: days without an answer; what came is kept.
        """
        pipeline = self.pipeline
        with self._passed(lambda: Outcome(self.run, wanted.command, pipeline.now())) as outcome:
            pipeline.tell_begun(outcome)
            pipeline.resume(outcome)
            pipeline.store().load()  # the database may have been elsewhere, or lost
            extracted = pipeline.extract(wanted, outcome)
            outcome.unchanged = extracted.entries
        misses = extracted.missing
        refused = [day for day, miss in misses.items() if miss.kind == "refused"]
        if refused and not extracted.answered:
            raise DataRefused(
                f"{_days(refused)}: {misses[refused[0]].why}. Nothing was loaded, the replies are kept in quarantine; "
                "`apod replay` judges them again after a fix."
            )
        # What is missing besides was asked for by an earlier run, and refused by the quality gate since.
        silent = [day for day in outcome.missing if day in misses and misses[day].kind == "unavailable"]
        hopeful = [day for day in silent if not misses[day].hopeless]
        if silent and not hopeful and not extracted.answered:
            raise SourceRefused(misses[silent[0]].why)
        if hopeful and not last_try:
            raise SourceUnavailable(f"{_days(hopeful)}: {misses[hopeful[0]].why}")
        return {
            "raw_apod_path": self._relative(extracted.path),
            "answered": extracted.answered,
            "refused": extracted.refused,
            "missing": {str(day): why for day, why in outcome.missing.items()},
        }

    def transform(self) -> dict[str, Any] | None:
        """Make a version of what was told; None where no entry changes and nothing is left to be published.

        Returns:
            `transformed_csv_path`, `transformed_json_path`, `transformed_df_json` (the run's records, a JSON array of
            objects; at most a hundred, then a pointer to the file), and `version`: its instant.
        """
        pipeline = self.pipeline
        with self._resumed() as outcome:
            pipeline.derivation.catch_up()
            pipeline.transform(outcome)
            version = self._open_version()
            if version is None:
                return None
            return {
                "transformed_csv_path": self._relative(pipeline.archive.csv),
                "transformed_json_path": self._relative(pipeline.archive.json),
                "transformed_df_json": json.dumps(self._records(version), ensure_ascii=False),
                "version": timestamp(version.at),
            }

    def check_quality(self) -> dict[str, Any]:
        """Judge the files.

        Returns:
            `report` (path), `entries`, and `warnings`: rule -> how many entries.

        Raises:
            DataRefused: for an error; nothing is loaded then.
        """
        with self._resumed() as outcome:
            report = self.pipeline.publishing.check_quality(outcome)
        found = {finding.what: finding.count for finding in report.findings if finding.count}
        path = self._relative(self.pipeline.archive.quality_report)
        return {"report": path, "entries": report.entries, "warnings": found}

    def load(self) -> dict[str, int]:
        """Bring the tables to the last version; gives `inserted` and `changed` of the whole run."""
        with self._resumed() as outcome:
            self.pipeline.publishing.load(outcome)
            outcome.count_unchanged(outcome.unchanged)
        gone = {"gone": outcome.gone} if outcome.gone else {}
        return {"inserted": outcome.inserted, "changed": outcome.changed, **gone}

    def bring(self) -> dict[str, str] | None:
        """Bring the last version to what else there is (an object store), while another step may load the tables.

        It only reads, so it holds nothing: the files are opened in a moment in which nobody writes to them. Nothing is
        counted: the counts are the other step's.

        Returns:
            `version`: its instant; None where there is no version yet, or nowhere to bring it.

        Raises:
            ArchiveBusy: another run wrote to the files for too long.
            BesideError: it could not be brought there; tables, files and commits are what they were.
        """
        outcome = self._read() or Outcome(self.run, self.command, self.pipeline.now())
        with self.pipeline.going_on(self.run):
            try:
                with timed(outcome, "beside"):
                    version = self._bring()
            except (ApodError, OSError) as error:
                self.pipeline.tell_stepped(outcome, error)
                raise
        self.pipeline.tell_stepped(outcome)
        return {"version": timestamp(version.at)} if version else None

    def _bring(self) -> Version | None:
        if not self.pipeline.beside:
            return None
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            standing, version = self._standing()
            if standing and version is None:
                return None
            if version:
                for one in self.pipeline.beside:
                    one.begin(version.at)
                if self._standing() == (True, version):  # what was opened is that version's
                    for one in self.pipeline.beside:
                        one.finish()
                    return version
            time.sleep(PAUSE)
        raise ArchiveBusy(
            f"{self.pipeline.archive.root}: its files did not stand at its last version for {PATIENCE:.0f} seconds. "
            "Nothing was brought anywhere; when no run is at it, type: apod run"
        )

    def _standing(self) -> tuple[bool, Version | None]:
        """Whether the files are as the last version left them, and that version."""
        archive, ledger = self.pipeline.archive, self.pipeline.ledger
        ledger.forget()
        if not (versions := ledger.versions()):
            return True, None
        stands = archive.marks().is_derived(versions[-1]) and archive.untouched
        return stands, versions[-1] if stands else None

    def track(self) -> dict[str, Any]:
        """Keep the files' versions with DVC; gives `dvc_file_path` and `csv_md5`."""
        with self._resumed() as outcome:
            publishing = self.pipeline.publishing
            if version := self._open_version():
                publishing.begin_beside(version)
            publishing.track(outcome)
            if version:
                publishing.finish_beside(outcome)
        pointer = self.pipeline.archive.csv.with_name(f"{self.pipeline.archive.csv.name}.dvc")
        return {"dvc_file_path": self._relative(pointer), "csv_md5": outcome.csv_md5}

    def commit(self) -> dict[str, Any]:
        """Commit the version and push it.

        Returns:
            `commit`, `commit_url` (its page where the Git remote has such, else None), `csv_md5` and `entries`.
        """
        with self._resumed() as outcome:
            if version := self._open_version():
                self.pipeline.publishing.commit(version, outcome)
                self.pipeline.publishing.push(outcome)
                self.pipeline.thin_out(outcome)
            else:
                self.pipeline.resume(outcome)  # committed, and killed before it was pushed
            outcome.version = outcome.version or self.pipeline.publisher.head()
        return self._committed(outcome)

    def publish(self) -> dict[str, Any] | None:
        """Everything from `transform` to `commit` in one step; gives what `commit` does, None where nothing is new.

        Raises:
            DataRefused: the quality gate found an error; nothing was loaded.
        """
        with self._resumed() as outcome:
            before = self.pipeline.archive.marks().pushed
            self.pipeline.derivation.catch_up()
            self.pipeline.transform(outcome)
            self.pipeline.resume(outcome)
            pushed = self.pipeline.archive.marks().pushed
            outcome.version = pushed if pushed != before else None  # also one that was committed before we were killed
            outcome.count_unchanged(outcome.unchanged)
        return self._committed(outcome) if outcome.version else None

    def report_missing(self) -> dict[str, Any]:
        """Record the run, whatever came of it; gives what `apod run --json` prints.

        Raises:
            DaysMissing: naming the days that are due and were not had; everything else is stored and committed.
        """
        with self._resumed(last=True) as outcome:
            if outcome.csv_md5 is None:  # nothing was tracked: no entry was new
                self.pipeline.publishing.catch_up_beside(outcome)
            self.pipeline.record(outcome)
        if outcome.missing:
            days = sorted(outcome.missing)
            raise DaysMissing(
                f"{_days(days)}: {outcome.missing[days[0]]}. Everything received is stored and committed; the next run "
                "requests these days again."
            )
        return as_json(outcome)

    def _committed(self, outcome: Outcome) -> dict[str, Any]:
        return {
            "commit": outcome.version,
            "commit_url": self.pipeline.publisher.page(outcome.version),
            "csv_md5": outcome.csv_md5,
            "entries": self.pipeline.archive.marks().entries,
        }

    def _lost(self, run: str, span: Span) -> Outcome:
        days = missing(self.pipeline.ledger.known(), self.pipeline.today, span)
        why = f"{run} ended before it could count what it received; its log says why"
        return Outcome(run, self.command, self.pipeline.now(), span, missing=dict.fromkeys(days, why), exit_code=4)

    # ---- what the steps know of each other -----------------------------------------------
    @property
    def _state(self) -> Path:
        return run_files.counts(self.pipeline.archive, self.run)

    @contextmanager
    def _resumed(self, *, last: bool = False) -> Iterator[Outcome]:
        fresh = Outcome(self.run, self.command, self.pipeline.now())  # of a step that is repeated alone
        with self._passed(lambda: self._read() or fresh, last=last) as outcome:
            yield outcome

    @contextmanager
    def _passed(self, begin: Callable[[], Outcome], *, last: bool = False) -> Iterator[Outcome]:
        """One step, with the archive held; whoever listens is told of it when that is let go."""
        outcome = None
        try:
            with self.pipeline.held(PATIENCE), self.pipeline.going_on(self.run):
                outcome = begin()
                yield outcome
                self._keep(outcome)
        except (ApodError, OSError) as error:
            if outcome:
                self.pipeline.tell_stepped(outcome, error)
            raise
        (self.pipeline.tell_ended if last else self.pipeline.tell_stepped)(outcome)

    def _read(self) -> Outcome | None:
        try:
            return from_json(json.loads(self._state.read_bytes()))
        except FileNotFoundError:
            return self._read_former()

    def _read_former(self) -> Outcome | None:
        """What an earlier release kept of this run, under a name that other runs could have as well."""
        if self.formerly is None:
            return None
        try:
            said = json.loads(run_files.former_counts(self.pipeline.archive, self.formerly).read_bytes())
        except FileNotFoundError:
            return None
        return from_json(said) if said["command"] == self.command else None

    def _keep(self, outcome: Outcome) -> None:
        with replacing(self._state) as file:
            file.write(json.dumps(as_json(outcome), indent=1).encode())

    def _open_version(self) -> Version | None:
        """The last version, if it is not committed yet: this run's own, or one whose run was killed."""
        versions = self.pipeline.ledger.versions()
        if versions and not self.pipeline.archive.marks().is_published(versions[-1]):
            return versions[-1]
        return None

    def _records(self, version: Version) -> list[dict[str, Any]]:
        pipeline, columns = self.pipeline, self.pipeline.archive.dataset.columns
        earlier = [v.lines for v in pipeline.ledger.versions() if v.at < version.at]
        days = pipeline.ledger.known(version.lines).days_since(max(earlier, default=0))
        rows = Table.of(pipeline.archive).rows(days)
        records = [{name: row.get(name) for name in columns.output} for row in islice(rows, MOST_RECORDS)]
        if len(days) > MOST_RECORDS:
            records.append({"more": len(days) - MOST_RECORDS, "in": self._relative(pipeline.archive.json)})
        return records

    def _relative(self, path: Path | None) -> str | None:
        return None if path is None else self.pipeline.archive.relative(path)


def _days(days: list[dt.date]) -> str:
    first, *more = sorted(days)
    return f"{first} and {len(more)} more days, to {max(days)}" if more else str(first)
