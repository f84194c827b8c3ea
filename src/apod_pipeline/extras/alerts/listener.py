"""What is plugged into the core: every run and every verification is looked at, and what is news is told.

Takes settings and an archive, gives an `Extra`. Never fails a run: a channel that is down is logged and tried again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from apod_pipeline.archive.folder import Archive
from apod_pipeline.errors import ApodError
from apod_pipeline.extras.alerts.channels import Channel, channels_of
from apod_pipeline.extras.alerts.conditions import Sight, of_findings, of_run, together
from apod_pipeline.extras.alerts.incidents import Damping, next_of
from apod_pipeline.extras.alerts.looking import Look
from apod_pipeline.extras.alerts.messages import Wording
from apod_pipeline.extras.alerts.notebook import late_days, opened, read
from apod_pipeline.extras.alerts.outbox import deliver, post
from apod_pipeline.extras.alerts.settings import Wishes, wishes
from apod_pipeline.extras.alerts.switch import ping
from apod_pipeline.model import Finding, Outcome
from apod_pipeline.settings import Settings
from apod_pipeline.settings.masking import secrets_of


@dataclass(frozen=True, eq=False, repr=False)
class Alerts:
    """The alerts of an archive.

    Attributes:
        archive: the folder.
        wishes: what was set.
        channels: the ways out.
        wording: how messages are worded.
        look: sees what the ledger says.
        now: the clock, UTC.
    """

    archive: Archive
    wishes: Wishes
    channels: Sequence[Channel]
    wording: Wording
    look: Look
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    # ---- the listener's port -------------------------------------------------------------
    def begun(self, outcome: Outcome) -> None:
        """A run begins."""
        self._ping("start", outcome)

    def stepped(self, outcome: Outcome, error: Exception | None) -> None:
        """Nothing is told of a run that goes on."""

    def heard(self, outcome: Outcome, error: Exception | None) -> None:
        """A run has ended."""
        try:
            self._tell_of(outcome, error)
        finally:  # the switch is for when nothing else works: a full disk, say
            self._ping("fail" if error or outcome.exit_code else "success", outcome)

    def _tell_of(self, outcome: Outcome, error: Exception | None) -> None:
        now = self.now()
        try:
            sights = [of_run(outcome, error), self.look.at(now, late_days(read(self.archive)))]
        except (ApodError, OSError):  # of a damaged ledger only the run's own error can be told
            sights = [of_run(outcome, error)]
        self.tell(now, *sights)

    def verified(self, findings: Sequence[Finding]) -> None:
        """The archive was verified."""
        now, sight = self.now(), of_findings(findings)
        with opened(self.archive) as notebook:
            notebook.verified = (now, not sight.conditions)
        self.tell(now, sight)

    # ---- without a run -------------------------------------------------------------------
    def check(self) -> None:
        """Look at the archive now, and deliver what waits: a late entry is noticed also where no run begins."""
        now = self.now()
        self.tell(now, self.look.at(now, late_days(read(self.archive))))

    def tell(self, now: dt.datetime, *sights: Sight) -> None:
        """Tell what is news in what was seen, and deliver what waits."""
        damping = Damping(dt.timedelta(hours=self.wishes.calm), dt.timedelta(hours=self.wishes.lasting))
        with opened(self.archive) as notebook:
            notebook.silences = [one for one in notebook.silences if now < one.until]
            lasting = [one.condition.kind for one in notebook.incidents if one.ended is None]
            sight = together(*sights, lasting=lasting)
            notebook.incidents, told = next_of(notebook.incidents, sight, now, damping, notebook.silences)
            for one in told:
                post(notebook, self.wording.of(one), self.channels, now)
            deliver(notebook, self.channels, now, self.wishes.timeout)

    def _ping(self, event: str, outcome: Outcome) -> None:
        if self.wishes.ping_url:
            ping(self.wishes.ping_url, event, outcome.run, self.wishes.timeout)


def alerts_of(settings: Settings, archive: Archive) -> Alerts:
    """The alerts of an archive, by its settings."""
    from apod_pipeline.wiring import readers, today

    wished, secrets = wishes(settings), secrets_of(settings)
    facts = {
        "dataset": archive.dataset.name,
        "title": archive.dataset.about.title,
        "archive": str(archive.root),
        "log": wished.log or str(archive.log),
    }
    return Alerts(
        archive,
        wished,
        channels_of(wished, secrets),
        Wording(facts, secrets, wished.texts),
        Look(archive, readers(settings), settings.sources, today(settings), wished),
    )
