"""What a run concludes from what it was told: which days are missing, and which have no entry at all.

Takes what the extract stage heard and what is known, gives values. Pure: never writes, never tells anybody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import NamedTuple

from apod_pipeline.archive.known import Known
from apod_pipeline.fetching.asking import Miss
from apod_pipeline.stages.extract_apod import Extracted


class Missing(NamedTuple):
    """The days that a run asked for and did not have.

    Attributes:
        days: those that make its exit code, with the reason.
        waited_for: those that a source denied in this run (where days were typed: every source), and that are too old
            to be on their way.
    """

    days: dict[dt.date, Miss]
    waited_for: dict[dt.date, Miss]

    @property
    def exit_code(self) -> int:
        """0, 3 where the last answer for a day was refused, or 4."""
        kinds = {miss.kind for miss in self.days.values()}
        return 3 if "refused" in kinds else 4 if kinds else 0


def missing_of(extracted: Extracted, known: Known, *, since: dt.date, explicit: bool) -> Missing:
    """Which of the days that were not had count.

    Args:
        extracted: what the stage heard.
        known: what is known now.
        since: the first day of the look-back; what is denied of older days makes no run red.
        explicit: the days were typed: those count, too, of which an earlier state is there.
    """
    counted = explicit or not extracted.answered
    missing = {
        day: miss
        for day, miss in extracted.missing.items()
        if not known.gap(str(day)) and (counted or not known.covers(str(day)))
    }
    denied = {*(extracted.nowhere if explicit else extracted.denied)}
    waited_for = {day: miss for day, miss in missing.items() if day in denied and day < since}
    return Missing({day: miss for day, miss in missing.items() if day not in waited_for}, waited_for)


def gaps_in(
    extracted: Extracted, known: Known, sources: Collection[str], today: dt.date, gap_after: int
) -> dict[dt.date, str]:
    """Days on which nothing was published, by the word of every source, with that evidence: those that are news.

    Args:
        extracted: what the stage heard.
        known: what is known now.
        sources: who was asked.
        today: the newest day that is due.
        gap_after: how many days old such a day is at least.
    """
    why = f"no source has it: {', '.join(sources)} said so on {today}"
    gaps: Mapping[str, Collection[str]] = {day: gap.witnesses for day, gap in known.gaps.items()}
    return {
        day: why
        for day in extracted.nowhere
        if (today - day).days >= gap_after and not set(sources) <= set(gaps.get(str(day), ()))
    }
