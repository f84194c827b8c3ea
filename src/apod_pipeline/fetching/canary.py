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

from apod_pipeline.dataset.calendar import Calendar
from apod_pipeline.dataset.doubts import Doubts
from apod_pipeline.dataset.readings import Reading, Record
from apod_pipeline.dataset.spans import Span
from apod_pipeline.fetching.repeats import Repeats
from apod_pipeline.model import Digest, Refusal, Verdict, in_plain_words

UNREADABLE = "unreadable"  # in the place of a record: why there is none


@dataclass(eq=False, repr=False)
class Canary:
    """Judges the replies of one source in one run.

    Attributes:
        source: whose replies.
        today: the newest day that is due; later ones are not believed.
        present: by ISO day, the digest of what this source told last.
        calendar: the data set's days.
        doubts: what the data set doubts of a record, and how many that are alike are too many.
        examine: why no entry can be made of a reading, None when one can; asked where a reading looks odd.
    """

    source: str
    today: dt.date
    present: Mapping[str, str]
    calendar: Calendar
    doubts: Doubts
    examine: Callable[[Reading], str | None] = lambda _: None
    _counted: dict[dt.date, str] = field(default_factory=dict)
    _whole: dict[tuple[str, dt.date], int] = field(default_factory=dict)  # by telltale and day: hash of the whole text
    _alike: dict[tuple[str, int], set[dt.date]] = field(default_factory=dict)
    _edited: dict[dt.date, tuple[str, str]] = field(default_factory=dict)  # what was held, what is said instead

    @cached_property
    def repeats(self) -> Repeats:
        """What this source told so far, counted when it is first needed: most runs find nothing new."""
        return Repeats.of(self.present.items(), self.doubts)

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
        day, digest = reading.day, self.doubts.digest(reading.record)
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
        if why := self.doubts.implausible(reading.record):
            return why
        if day > self.today:
            return "it is not due yet"
        if day < self.calendar.first_day or day in self.calendar.gaps:
            return "nothing was published on this day"
        return self.examine(reading)

    def _count_whole(self, reading: Reading) -> None:
        day = reading.day
        for name, whole in self._whole_texts:
            self._alike.get((name, self._whole.pop((name, day), 0)), set()).discard(day)
            if (text := whole(reading.record)) is not None:
                self._whole[name, day] = hash(text)
                self._alike.setdefault((name, hash(text)), set()).add(day)

    @cached_property
    def _whole_texts(self) -> list[tuple[str, Callable[[Record], str | None]]]:
        return [(telltale.name, telltale.whole) for telltale in self.doubts.telltales if telltale.whole]

    def _repeated(self, day: dt.date, digest: str) -> str | None:
        if why := self.repeats.reason(day, digest):
            return why
        most = self.doubts.limits.to_the_letter
        for name, _ in self._whole_texts:
            if len(self._alike.get((name, self._whole.get((name, day), 0)), ())) >= most:
                return f"the same whole {name} on {most} days or more at once"
        return None

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
        # Entries are edited one by one: days of a year that were told apart before do not come to say the same at
        # once. What was refused in a list stays counted when its days are asked for one by one.
        most = self.doubts.limits.edits
        for place, telltale in enumerate(self.doubts.telltales, 1):
            if telltale.whole is None:
                continue
            before: dict[str, dict[dt.date, str]] = {}
            for day, (was, said) in self._edited.items():
                before.setdefault(said.split("-")[place], {})[day] = was.split("-")[place]
            for day in new.keys() & self._edited.keys():
                text = new[day].split("-")[place]
                apart = {was for other, was in before[text].items() if abs((other - day).days) <= 365}
                if text and len(apart) >= most:
                    refusals.setdefault(day, f"the same new {telltale.name} on {most} days or more at once")

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
