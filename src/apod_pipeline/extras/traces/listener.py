"""What is plugged into the core: each run, and each step of one that is done in many processes, becomes spans.

Takes settings and an archive, gives an `Extra`. Never fails a run, nor keeps it for more than a few seconds.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from apod_pipeline.extras.traces.identity import Ended, Identity, identity
from apod_pipeline.model import Finding, Outcome, Stage


@dataclass(frozen=True, eq=False, repr=False)
class Traces:
    """The traces of an archive's runs.

    Attributes:
        dataset: name of its data set.
        service: the service's name, as OpenTelemetry's variables have it.
        secrets: what no span may say.
        now: the clock, UTC.
    """

    dataset: str
    service: str = ""
    secrets: Sequence[str] = ()
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    def begun(self, outcome: Outcome) -> None:  # noqa: ARG002 - the port's
        """Nothing is told of a run before it, or a step of it, has ended; what that takes is imported meanwhile."""
        # A run waits for services, PostgreSQL and DVC's process: there is time for it.
        from apod_pipeline.extras.traces.sending import prepare

        threading.Thread(target=prepare, name="traces", daemon=True).start()

    def stepped(self, outcome: Outcome, error: Exception | None) -> None:
        """Tell of the stages of a step."""
        if error and not any(stage.error for stage in outcome.stages):  # the run's own span is not sent yet
            outcome.stages.append(Stage("step", self.now(), 0.0, _worded(error)))
        self._send(outcome, None)

    def heard(self, outcome: Outcome, error: Exception | None) -> None:
        """Tell of a run, and of its stages in this process."""
        self._send(outcome, Ended(self.now(), _worded(error) if error else ""))

    def verified(self, findings: Sequence[Finding]) -> None:
        """A verification is no run."""

    def fields(self, run: str) -> Mapping[str, str]:
        """What the lines of a run's logs have besides."""
        return self._identity(run).fields

    def _identity(self, run: str) -> Identity:
        return identity(self.service, self.dataset, run)

    def _send(self, outcome: Outcome, ended: Ended | None) -> None:
        from apod_pipeline.extras.traces.sending import send
        from apod_pipeline.extras.traces.told import spans_of

        own = self._identity(outcome.run)
        send(spans_of(outcome, ended, own, self.dataset, self.secrets), own)


def _worded(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
