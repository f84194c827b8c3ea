"""What of an archive's own memory is worth an alert: refusals that stand open, each with a sample, and late days.

Takes an archive, its sources and settings, gives what `conditions` judges. Only reads; never asks a service.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from apod_pipeline.archive.coverage import coverage
from apod_pipeline.archive.doubted import to_accept
from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.replies import Replies
from apod_pipeline.dataset.sources import Source
from apod_pipeline.errors import Unreadable
from apod_pipeline.extras.alerts.conditions import Clock, Refused, Sight, of_days, of_refusals, together
from apod_pipeline.extras.alerts.settings import Wishes
from apod_pipeline.model import in_plain_words

SAMPLE = 600  # letters
READ = 1 << 22  # bytes of a reply that a sample is looked for in


@dataclass(frozen=True, eq=False, repr=False)
class Look:
    """A look at an archive.

    Attributes:
        archive: the folder.
        sources: every source by name, to read replies with.
        asked: names of those that are asked, the most wanted first.
        today: the newest day that is due.
        wishes: what was set.
    """

    archive: Archive
    sources: Mapping[str, Source]
    asked: tuple[str, ...]
    today: dt.date
    wishes: Wishes

    def at(self, now: dt.datetime, late: Collection[str] = ()) -> Sight:
        """What is refused, late or missing at an instant, and some days known to be late."""
        known = Ledger(self.archive).known()
        begins = dt.datetime.combine(self.today, dt.time(), ZoneInfo(known.calendar.zone))
        patience = dt.timedelta(hours=self.wishes.late_after)
        clock = Clock(self.today, begins, now, patience, self.wishes.hole_after)
        refused = of_refusals(open_refusals(known, self.asked), self._sample)
        return together(refused, of_days([*coverage(known, self.today)], clock, late))

    def _sample(self, refused: Refused) -> str:
        """What was refused, as it came: the day's record, or the beginning of a reply that holds none."""
        try:
            with Replies(self.archive).opened(refused.file) as body:
                return self._sample_of(refused, body)
        except OSError:
            return ""

    def _sample_of(self, refused: Refused, body: Path) -> str:
        try:
            if body.stat().st_size <= READ and (source := self.sources.get(refused.source)):
                for day, item in source.items(body, "list"):
                    if day == refused.day:
                        return in_plain_words(json.dumps(item, ensure_ascii=False), SAMPLE)
        except (Unreadable, OSError, ValueError, LookupError, TypeError):
            pass  # what was refused may be anything: its first bytes are shown
        with body.open("rb") as file:
            return in_plain_words(file.read(SAMPLE).decode("utf-8", "replace"), SAMPLE)


def open_refusals(known: Known, asked: tuple[str, ...]) -> Iterator[Refused]:
    """Days whose last word was refused, each once; of days that are there, where that word would count."""
    whole = to_accept(known)

    def accept(day: str) -> str:
        taken = next((one.command for one in whole if one.speaks_of(day)), None)
        return taken or f"apod replay --accept {day} --because TEXT"

    for day, last in known.refused.items():
        yield Refused(day, last.source, last.reason, last.file, accept(day))
    reasons = {(one.source, one.line): one for one in known.quarantine}
    for (source, day), line in known.open_refusals.items():
        before = asked[: asked.index(source)] if source in asked else asked
        if day in known.refused or any(known.held(one, day) for one in before) or (source, line) not in reasons:
            continue
        told = reasons[source, line]
        yield Refused(day, source, told.reason, told.file, accept(day))
