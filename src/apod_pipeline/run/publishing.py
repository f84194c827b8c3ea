"""From a sealed version to tables, objects, commit and remote: the order of publishing, and each of its steps.

Takes the stages' implementations through the ports, brings a version to where it belongs. Every step finds out by
itself what there is to do, so each can be repeated alone.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Version
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.archive.packs import pack_older
from apod_pipeline.archive.quality_report import keep_report
from apod_pipeline.archive.replies import given_up, missing_replies
from apod_pipeline.archive.run_record import timed
from apod_pipeline.errors import ApodError, ArchiveDamaged, PushRejected
from apod_pipeline.model import Outcome, Report
from apod_pipeline.ports import Beside, Publisher, Store, Versioner
from apod_pipeline.run.derivation import Derivation
from apod_pipeline.run.grown import fields_mark
from apod_pipeline.run.takeover import Takeover
from apod_pipeline.stages.dvc_track_data import dvc_track_data

# Whoever is rejected has seen another succeed: so many machines, and one more, can push at the same moment.
MOST_TAKEOVERS = 12
LONGEST_PAUSE = 0.3  # of who was rejected; one that grew would let the same machine lose again and again


@dataclass(eq=False, repr=False)
class Publishing:
    """What brings an archive's versions out.

    Attributes:
        archive: the folder.
        ledger: its memory.
        derivation: readings to files.
        quality: judges the files, given how many entries the last version held and the newest day that is due.
        store: the database; opened when it is first needed.
        versioner: DVC.
        publisher: Git.
        takeover: what is done when the remote has versions that we have not.
        today: the newest day that is due.
        now: the clock, UTC.
        tell: takes a line for the user.
        elsewhere: raw replies that are on the DVC remote and need not be here.
        plain_replies: how many of the newest raw replies stay files of their own; None where none is to be packed.
        beside: what else versions are brought to.
    """

    archive: Archive
    ledger: Ledger
    derivation: Derivation
    quality: Callable[[int, dt.date], Report]
    store: Callable[[], Store]
    versioner: Versioner
    publisher: Publisher
    takeover: Takeover
    today: dt.date
    now: Callable[[], dt.datetime]
    tell: Callable[[str], None]
    elsewhere: Callable[[], Collection[str]]
    plain_replies: int | None = None
    beside: Sequence[Beside] = ()

    def publish(self, version: Version, outcome: Outcome, *, on_the_way: bool = False) -> None:
        """Bring a sealed version to everybody: the one place that says in which order.

        Args:
            version: sealed, and the files say it.
            outcome: what is counted and timed.
            on_the_way: one of several: tables and remote follow with the last of them.
        """
        self.check_quality(outcome)
        # The tables and DVC's objects do not know one another, and each mostly waits: they are made side by side. The
        # files are tracked when the load has read them: DVC's own commands, which odd cases are left to, take a file
        # away for a moment. Nothing is committed before all is done.
        if not on_the_way:
            self.track_replies()
            self.begin_beside(version)
            self.load(outcome, after_reading=self.versioner.track_files)
        self.track(outcome)
        if not on_the_way:
            self.finish_beside(outcome)
        self.commit(version, outcome)
        if not on_the_way:
            self.push(outcome)

    def catch_up_beside(self, outcome: Outcome) -> None:
        """Let whatever is behind the last version catch up, where nothing was new."""
        for version in self.ledger.versions()[-1:] if self.beside else ():
            self.begin_beside(version)
            for subject in self.finish_beside(outcome):
                self.commit_ledger(outcome, subject)

    def begin_beside(self, version: Version) -> None:
        """Begin to bring a version to wherever else it belongs."""
        for one in self.beside:
            one.begin(version.at)

    def finish_beside(self, outcome: Outcome) -> list[str]:
        """Wait for what was begun, and keep what it made; what fails is told, and neither rows nor commits wait for it.

        Returns:
            The subjects of a commit that holds nothing else; none where no folder holds anything new.
        """
        subjects = []
        for one in self.beside:
            try:
                with timed(outcome, "beside"):
                    folders = one.finish()
            except ApodError as error:
                self.tell(f"{error} The next run begins it again.")
                outcome.exit_code = outcome.exit_code or error.exit_code
                continue
            if folders:
                subjects += self._kept(one, folders, outcome)
        return subjects

    def _kept(self, one: Beside, folders: Sequence[Path], outcome: Outcome) -> list[str]:
        """The subject of a commit that holds these folders; none where DVC could not keep them, and no commit will."""
        pointers = [
            *(Path(f"{folder}.dvc") for folder in folders),
            *{folder.parent / ".gitignore" for folder in folders},
        ]
        before = {path: path.read_bytes() if path.exists() else None for path in pointers}
        try:
            with timed(outcome, "dvc"):
                self.publisher.prepare()
                self.versioner.track_folders(folders)
                self.versioner.finish()
        except ApodError as error:
            for path, pointer in before.items():
                path.unlink(missing_ok=True) if pointer is None else path.write_bytes(pointer)
            self.publisher.unstage(pointers)  # DVC had
            one.not_kept()
            self.tell(str(error))
            return []
        return [one.kept()]

    def load(self, outcome: Outcome, after_reading: Callable[[], object] | None = None) -> None:
        """Bring the tables to the last version."""
        with timed(outcome, "load"):
            merged = self.store().load(after_reading=after_reading)
        outcome.inserted, outcome.changed = outcome.inserted + merged.inserted, outcome.changed + merged.changed
        outcome.gone += merged.gone

    def track(self, outcome: Outcome) -> None:
        """Keep the files' versions, here and on the DVC remote."""
        with timed(outcome, "dvc"):
            self.track_replies()
            outcome.csv_md5 = dvc_track_data(self.versioner)
            self.archive.witness(stored_to=self.versioner.remote)  # DVC copies a file back where it was

    def commit(self, version: Version, outcome: Outcome) -> None:
        """Commit a version."""
        with timed(outcome, "git"):
            commit = self.publisher.commit(version.at, self.derivation.summary(version), run=version.run)
            outcome.version = commit or outcome.version
            self.archive.advance(published=timestamp(version.at), commit=commit or self.publisher.head())

    def track_replies(self) -> None:
        """Pack and track the raw replies, when none of them is missing; raises ArchiveDamaged where some are."""
        # DVC would keep the folder as it is: a reply that was lost here would be missing in every later version.
        if lost := missing_replies(self.archive, self.ledger.known(), self.elsewhere()):
            raise ArchiveDamaged(
                f"{len(lost)} raw replies are gone from {self.archive.raw}: {', '.join(lost[:3])}. Nothing was "
                "committed, and what was received is kept; `apod recover raw` brings them back, then type the same "
                "command again."
            )
        self._pack_older()
        self.publisher.prepare()
        self.versioner.track_replies()

    def _pack_older(self) -> None:
        if self.plain_replies is None:
            return
        if pack_older(self.archive, self.ledger.known(), self.plain_replies, given_up(self.archive)):
            self.archive.advance(fields=fields_mark(self.archive, self.archive.dataset.columns.told))

    def commit_ledger(self, outcome: Outcome, subject: str) -> None:
        """Commit and push lines of the ledger that change no entry."""
        with timed(outcome, "dvc"):
            self.track_replies()
            self.versioner.finish()
        with timed(outcome, "git"):
            at = max([self.now().replace(microsecond=0), *(version.at for version in self.ledger.versions()[-1:])])
            outcome.version = self.publisher.commit(at, [], subject, outcome.run)
            self.archive.advance(commit=outcome.version or self.publisher.head())
        self.push(outcome)

    def push(self, outcome: Outcome) -> None:
        """Publish the commits; where the remote is ahead, its versions are taken over and ours come on top."""
        with timed(outcome, "push"):
            for _ in range(MOST_TAKEOVERS):
                try:
                    pushed = self.publisher.push()
                    break
                except PushRejected as rejected:
                    time.sleep(random.uniform(0.0, LONGEST_PAUSE))  # two that keep step would meet again
                    self.take_over(outcome, f"{rejected.where} was ahead of us: taking over its versions")
            else:
                pushed = self.publisher.push()
            where = self.publisher.remote if pushed else None
            self.archive.advance(pushed=self.archive.marks().commit or self.publisher.head(), pushed_to=where)

    def take_over(self, outcome: Outcome, why: str, *, join: bool = False) -> None:
        """Move onto the remote's versions, and seal ours again on top of them."""
        if not (self.takeover.pending or self.takeover.begin(join=join)):
            return
        self.tell(f"{why}, ours come on top")
        self.takeover.move()
        self.ledger.forget()
        self.derivation.catch_up()
        self.takeover.replay(self.derivation, outcome.run, self.now, self.today, lambda: self._commit_sealed(outcome))
        self.takeover.end()
        self.store().load()
        last = self.ledger.versions()[-1:]  # none where both sides were only ever refused
        self.archive.advance(published=timestamp(last[0].at) if last else None, commit=self.publisher.head())

    def _commit_sealed(self, outcome: Outcome) -> None:
        """Commit the last version where none holds it yet; the tables follow when all is taken over."""
        for version in self.ledger.versions()[-1:]:
            if not self.archive.marks().is_published(version):
                self.publish(version, outcome, on_the_way=True)

    def check_quality(self, outcome: Outcome) -> Report:
        """Judge the files, write the report. What an error rule refuses of one day never came here: see the gate.

        Raises:
            ArchiveDamaged: the archive holds fewer entries than it did; nothing is loaded or versioned.
        """
        with timed(outcome, "check_quality"):
            newest = max([self.today, *(version.today for version in self.ledger.versions()[-1:])])
            before = self.archive.marks().entries
            report = self.quality(before, newest)
        keep_report(self.archive, report, before)
        self.archive.advance(entries=report.entries)
        return report
