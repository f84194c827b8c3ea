"""The check that refuses an implausible reply before anything is written.

Takes the readings of one reply and what was asked, gives a verdict. Pure: never writes, never asks anybody.
The rules come from what the services were seen doing: a placeholder as a success for every date, yesterday's
answer for today, the newest list whatever was asked, one entry repeated for weeks.

A lie is many different days told the same thing at one time; a rerun is one day that repeats a day of years ago.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from apod_pipeline.archive.known import Known
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.identity import Traits
from apod_pipeline.dataset.readings import Reading, Record
from apod_pipeline.dataset.spans import Span
from apod_pipeline.fetching.continuity import Continuity
from apod_pipeline.fetching.repeats import Repeats
from apod_pipeline.model import Digest, Refusal, Verdict, in_plain_words

UNREADABLE = "unreadable"  # in the place of a record: why there is none


@dataclass(eq=False, repr=False)
class Canary:
    """Judges the replies of one source in one run.

    Attributes:
        source: whose replies.
        today: the newest day that is due; later ones are not believed, but where a data set knows the future.
        present: by key, the digest of what this source told last.
        known: what the ledger adds up to.
        dataset: its calendar, what it doubts of a record, and how its entries are told apart.
        examine: why no entry can be made of a reading, None when one can; asked where a reading looks odd.
    """

    source: str
    today: dt.date
    present: Mapping[str, str]
    known: Known
    dataset: DataSet
    examine: Callable[[Reading], str | None] = lambda _: None
    _counted: dict[str, str] = field(default_factory=dict)
    _whole: dict[tuple[str, str], int] = field(default_factory=dict)  # by telltale and key: hash of the whole text
    _alike: Counter[tuple[str, int]] = field(default_factory=Counter)  # how many keys have a whole text
    _edited: dict[str, tuple[str, str]] = field(default_factory=dict)  # what was held, what is said instead
    _days: dict[str, dt.date] = field(default_factory=dict)  # of entries that have keys of their own
    _refused_keys: set[str] = field(default_factory=set)
    _served_twice: set[str] = field(default_factory=set)  # of the reply that is judged

    @cached_property
    def repeats(self) -> Repeats:
        """What this source told so far, counted when it is first needed: most runs find nothing new."""
        told = ((self.known.day_of(key), digest) for key, digest in self.present.items())
        return Repeats.of(told, self.dataset.doubts)

    @cached_property
    def continuity(self) -> Continuity:
        """What this source told in this run, beside what it told before."""
        return Continuity(self.source, self.dataset, self.present, self.known)

    def judge(
        self,
        asked: Span,
        form: str,
        items: Iterable[tuple[str | None, Record]],
        shape: str,
        address: str = "",
        *,
        believed: bool = False,
    ) -> Verdict:
        """What one reply is worth.

        Args:
            asked: the days that were asked for.
            form: `list`, `day`, `feed` or `import`.
            items: the settled records, each with the day it says it is of.
            shape: `list` or `object`: what the JSON was.
            address: the question.
            believed: a person says that the answer is right, however much it changes or leaves out; each record is
                judged all the same.
        """
        if form == "day" and shape == "list" and self.dataset.identity is None:
            return self._refuse_asked(asked, form, "a list where one day was asked for")
        good: dict[str, Digest] = {}
        refusals: dict[dt.date | None, str] = {}
        self._refused_keys.clear()
        self._served_twice.clear()
        strays, count = _Count(), _Count()
        try:
            dated = self._dated(asked, form, items, strays, count)
            for reading, traits in self._readings(dated, refusals, asked):
                self._weigh(reading, traits, good, refusals)
        except _Stray as stray:
            return self._refuse_asked(asked, form, str(stray))
        if count.number and strays.number == count.number:
            return self._refuse_asked(asked, form, "it answers other days than the ones asked for")
        self._weigh_repeats(good, refusals)
        let_in = tuple(one for _, one in sorted(good.items()) if one.day not in refusals or self._stands(one))
        refused = tuple(Refusal(day, why) for day, why in refusals.items())
        verdict = Verdict(let_in, refused, repeated=tuple(sorted(self._served_twice)))
        if self.dataset.identity is None or form in {"feed", "import"} or strays.number:
            return verdict
        if believed:
            return self._believed(asked, address, good, verdict)
        return self._complete(asked, form, address, good, verdict)

    def _complete(self, asked: Span, form: str, address: str, good: Mapping[str, Digest], verdict: Verdict) -> Verdict:
        """What an answer is worth that tells of all entries of the days that were asked for."""
        doubtful = {refusal.day for refusal in verdict.refusals if refusal.day}
        if why := self.continuity.doubt(asked, address, good, doubtful):
            return self._refuse_asked(asked, form, why)._replace(doubted=True)
        gone = self.continuity.left_out(asked, address)
        return verdict._replace(left_out=gone, answered=not verdict.refusals)

    def _believed(self, asked: Span, address: str, told: Mapping[str, Digest], verdict: Verdict) -> Verdict:
        """The same where a person believes the answer: what it leaves out of the days that were asked for is gone."""
        doubtful = {refusal.day for refusal in verdict.refusals if refusal.day}
        gone = self.continuity.missing(asked, address, told, doubtful)
        return verdict._replace(left_out=tuple(sorted(gone)), answered=not verdict.refusals)

    def _dated(
        self, asked: Span, form: str, items: Iterable[tuple[str | None, Record]], strays: _Count, count: _Count
    ) -> Iterator[tuple[dt.date, Record]]:
        """The records whose day was asked for."""
        for told, record in items:
            count.number += 1
            day = _day(told)
            if day is None or not (form in {"feed", "import"} or day in asked):
                strays.number += 1
                if form == "day":
                    raise _Stray(_stray(told))
                continue
            yield day, record

    def _readings(
        self, dated: Iterator[tuple[dt.date, Record]], refusals: dict[dt.date | None, str], asked: Span
    ) -> Iterator[tuple[Reading, Traits | None]]:
        """The records as readings of an entry; what cannot be one is refused before anybody asks which it is."""
        identity = self.dataset.identity
        if identity is None:
            yield from ((Reading(day, self.source, record), None) for day, record in dated)
            return
        sound: list[tuple[dt.date, Record, Traits]] = []
        for day, record in dated:
            if (why := self._implausible(record)) and not self._was_let_in(record):
                refusals[day] = why
                continue
            try:
                sound.append((day, record, {"day": str(day), **identity.traits(record)}))
            except Exception as error:  # noqa: BLE001 - likewise
                refusals[day] = f"it cannot be recognised ({type(error).__name__})"
        once, again = told_once(sound)
        keys = identity.identify([traits for *_, traits in once], self.continuity.recognisable(asked))
        self._served_twice.update(keys[place] for place in again)
        for key, (day, record, traits) in zip(keys, once, strict=True):
            if why := _bad_key(key):
                refusals[day] = why
                continue
            self._days[key] = day
            yield Reading(day, self.source, record, key), traits

    def recognise(self, day: dt.date, records: Iterable[Record]) -> Iterator[tuple[Reading, Traits | None]]:
        """Which entries the records of one day are of, whatever is doubted of them.

        Where a day has one entry, that is the first record.
        """
        identity = self.dataset.identity
        if identity is None:
            yield from ((Reading(day, self.source, record), None) for record in islice(records, 1))
            return
        told, _ = told_once([(day, record, {"day": str(day), **identity.traits(record)}) for record in records])
        keys = identity.identify([traits for *_, traits in told], self.known.entries.traits)
        yield from (
            (Reading(day, self.source, record, key), traits)
            for key, (_, record, traits) in zip(keys, told, strict=True)
        )

    def _stands(self, digest: Digest) -> bool:
        """Whether a reading is let in although another one of its day is refused."""
        return self.dataset.identity is not None and digest.entry not in self._refused_keys

    def _weigh(
        self,
        reading: Reading,
        traits: Traits | None,
        good: dict[str, Digest],
        refusals: dict[dt.date | None, str],
    ) -> None:
        key, digest = reading.entry, self.dataset.doubts.digest(reading.record)
        # What was let in once, perhaps by a person's word, is not judged again as long as it stays the same.
        why = None
        if digest != self.present.get(key):
            why = self._doubt(reading)
            self._count_whole(reading)
        if why is None and key in good and good[key].digest != digest:
            why = "it is told twice, differently"
        if why:
            self._refuse(reading.day, key, why, refusals)
        else:
            good[key] = Digest(reading.day, digest, reading.key, traits)

    def _refuse(self, day: dt.date, key: str, why: str, refusals: dict[dt.date | None, str]) -> None:
        refusals[day] = why
        self._refused_keys.add(key)

    def _was_let_in(self, record: Record) -> bool:
        """Whether the same was let in once, by a person's word, of whatever entry it is."""
        return self.dataset.doubts.digest(record) in self.present.values()

    def _implausible(self, record: Record) -> str | None:
        if UNREADABLE in record:
            return str(record[UNREADABLE])
        try:
            return self.dataset.doubts.implausible(record)
        except Exception as error:  # noqa: BLE001 - a record of a form that nobody thought of
            return f"it cannot be judged ({type(error).__name__})"

    def _doubt(self, reading: Reading) -> str | None:
        day = reading.day
        # Where entries have keys, nobody asked which one an implausible record is of.
        if self.dataset.identity is None and (why := self._implausible(reading.record)):
            return why
        calendar = self.dataset.calendar
        if day > calendar.newest(self.today):
            return "it is not due yet"
        if day < calendar.first_day or day in calendar.gaps:
            return "nothing was published on this day"
        return self.examine(reading)

    def _count_whole(self, reading: Reading) -> None:
        key = reading.entry
        for name, whole in self._whole_texts:
            if (counted := self._whole.pop((name, key), None)) is not None:
                self._alike[name, counted] -= 1
            if (text := whole(reading.record)) is not None:
                self._whole[name, key] = hash(text)
                self._alike[name, hash(text)] += 1

    @cached_property
    def _whole_texts(self) -> list[tuple[str, Callable[[Record], str | None]]]:
        return [(telltale.name, telltale.whole) for telltale in self.dataset.doubts.telltales if telltale.whole]

    def _repeated(self, day: dt.date, key: str, digest: str) -> str | None:
        if why := self.repeats.reason(day, digest):
            return why
        most = self.dataset.doubts.limits.to_the_letter
        for name, _ in self._whole_texts:
            if (text := self._whole.get((name, key))) is not None and self._alike[name, text] >= most:
                return f"the same whole {name} on {most} days or more at once"
        return None

    def _day_of(self, key: str) -> dt.date:
        return self._days.get(key) or dt.date.fromisoformat(self.known.day_of(key))

    def _weigh_repeats(self, good: dict[str, Digest], refusals: dict[dt.date | None, str]) -> None:
        # All entries of the reply are counted before any is judged: ten equal ones are refused together. What was
        # refused stays counted: the last page of a repeated text may hold fewer than ten.
        new = {key: one.digest for key, one in good.items() if one.digest != self.present.get(key)}
        if not new or not self.dataset.doubts.telltales:
            return
        # An entry counts once, with what it says now.
        held = {key: self.present.get(key) for key in new}
        old = ((key, self._counted.get(key) or held[key]) for key in new)
        self.repeats.forget((good[key].day, digest) for key, digest in old if digest)
        self.repeats.add((good[key].day, digest) for key, digest in new.items())
        self._counted |= new
        self._edited |= {key: (was, digest) for key, digest in new.items() if (was := held[key])}
        for key, digest in new.items():
            if why := self._repeated(good[key].day, key, digest):
                self._refuse(good[key].day, key, why, refusals)
        self._weigh_edits(new, refusals)

    def _weigh_edits(self, new: dict[str, str], refusals: dict[dt.date | None, str]) -> None:
        # Entries are edited one by one: days of a year that were told apart before do not come to say the same at
        # once. What was refused in a list stays counted when its days are asked for one by one.
        most = self.dataset.doubts.limits.edits
        for place, telltale in enumerate(self.dataset.doubts.telltales, 1):
            if telltale.whole is None:
                continue
            before: dict[str, dict[str, str]] = {}
            for key, (was, said) in self._edited.items():
                before.setdefault(said.split("-")[place], {})[key] = was.split("-")[place]
            for key in new.keys() & self._edited.keys():
                text, day = new[key].split("-")[place], self._day_of(key)
                apart = {was for other, was in before[text].items() if abs((self._day_of(other) - day).days) <= 365}
                if text and len(apart) >= most and day not in refusals:
                    self._refuse(day, key, f"the same new {telltale.name} on {most} days or more at once", refusals)

    def _refuse_asked(self, asked: Span, form: str, why: str) -> Verdict:
        return Verdict(refusals=(Refusal(asked.first if form == "day" else None, why),))

    def judge_denial(self, day: dt.date, address: str = "") -> Verdict:
        """What "no such day" is worth: believed, unless the same source gave the day before."""
        if self.dataset.identity is not None:
            return self.judge(Span(day, day), "day", (), "list", address)
        if str(day) in self.present:
            return Verdict(refusals=(Refusal(day, "denied, although the same source gave it before"),))
        return Verdict(absent=(day,))


Recognised = tuple[dt.date, Record, Traits]


def told_once(told: Sequence[Recognised]) -> tuple[list[Recognised], set[int]]:
    """The records of one reply without those that it repeats word for word; and the places of those it does repeat.

    Nothing tells two such records apart, now or ever: they are one entry, that was served twice.
    """
    once: list[Recognised] = []
    again: set[int] = set()
    alike: dict[str, list[int]] = {}  # what is recognised alike is compared whole, all else need not be
    for one in told:
        places = alike.setdefault(repr(one[2]), [])
        same = next((place for place in places if once[place][1] == one[1]), None)
        if same is None:
            places.append(len(once))
            once.append(one)
        else:
            again.add(same)
    return once, again


@dataclass
class _Count:
    number: int = 0


class _Stray(Exception):
    """The one day that was asked for is not what came."""


def _bad_key(key: str) -> str | None:
    """Why a key cannot stand in a file's line; None where it can."""
    if key and key.isprintable() and key == key.strip() and not set(key) & set(',"'):
        return None
    return f"its key cannot be used: {in_plain_words(key, 40)!r}"


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
