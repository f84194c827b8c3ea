"""The check that refuses an implausible reply before anything is written.

Takes the readings of one reply and what was asked, gives a verdict. Pure: never writes, never asks anybody.
The rules come from what the services were seen doing: a placeholder as a success for every date, yesterday's
answer for today, the newest list whatever was asked, one entry repeated for weeks.

A lie is many different days told the same thing at one time; a rerun is one day that repeats a day of years ago.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod.calendar import FIRST_DAY, GAPS
from apod_pipeline.fetching.repeats import LIMITS, Limits, Repeats
from apod_pipeline.model import Digest, Reading, Record, Refusal, Verdict, in_plain_words

EQUAL_EDITS = 3
UNREADABLE = "unreadable"  # in the place of a record: why there is none


class Doubts(NamedTuple):
    """What a data set doubts of a single record, whatever its day.

    Attributes:
        implausible: why no entry can look like this; None when it can.
        odd: true where a plausible record is not as plain as nearly all are, so that it must be looked at more closely.
    """

    implausible: Callable[[Record], str | None]
    odd: Callable[[Record], bool]


@dataclass(eq=False, repr=False)
class Canary:
    """Judges the replies of one source in one run.

    Attributes:
        source: whose replies.
        today: the newest day that is due; later ones are not believed.
        present: by ISO day, the digest of what this source told last.
        implausible: why no entry can look like a record, whatever its day; None when it can.
        examine: why no entry can be made of a reading, None when one can; asked where a reading looks odd.
        limits: how many days with the same words or picture are too many.
    """

    source: str
    today: dt.date
    present: Mapping[str, str]
    implausible: Callable[[Record], str | None]
    examine: Callable[[Reading], str | None] = lambda _: None
    limits: Limits = LIMITS
    _counted: dict[dt.date, str] = field(default_factory=dict)
    _whole: dict[dt.date, int] = field(default_factory=dict)  # hash of the whole text that a day tells anew
    _alike: dict[int, set[dt.date]] = field(default_factory=dict)
    _edited: dict[dt.date, tuple[str, str]] = field(default_factory=dict)  # what was held, what is said instead

    @cached_property
    def repeats(self) -> Repeats:
        """What this source told so far, counted when it is first needed: most runs find nothing new."""
        return Repeats.of(self.present.items(), self.limits)

    def judge(self, asked: Span, form: str, items: Iterable[tuple[str | None, Record]], shape: str) -> Verdict:
        """What one reply is worth.

        Args:
            asked: the days that were asked for.
            form: `list`, `day`, `feed` or `import`.
            items: the settled records, each with the day it says it is of.
            shape: `list` or `object`: what the JSON was.
        """
        if form == "day" and shape == "list":
            return self._refuse_asked(asked, form, "a list where one day was asked for")
        good: dict[dt.date, str] = {}
        refusals: dict[dt.date | None, str] = {}
        strays = count = 0
        for told, record in items:
            count += 1
            day = _day(told)
            if day is None or not (form in {"feed", "import"} or day in asked):
                strays += 1
                if form == "day":
                    return self._refuse_asked(asked, form, _stray(told))
                continue
            self._weigh(Reading(day, self.source, record), good, refusals)
        if count and strays == count:
            return self._refuse_asked(asked, form, "it answers other days than the ones asked for")
        self._weigh_repeats(good, refusals)
        good = {day: digest for day, digest in good.items() if day not in refusals}
        return Verdict(
            tuple(Digest(day, digest) for day, digest in sorted(good.items())),
            tuple(Refusal(day, why) for day, why in refusals.items()),
        )

    def _weigh(self, reading: Reading, good: dict[dt.date, str], refusals: dict[dt.date | None, str]) -> None:
        day, digest = reading.day, reading.digest
        # What was let in once, perhaps by a person's word, is not judged again as long as it stays the same.
        why = None
        if digest != self._held(day):
            why = self._doubt(reading)
            self._count_whole(reading)
        if why is None and good.get(day, digest) != digest:
            why = "it is told twice, differently"
        if why:
            refusals[day] = why
        else:
            good[day] = digest

    def _doubt(self, reading: Reading) -> str | None:
        day = reading.day
        if UNREADABLE in reading.record:
            return str(reading.record[UNREADABLE])
        if why := self.implausible(reading.record):
            return why
        if day > self.today:
            return "it is not due yet"
        if day < FIRST_DAY or day in GAPS:
            return "nothing was published on this day"
        return self.examine(reading)

    def _count_whole(self, reading: Reading) -> None:
        text = reading.record.get("explanation")
        self._alike.get(self._whole.pop(reading.day, 0), set()).discard(reading.day)
        if isinstance(text, str) and len(text) > 40:
            self._whole[reading.day] = hash(text)
            self._alike.setdefault(hash(text), set()).add(reading.day)

    def _repeated(self, day: dt.date, digest: str) -> str | None:
        if why := self.repeats.reason(day, digest):
            return why
        alike = self._alike.get(self._whole.get(day, 0), ())
        most = self.limits.to_the_letter
        return f"the same whole explanation on {most} days or more at once" if len(alike) >= most else None

    def _weigh_repeats(self, good: dict[dt.date, str], refusals: dict[dt.date | None, str]) -> None:
        # All days of the reply are counted before any is judged: ten equal ones are refused together. What was
        # refused stays counted: the last page of a repeated text may hold fewer than ten.
        held = {day: self._held(day) for day in good}
        new = {day: digest for day, digest in good.items() if digest != held[day]}
        if not new:
            return
        # A day counts once, with what it says now.
        old = ((day, self._counted.get(day) or held[day]) for day in new)
        self.repeats.forget((day, digest) for day, digest in old if digest)
        self.repeats.add(new.items())
        self._counted |= new
        self._edited |= {day: (was, digest) for day, digest in new.items() if (was := held[day])}
        refusals.update({day: why for day, digest in new.items() if (why := self._repeated(day, digest))})
        self._weigh_edits(new, refusals)

    def _weigh_edits(self, new: dict[dt.date, str], refusals: dict[dt.date | None, str]) -> None:
        # NASA edits entries one by one: days of a year that were told apart before do not come to say the same at
        # once. What was refused in a list stays counted when its days are asked for one by one.
        before: dict[str, dict[dt.date, str]] = {}
        for day, (was, said) in self._edited.items():
            before.setdefault(said.split("-")[1], {})[day] = was.split("-")[1]
        for day in new.keys() & self._edited.keys():
            text = new[day].split("-")[1]
            apart = {was for other, was in before[text].items() if abs((other - day).days) <= 365}
            if text and len(apart) >= EQUAL_EDITS:
                refusals.setdefault(day, f"the same new explanation on {EQUAL_EDITS} days or more at once")

    def _held(self, day: dt.date) -> str | None:
        return self.present.get(str(day))

    def _refuse_asked(self, asked: Span, form: str, why: str) -> Verdict:
        return Verdict(refusals=(Refusal(asked.first if form == "day" else None, why),))

    def judge_denial(self, day: dt.date) -> Verdict:
        """What "no such day" is worth: believed, unless the same source gave the day before."""
        if str(day) in self.present:
            return Verdict(refusals=(Refusal(day, "denied, although the same source gave it before"),))
        return Verdict(absent=(day,))


def _stray(told: str | None) -> str:
    if not told:
        return "it holds no entry: no date"
    return f"it answers {in_plain_words(told, 40)}, another day than the one asked for"


def _day(told: str | None) -> dt.date | None:
    # Only the one way in which keys are written: fromisoformat also takes 20181201 and 2018-W48-6.
    try:
        day = dt.date.fromisoformat(told) if told else None
    except ValueError:
        return None
    return day if str(day) == told else None
