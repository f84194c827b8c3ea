"""What is plugged into the core: at the end of each run and verification the archive's numbers are written to a file.

Takes settings and an archive, gives an `Extra`. The file is for the textfile collector of Prometheus' node exporter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.writing import replacing
from apod_pipeline.errors import ApodError
from apod_pipeline.extras.metrics.exposition import exposed
from apod_pipeline.extras.metrics.names import Sample
from apod_pipeline.extras.metrics.of_archive import numbers
from apod_pipeline.extras.metrics.tally import count_run, count_verification
from apod_pipeline.model import Finding, Outcome


@dataclass(frozen=True, eq=False, repr=False)
class Metrics:
    """The numbers of an archive.

    Attributes:
        archive: the folder.
        textfile: where they are written.
        today: the newest day that is due.
        git_remote: where versions are pushed.
        now: the clock, UTC.
    """

    archive: Archive
    textfile: Path
    today: dt.date
    git_remote: str | None = None
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    def begun(self, outcome: Outcome) -> None:
        """Nothing is written of a run that goes on."""

    def stepped(self, outcome: Outcome, error: Exception | None) -> None:
        """Nothing is counted of a run that goes on."""

    def heard(self, outcome: Outcome, error: Exception | None) -> None:
        """Count a run that has ended."""
        self._write(count_run(self.archive, outcome, error, self.now()))

    def verified(self, findings: Sequence[Finding]) -> None:
        """Keep what a verification found."""
        self._write(count_verification(self.archive, self.now(), well=all(one.well for one in findings)))

    def _write(self, counted: list[Sample]) -> None:
        try:
            found = [*numbers(self.archive, self.today, self.git_remote)]
        except ApodError:  # of a damaged ledger only the run can be told
            found = []
        with replacing(self.textfile, durable=False) as file:
            file.write(exposed({self.archive.dataset.name: [*found, *counted]}))
        self.textfile.chmod(0o644)  # who collects it is another user
