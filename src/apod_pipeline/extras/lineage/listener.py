"""What is plugged into the core: each run is told as it begins and as it ends.

Takes settings and an archive, gives an `Extra`. Never fails a run, nor keeps it for more than a few seconds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apod_pipeline.archive.folder import Archive
from apod_pipeline.model import Finding, Outcome
from apod_pipeline.settings import Settings
from apod_pipeline.settings.masking import secrets_of

if TYPE_CHECKING:
    from apod_pipeline.extras.lineage.events import Events

FILE = "openlineage.yml"
SAID_BY = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")


@dataclass(frozen=True, eq=False, repr=False)
class Lineage:
    """The lineage of an archive's runs.

    Attributes:
        settings: the archive's.
        archive: the folder.
        now: the clock, UTC.
    """

    settings: Settings
    archive: Archive
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    def begun(self, outcome: Outcome) -> None:
        """Tell of a run that begins."""
        from apod_pipeline.extras.lineage.telling import tell

        tell(lambda: self._events.begun(outcome))

    def stepped(self, outcome: Outcome, error: Exception | None) -> None:
        """Who runs the steps one by one tells of them."""

    def heard(self, outcome: Outcome, error: Exception | None) -> None:
        """Tell of a run that has ended."""
        from apod_pipeline.extras.lineage.telling import tell

        tell(lambda: self._events.ended(outcome, error, self.now()))

    def verified(self, findings: Sequence[Finding]) -> None:
        """A verification writes nothing."""

    @property
    def _events(self) -> Events:
        from apod_pipeline.extras.lineage.events import Events

        return Events(self.settings, self.archive, secrets_of(self.settings))


def wanted(environment: Mapping[str, str], *folders: Path) -> bool:
    """Whether OpenLineage's variables, or its file in one of these folders, name a transport, and none says no."""
    if environment.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    named = any(environment.get(name) for name in SAID_BY) or any(
        name.startswith("OPENLINEAGE__TRANSPORT") for name in environment
    )
    return named or any((folder / FILE).is_file() for folder in folders)
