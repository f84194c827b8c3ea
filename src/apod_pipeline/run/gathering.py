"""Which days a run asks for, and what it concludes from the answers.

Takes what is wanted and what is known, gives what the extract stage heard, with the days that are missing and the days
that have no entry written down. Never judges a reply: the canary did.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from apod_pipeline.archive.coverage import Terms, due, missing, turns
from apod_pipeline.archive.doubted import to_accept
from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.dataset.sources import Source
from apod_pipeline.dataset.spans import Span
from apod_pipeline.model import Outcome
from apod_pipeline.run.conclusions import gaps_in, missing_of
from apod_pipeline.stages.extract_apod import Extracted, Extraction

GAPS_AGAIN = dt.timedelta(days=7)


class Wanted(NamedTuple):
    """What a run is to ask for.

    Attributes:
        command: what was typed, for the record.
        span: the days; None asks for what is due.
        only_missing: leave days alone that are there already (a backfill).
    """

    command: str
    span: Span | None = None
    only_missing: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Gathering:
    """The days of one run.

    Attributes:
        archive: the folder.
        ledger: its memory; grows.
        sources: whom to ask, in this order.
        readers: every source by name, to read replies with.
        begin: makes the extract stage for a run, over what is known.
        today: the newest day that is due.
        lookback: how many days back every run reads again.
        gap_after: how many days old a day is that no source has, before it is believed that nothing was published.
        now: the clock, UTC.
        tell: takes a line for the user.
    """

    archive: Archive
    ledger: Ledger
    sources: Sequence[Source]
    readers: dict[str, Source]
    begin: Callable[[str], Extraction]
    today: dt.date
    lookback: int
    gap_after: int
    now: Callable[[], dt.datetime]
    tell: Callable[[str], None]

    def ask(self, wanted: Wanted, outcome: Outcome) -> Extracted:
        """Ask for the days that are wanted; what an interrupted run had received is taken up first."""
        extraction = self.begin(outcome.run)
        known = extraction.known
        if adopted := extraction.adopt(list(self.readers.values())):
            self.tell(f"picked up {adopted} replies that an interrupted run had received")
        days = self._days(wanted, known)
        if known.gaps and wanted.span is None and self._terms().gaps_again:
            self.archive.advance(gaps_asked=str(self.today))
        if days:
            outcome.span = Span(days[0], days[-1])
        extracted = extraction.ask(self.sources, days)
        silent = wanted.span is None and any(m.kind == "unavailable" for m in extracted.missing.values())
        if days and (wanted.span or silent) and not all(known.was_asked(day) for day in days):
            known.add(self.ledger.append_asked(Span(days[0], days[-1]), self.now()))
        return extracted

    def _days(self, wanted: Wanted, known: Known) -> list[dt.date]:
        if wanted.span is None:
            terms = self._terms()
            again = (day for days in turns(known, terms).values() for day in days)
            return sorted({*due(known, terms), *again})
        if wanted.only_missing:
            return missing(known, self.today, wanted.span)
        return [day for day in known.calendar.publishable(wanted.span) if day <= known.calendar.newest(self.today)]

    def _terms(self) -> Terms:
        versions = self.ledger.versions()
        then = versions[-1].today if versions else None
        sources = tuple(source.name for source in self.sources)
        again = str(self.today - GAPS_AGAIN) >= (self.archive.marks().gaps_asked or "")
        reread = self.archive.marks().reread or {}
        return Terms(self.today, then, self.lookback, sources, gaps_again=again, reread=reread)

    def conclude(self, wanted: Wanted, outcome: Outcome, extracted: Extracted) -> None:
        """Which days were not had, and what that means for the exit code."""
        known = self.ledger.known()
        if wanted.span is None and known.calendar.again:
            self._mark_reread(extracted, known)
        if extracted.nowhere:
            self._believe_gaps(extracted, known)
        since = self.today - dt.timedelta(days=self.lookback)
        missing = missing_of(extracted, known, since=since, explicit=wanted.span is not None)
        for day, miss in missing.waited_for.items():
            self.tell(
                f"{day}: {miss.why}; every run requests it again. If nothing was published: apod coverage --accept-gap "
                f"{day} --because TEXT"
            )
        for one in to_accept(known) if missing.exit_code == 3 else ():
            self.tell(f"{one.refusal.source}: {one.refusal.reason}. If that is right: {one.command}")
        outcome.missing |= {day: miss.why for day, miss in missing.days.items()}
        outcome.denied |= {day for day, miss in missing.days.items() if miss.kind == "denied"}
        outcome.exit_code = missing.exit_code

    def _mark_reread(self, extracted: Extracted, known: Known) -> None:
        """Remember which years were asked for again and answered, also where nothing of them is new."""
        terms = self._terms()
        done = {year for year, days in turns(known, terms).items() if extracted.missing.keys().isdisjoint(days)}
        if done:
            self.archive.advance(reread={**terms.reread, **dict.fromkeys(done, str(self.today))})

    def _believe_gaps(self, extracted: Extracted, known: Known) -> None:
        names = [source.name for source in self.sources]
        gaps = gaps_in(extracted, known, names, self.today, self.gap_after)
        if not gaps:
            return
        for line in self.ledger.append_gaps(gaps, names, self.today, self.now()):
            known.add(line)
        if not self.archive.marks().gaps_asked:
            self.archive.advance(gaps_asked=str(self.today))
        extracted.lines += len(gaps)
        for day, why in gaps.items():
            self.tell(f"{day}: a gap from now on, {why}; it is requested again every week for a year")


def count_refused(outcome: Outcome, refused: Mapping[str, str], known: Known, tell: Callable[[str], None]) -> None:
    """What the quality gate refused, and no source has mended since, makes exit code 3.

    Args:
        outcome: of the run; grows.
        refused: by ISO day, the reason.
        known: what is known now.
        tell: takes a line for the user.
    """
    still_open = {day for _, day in known.open_refusals}
    for day, why in refused.items():
        if known.covers(day) and day not in still_open:
            continue
        outcome.refused += 1
        outcome.missing[dt.date.fromisoformat(day)] = f"refused by the quality gate: {why}"
        outcome.exit_code = 3
        kept = "its last good state stays" if known.covers(day) else "it is in quarantine"
        tell(f"{day}: refused by the quality gate ({why}); {kept}. `apod replay` judges it again")
