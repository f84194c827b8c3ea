"""The order of the stages, and nothing else.

Takes the stages' implementations through the ports, gives an `Outcome`. Never names an implementation, never parses,
never writes a file of its own but the run's line in the untracked log.

    extract -> transform -> check_quality -> load -> dvc -> git

A run is a transaction with the world: whatever a killed run left unfinished is finished first, then the days are
asked for. Every stage finds out by itself what there is to do, so each can be repeated alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known, Version
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import append_lines, mend_torn_lines, timestamp
from apod_pipeline.archive.replies import sweep_scratch
from apod_pipeline.archive.run_record import as_json, timed
from apod_pipeline.archive.writing import sweep
from apod_pipeline.dataset.sources import Source
from apod_pipeline.errors import ApodError
from apod_pipeline.logs.running import running
from apod_pipeline.model import Outcome, Report
from apod_pipeline.ports import Beside, Listener, LogFields, Publisher, Store, Versioner
from apod_pipeline.run.derivation import Derivation
from apod_pipeline.run.gathering import Gathering, Wanted, count_refused
from apod_pipeline.run.grown import fields_alike
from apod_pipeline.run.listening import tell_listeners
from apod_pipeline.run.publishing import MOST_TAKEOVERS, Publishing
from apod_pipeline.run.takeover import Takeover
from apod_pipeline.stages.extract_apod import Extracted, Extraction

__all__ = ["Pipeline", "Wanted"]

KEPT = "Keep readings and refusals that change no entry"
LACKED = "Keep lines of the ledger that no commit held"


@dataclass(eq=False, repr=False)
class Pipeline:
    """One archive's pipeline, wired.

    Attributes:
        archive: the folder.
        ledger: its memory.
        sources: whom to ask, in this order.
        readers: every source by name, to read replies with.
        derivation: readings to files.
        extraction: makes the extract stage for a run, over what is known.
        quality: judges the files, given how many entries the last version held and the newest day that is due.
        store: the database; opened when it is first needed.
        versioner: DVC.
        publisher: Git.
        takeover: what is done when the remote has versions that we have not.
        today: the newest day that is due.
        lookback: how many days back every run reads again.
        gap_after: how many days old a day is that no source has, before it is believed that nothing was published.
        now: the clock, UTC.
        tell: takes a line for the user.
        elsewhere: raw replies that are on the DVC remote and need not be here; none in a whole archive.
        plain_replies: how many of the newest raw replies stay files of their own; None where none is to be packed.
        refill: puts all versions' objects onto a DVC remote that was set, or changed, since; takes the one before.
        thin: lets go of the files of earlier versions, when a version is published; None where all are to stay.
        beside: what else versions are brought to.
        listeners: who is told how a run ended.
        log_fields: what the lines of a run's logs have besides.
        keep_all: commit also what changes no entry, where nobody will be here to commit it with the next version.
    """

    archive: Archive
    ledger: Ledger
    sources: Sequence[Source]
    readers: dict[str, Source]
    derivation: Derivation
    extraction: Callable[[str, Known], Extraction]
    quality: Callable[[int, dt.date], Report]
    store: Callable[[], Store]
    versioner: Versioner
    publisher: Publisher
    takeover: Takeover
    today: dt.date
    lookback: int = 10
    gap_after: int = 21
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    tell: Callable[[str], None] = print
    elsewhere: Callable[[], Collection[str]] = frozenset
    plain_replies: int | None = None
    refill: Callable[[str | None], None] = lambda _: None
    thin: Callable[[], object] | None = None
    beside: Sequence[Beside] = ()
    listeners: Sequence[Listener] = ()
    log_fields: Sequence[LogFields] = ()
    keep_all: bool = False

    # ---- runs ----------------------------------------------------------------------------
    def prepare(self) -> None:
        """Make the repository and the tables, where they are missing."""
        with self.archive.locked():
            self.publisher.prepare()
            self.store().load()

    def run(self, wanted: Wanted) -> Outcome:
        """Ask for days, and bring files, tables and versions to where they belong.

        Raises:
            ArchiveBusy: another run is at it.
            DataRefused: new rules would refuse half of the archive, or it has shrunk; nothing was changed.
            DatabaseError, VersioningError: what came is kept; the next run goes on from there.
        """
        with self._recorded(wanted.command) as outcome:
            self.resume(outcome)
            # The database may have to be started: that is done while the services are asked.
            with ThreadPoolExecutor(1, thread_name_prefix="store") as beside:
                opening = beside.submit(self.store)
                extracted = self.extract(wanted, outcome)
            self.derivation.passed = opening.result().foresee
            self._publish_news(outcome, extracted)
            if self.keep_all:
                self._keep_all(outcome)
            self.thin_out(outcome)
            outcome.count_unchanged(extracted.entries)
        return outcome

    def rebuild(self, *, accept_loss: bool = False) -> Outcome:
        """Make every file and table again from the raw replies and the ledger, offline.

        Args:
            accept_loss: take the archive as it is, also where it holds fewer entries than before, or where new rules
                refuse most of them.
        """
        with self._recorded("rebuild") as outcome:
            if accept_loss:
                self.archive.advance(entries=0)
            with timed(outcome, "transform"):
                version = self.derivation.seal_standing(outcome.run, self.now(), accept_loss=accept_loss)
                outcome.unchanged = self.derivation.rebuild()
                version = self.derivation.seal_rules(outcome.run, self.now(), accept_loss=accept_loss) or version
            if version:
                self.publishing.publish(version, outcome)
            self.resume(outcome)
            with timed(outcome, "load"):
                self.store().load(anew=True)
        return outcome

    def thin_out(self, outcome: Outcome) -> None:
        """Let go of what the settings say, after a new version; a run does not fail by it."""
        if self.thin and outcome.version:
            try:
                with timed(outcome, "thin"):
                    self.thin()
            except (ApodError, OSError) as error:
                self.tell(f"no version was thinned out: {error}")

    def bring_in(self, command: str, work: Callable[[Extraction, Outcome], None]) -> Outcome:
        """Let something else than a service bring readings in (an import, a replay), then do what a run does."""
        with self._recorded(command) as outcome:
            self.resume(outcome)
            extraction = self._extraction(outcome.run)
            with timed(outcome, "extract"):
                extraction.adopt(list(self.readers.values()))
                work(extraction, outcome)
            outcome.refused = extraction.result.refused
            self._publish_news(outcome, extraction.result)
            outcome.count_unchanged(extraction.result.entries)
        return outcome

    def bring_beside(self, command: str, beside: Sequence[Beside], patience: float = 0.0) -> Outcome:
        """Keep what was made beside the archive, without asking for anything; waits so long for another run to end."""
        with self._recorded(command, patience) as outcome:
            self.resume(outcome)
            replace(self.publishing, beside=beside).catch_up_beside(outcome)
        return outcome

    @contextmanager
    def _recorded(self, command: str, patience: float = 0.0) -> Iterator[Outcome]:
        started = self.now()
        outcome = Outcome(run=started.strftime("%Y%m%dT%H%M%S%fZ"), command=command, started=started)
        with self.held(patience), self.going_on(outcome.run):
            self.tell_begun(outcome)
            try:
                yield outcome
            except Exception as error:  # also what nobody thought of is written down, and told
                outcome.exit_code = error.exit_code if isinstance(error, ApodError) else 1
                with suppress(OSError):  # on a full disk it is the error itself that matters
                    self._log(outcome, error)
                self.tell_ended(outcome, error)
                raise
            self.record(outcome)
        self.tell_ended(outcome)

    @contextmanager
    def going_on(self, run: str) -> Iterator[None]:
        """A run goes on: the lines of its logs say so."""
        fields = {name: value for told in self.log_fields for name, value in told(run).items()}
        with running(run, fields):
            yield

    def tell_begun(self, outcome: Outcome) -> None:
        """Tell whoever listens that a run begins."""
        tell_listeners(self.listeners, lambda listener: listener.begun(outcome))

    def tell_stepped(self, outcome: Outcome, error: Exception | None = None) -> None:
        """Tell whoever listens that a step has ended of a run whose steps are processes of their own."""
        tell_listeners(self.listeners, lambda listener: listener.stepped(outcome, error))

    def tell_ended(self, outcome: Outcome, error: Exception | None = None) -> None:
        """Tell whoever listens that a run has ended, well or with an error."""
        tell_listeners(self.listeners, lambda listener: listener.heard(outcome, error))

    @contextmanager
    def held(self, patience: float = 0.0) -> Iterator[None]:
        """Hold the archive, and forget what was known of it before; waits so many seconds for another run to end.

        Raises:
            ArchiveBusy: another run is at it.
        """
        with self.archive.locked(patience):
            mend_torn_lines(self.archive.ledger)
            self.ledger.forget()
            for folder in (self.archive.raw, self.archive.csv.parent, self.archive.quality_report.parent):
                sweep(folder)
            sweep(self.archive.private)
            sweep_scratch(self.archive)
            yield

    def record(self, outcome: Outcome) -> None:
        """Keep what a run did: a row in the database, a line in the untracked log."""
        with timed(outcome, "record"):
            self.store().record((outcome, self.now()))
        self._log(outcome)

    def _log(self, outcome: Outcome, error: Exception | None = None) -> None:
        line = as_json(outcome) | {"finished": timestamp(self.now())}
        if error:  # a stranger's words may hold a secret
            line["error"] = str(error) if isinstance(error, ApodError | OSError) else type(error).__name__
        append_lines(self.archive.log, [line])

    # ---- days in -------------------------------------------------------------------------
    def extract(self, wanted: Wanted, outcome: Outcome) -> Extracted:
        """Ask for days; the outcome then tells what is missing, and the exit code that follows from it."""
        with timed(outcome, "extract"):
            extracted = self._gathering.ask(wanted, outcome)
        outcome.refused, outcome.asked = extracted.refused, extracted.asked
        self._gathering.conclude(wanted, outcome, extracted)
        self._count_refused(outcome)
        return extracted

    @property
    def publishing(self) -> Publishing:
        """What brings versions out, by the same parts."""
        return Publishing(
            archive=self.archive,
            ledger=self.ledger,
            derivation=self.derivation,
            quality=self.quality,
            store=self.store,
            versioner=self.versioner,
            publisher=self.publisher,
            takeover=self.takeover,
            today=self.today,
            now=self.now,
            tell=self.tell,
            elsewhere=self.elsewhere,
            plain_replies=self.plain_replies,
            beside=self.beside,
        )

    @property
    def _gathering(self) -> Gathering:
        return Gathering(
            archive=self.archive,
            ledger=self.ledger,
            sources=self.sources,
            readers=self.readers,
            begin=self._extraction,
            today=self.today,
            lookback=self.lookback,
            gap_after=self.gap_after,
            now=self.now,
            tell=self.tell,
        )

    def _extraction(self, run: str) -> Extraction:
        extraction = self.extraction(run, self.ledger.known())
        extraction.examine = self.derivation.examine
        return extraction

    def _count_refused(self, outcome: Outcome) -> None:
        refused, self.derivation.refused = self.derivation.refused, {}
        count_refused(outcome, refused, self.ledger.known(), self.tell)

    # ---- versions out --------------------------------------------------------------------
    def resume(self, outcome: Outcome) -> None:
        """Whatever an earlier run sealed and did not finish, and what new rules make of the archive."""
        self.publisher.protect()
        if self.takeover.pending:
            self.publishing.take_over(outcome, "finishing the takeover of the remote's versions, which was interrupted")
        if versions := self.ledger.versions():
            self._resume(versions, outcome)
        self.derivation.withdraw(self.now())

    def _resume(self, versions: list[Version], outcome: Outcome) -> None:
        self.ledger.known(versions[-1].lines)  # a ledger that lost lines is told before anything is built upon it
        fields_alike(self.archive)  # and so are files that a newer program made
        if self.derivation.catch_up():
            self.tell("brought the files up to the last version; an interrupted run had left them behind")
        marks = self.archive.marks()
        if marks.stored_to != (where := self.versioner.remote):
            self.refill(marks.stored_to)
            self.archive.advance(stored_to=where)
            marks = self.archive.marks()
        if not marks.is_published(versions[-1]):
            self.publishing.publish(self._healed(versions[-1], outcome), outcome)
        elif self.publisher.lacks_sealed_lines():
            self.tell("committing ledger lines that were not committed yet")
            self.publishing.commit_ledger(outcome, LACKED)
        elif not marks.is_pushed_to(self.publisher.remote):
            self.publishing.push(outcome)
        if version := self.derivation.seal_rules(outcome.run, self.now()):
            self.tell("the current rules or preference make other entries; that becomes a separate version")
            self.publishing.publish(version, outcome)

    def _healed(self, version: Version, outcome: Outcome) -> Version:
        """A sealed version that is not published yet, or one above it where the gate refuses an entry of it."""
        if self.publishing.check_quality(outcome).passed:
            return version
        self.tell("the last version holds what the quality gate refuses: it is derived again before it is published")
        return self.derivation.reseal(outcome.run, self.now()) or version

    def _publish_news(self, outcome: Outcome, extracted: Extracted) -> None:
        if extracted.lines:
            self.publishing.track_replies()
        if version := self.transform(outcome):
            self.publishing.publish(version, outcome)
            return
        self.publishing.load(outcome)  # the database may have been elsewhere, or lost
        if extracted.lines:
            self.versioner.finish()
        self.publishing.catch_up_beside(outcome)

    def transform(self, outcome: Outcome) -> Version | None:
        """Make a version of what was told since the last one; None where no entry changes."""
        with timed(outcome, "transform"):
            version = self.derivation.seal_news(outcome.run, self.now(), self.today)
        self._count_refused(outcome)
        return version

    def _keep_all(self, outcome: Outcome) -> None:
        """Commit and push readings and refusals that change no entry; a takeover may leave some more of them."""
        for _ in range(MOST_TAKEOVERS):
            if not self.publisher.ledger_waits():
                return
            self.publishing.commit_ledger(outcome, KEPT)

    def join(self) -> Outcome:
        """Make one archive of this one and of the remote's, which began apart; raises as `Takeover.begin`."""
        with self._recorded("join") as outcome:
            self.publisher.prepare()
            self.publishing.take_over(outcome, "joining the remote's archive: its versions stay below", join=True)
            self.publishing.push(outcome)
        return outcome
