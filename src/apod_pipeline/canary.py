"""The check that refuses an implausible reply before anything is written.

Takes the readings of one reply and what was asked, gives a verdict. Pure: never writes, never asks anybody.
The rules come from what the services were seen doing: a placeholder as a success for every date, yesterday's
answer for today, the newest list whatever was asked, one entry repeated for weeks.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from apod_pipeline.calendar import FIRST_DAY, GAPS, Span
from apod_pipeline.model import Digest, Reading, Record, Refusal, Verdict
from apod_pipeline.rules.addresses import is_article, is_logo

# So many days may share their words or their picture; real ones share up to five.
REPEATS = 10
EQUAL_EDITS = 3


@dataclass
class Repeats:
    """How many days of one source carry the same words, and the same picture."""

    texts: Counter[str] = field(default_factory=Counter)
    pictures: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, digests: Iterable[str]) -> Repeats:
        """Count what is stored already."""
        repeats = cls()
        repeats.add(digests)
        return repeats

    def add(self, digests: Iterable[str]) -> None:
        """Count more days."""
        parts = [digest.split("-") for digest in digests]
        self.texts.update(text for _, text, _ in parts if text)
        self.pictures.update(picture for _, _, picture in parts if picture)

    def forget(self, digests: Iterable[str]) -> None:
        """Count days no more: they say something else now."""
        parts = [digest.split("-") for digest in digests]
        self.texts.subtract(text for _, text, _ in parts if text)
        self.pictures.subtract(picture for _, _, picture in parts if picture)

    def reason(self, digest: str, most: int) -> str | None:
        """Why a counted day is implausible: `most` or more carry its words or its picture; None when it is not."""
        _, text, picture = digest.split("-")
        if text and self.texts[text] >= most:
            return f"the same explanation on {most} days or more"
        if picture and self.pictures[picture] >= most:
            return f"the same picture on {most} days or more"
        return None


def implausible(record: Record) -> str | None:
    """Why no entry can look like this, whatever its day; None when it can."""
    title = record.get("title")
    if title == "NASA Science":
        return 'the placeholder: its title is "NASA Science"'
    if not isinstance(title, str) or not title.strip():
        return "it has no title"
    for address in _addresses(record):
        if is_logo(address):
            return "the placeholder: its picture is NASA's logo"
        if is_article(address):
            return "its address is the page of an entry, not what the page shows"
    return None


def _addresses(record: Record) -> Iterator[str]:
    for name in ("url", "hdurl"):
        if isinstance(address := record.get(name), str):
            yield address
    pictures = record.get("pictures")
    if isinstance(pictures, list | tuple):
        yield from (picture for picture in pictures if isinstance(picture, str))


@dataclass(eq=False, repr=False)
class Canary:
    """Judges the replies of one source in one run.

    Attributes:
        source: whose replies.
        today: the newest day that is due; later ones are not believed.
        present: by ISO day, the digest of what this source told last.
        most_repeats: so many days with the same words or picture are too many.
    """

    source: str
    today: dt.date
    present: Mapping[str, str]
    most_repeats: int = REPEATS
    _counted: dict[dt.date, str] = field(default_factory=dict)
    _edited: dict[dt.date, tuple[str, str]] = field(default_factory=dict)  # what was held, what is said instead

    @cached_property
    def repeats(self) -> Repeats:
        """What this source told so far, counted when it is first needed: most runs find nothing new."""
        return Repeats.of(self.present.values())

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
        day = reading.day
        why, digest = implausible(reading.record), reading.digest
        if why is None and (day > self.today or day < FIRST_DAY or day in GAPS):
            why = "it is not due yet" if day > self.today else "nothing was published on this day"
        if why is None and good.get(day, digest) != digest:
            why = "it is told twice, differently"
        if why:
            refusals[day] = why
        else:
            good[day] = digest

    def _weigh_repeats(self, good: dict[dt.date, str], refusals: dict[dt.date | None, str]) -> None:
        # All days of the reply are counted before any is judged: ten equal ones are refused together. What was
        # refused stays counted: the last page of a repeated text may hold fewer than ten.
        held = {day: self._held(day) for day in good}
        new = {day: digest for day, digest in good.items() if digest != held[day]}
        if not new:
            return
        # A day counts once, with what it says now.
        old = (self._counted.get(day) or held[day] for day in new)
        self.repeats.forget(digest for digest in old if digest)
        self.repeats.add(new.values())
        self._counted |= new
        self._edited |= {day: (was, digest) for day, digest in new.items() if (was := held[day])}
        reason, most = self.repeats.reason, self.most_repeats
        refusals.update({day: why for day, digest in new.items() if (why := reason(digest, most))})
        self._weigh_edits(new, refusals)

    def _weigh_edits(self, new: dict[dt.date, str], refusals: dict[dt.date | None, str]) -> None:
        # NASA edits entries one by one: days that were told apart before do not come to say the same at once. What
        # was refused in a list stays counted when its days are asked for one by one.
        before: dict[str, set[str]] = {}
        for was, said in self._edited.values():
            before.setdefault(said.split("-")[1], set()).add(was.split("-")[1])
        for day in new.keys() & self._edited.keys():
            text = new[day].split("-")[1]
            if text and len(before[text]) >= EQUAL_EDITS:
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
    return f"it answers {told}, another day than the one asked for" if told else "it holds no entry: no date"


def _day(told: str | None) -> dt.date | None:
    # Only the one way in which keys are written: fromisoformat also takes 20181201 and 2018-W48-6.
    try:
        day = dt.date.fromisoformat(told) if told else None
    except ValueError:
        return None
    return day if str(day) == told else None
