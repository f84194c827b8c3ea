"""Readings that do not come from a service: an archive somebody has, and the quarantine judged once more.

Takes a wired pipeline and a file (or nothing), gives the run's outcome. The bytes become a reply like any other, so
they are kept, judged, versioned and can be rebuilt from. Never takes a reading over one that came later.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from apod_pipeline.archive.known import WHOLE_REPLY
from apod_pipeline.archive.ledger import reply_of_line
from apod_pipeline.archive.writing import sha256
from apod_pipeline.dataset.identity import Traits
from apod_pipeline.dataset.readings import Reading
from apod_pipeline.dataset.sources import Request, Source
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import DataRefused, SettingsError, Unreadable
from apod_pipeline.fetching.canary import UNREADABLE
from apod_pipeline.fetching.settling import settled_items
from apod_pipeline.model import Digest, Outcome, Refusal, Reply, Verdict
from apod_pipeline.ports import Answer
from apod_pipeline.run.accepting import take_answer
from apod_pipeline.run.pipeline import Pipeline
from apod_pipeline.stages.extract_apod import Extraction

SHOWN = 5
SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv")


def import_into(pipeline: Pipeline, file: Path) -> Outcome:
    """Take over the records of a file: JSON, JSON lines (.gz too) or CSV in the old API's words.

    Raises:
        SettingsError: when the file's name does not tell its form, or no source of the data set reads files.
        DataRefused: when it cannot be read to its end; nothing of it was taken.
    """
    suffix, name = _suffix(file), _readable(file)
    source = pipeline.readers.get("file")
    if source is None:
        raise SettingsError(
            f"{name}: no source of {pipeline.archive.dataset.name} reads files, so nothing can be imported. Nothing "
            "was changed; `apod backfill` requests everything from its services."
        )

    def take(extraction: Extraction, outcome: Outcome) -> None:
        slot = extraction.incoming.slot()
        copy = slot.with_suffix(f".download{suffix}")
        shutil.copyfile(file, copy)
        span, dateless = _days_of(source, copy, file)
        outcome.span = span
        answer = Answer(0, pipeline.now(), copy.stat().st_size, sha256(copy))
        reply = extraction.incoming.receive(Request(name, span, "import"), answer, source.name, copy, suffix)
        verdict = extraction.take_in(source, reply)
        if dateless:
            pipeline.tell(f"{name}: {dateless} records without a date were left out")
        _tell_refused(pipeline, verdict.refusals)
        if dateless or verdict.refusals:
            outcome.exit_code = DataRefused.exit_code

    return pipeline.bring_in(f"import {name}", take)


def _tell_refused(pipeline: Pipeline, refusals: Sequence[Refusal]) -> None:
    for refusal in refusals[:SHOWN]:
        pipeline.tell(f"refused {refusal.day or 'all of it'}: {refusal.reason}")
    days = [str(refusal.day) for refusal in refusals if refusal.day]
    if days[SHOWN:]:
        pipeline.tell(f"... and {', '.join(days[SHOWN:])}")
    if refusals:
        again = f"apod run --date {days[0]}" if days else "apod run"
        pipeline.tell(
            f"{len(refusals)} records were refused and are kept: `apod replay` judges them again; to request such a "
            f"day from a service, type `{again}`"
        )


def _readable(file: Path) -> str:
    """A file's name as text that can be written anywhere: bytes that are no letters are shown as such."""
    return os.fsencode(file.name).decode("utf-8", "backslashreplace")


def _suffix(file: Path) -> str:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    form = next((suffix for suffix in reversed(suffixes) if suffix in SUFFIXES), None)
    if form is None or (suffixes[-1] not in {form, ".gz"}):
        raise SettingsError(
            f"{_readable(file)}: a file to import ends in {', '.join(SUFFIXES)} (and .gz). Nothing was imported."
        )
    return form + (".gz" if suffixes[-1] == ".gz" else "")


def _days_of(source: Source, body: Path, file: Path) -> tuple[Span, int]:
    """First and last day of a file, and how many of its records have no date."""
    days, dateless = set(), 0
    try:
        for told, _ in source.items(body, "import"):
            try:
                days.add(dt.date.fromisoformat(told or ""))
            except ValueError:
                dateless += 1
    except Unreadable as error:
        body.unlink()
        raise DataRefused(
            f"{_readable(file)}: {error}. Nothing was imported; fix the file, then type the same command again."
        ) from error
    if not days:
        body.unlink()
        raise DataRefused(f"{_readable(file)}: no record has a date (YYYY-MM-DD). Nothing was imported.")
    return Span(min(days), max(days)), dateless


def replay_quarantine(pipeline: Pipeline) -> Outcome:
    """Judge what was refused once more, by today's rules; what passes is let in."""

    def again(extraction: Extraction, outcome: Outcome) -> None:
        known = extraction.known
        open_days: dict[str, dict[str, int]] = {}
        for refusal in known.quarantine:
            if known.is_open(refusal):
                open_days.setdefault(refusal.file, {})[refusal.day] = refusal.line
        for file, days in open_days.items():
            line = known.replies[file]
            reply = reply_of_line(line)
            let_in = _reconsider(extraction, pipeline.readers[reply.source], reply, days)
            pipeline.tell(f"{file} ({reply.asked}): {f'{let_in} days accepted' if let_in else 'still refused'}")
        if not open_days:
            pipeline.tell("the quarantine is empty")
        outcome.refused = 0

    return pipeline.bring_in("replay", again)


def _reconsider(extraction: Extraction, source: Source, reply: Reply, lines: Mapping[str, int]) -> int:
    """Judge a quarantined reply once more; gives how many readings of its refused days were let in.

    What the same source told something about since is left as it is.

    Args:
        extraction: the stage.
        source: whose reply it is.
        reply: the reply.
        lines: its refused days (`*` for all of it), each with the line of the refusal.
    """

    def comes_back(reading: Digest) -> bool:
        line = lines.get(str(reading.day), lines.get(WHOLE_REPLY))
        held = extraction.known.held(source.name, reading.entry)
        return line is not None and (held is None or (held.line < line and held.digest != reading.digest))

    verdict = extraction.judge(source, reply)
    passed = tuple(filter(comes_back, verdict.readings))
    if passed:
        extraction.let_in(reply, Verdict(passed, answered=verdict.answered))
    return len(passed)


def _accept(extraction: Extraction, source: Source, reply: Reply, day: dt.date, because: str) -> None:
    """Let a refused day in by a person's word.

    Raises:
        DataRefused: the reply does not tell of the day, or no entry can be made of what it says.
    """
    why, readings = "the reply that was refused does not mention it", list[tuple[Reading, Traits | None]]()
    try:
        items = settled_items(source, extraction.incoming.body(reply), reply.form)
        readings = [
            *extraction.canary(source.name).recognise(day, (record for told, record in items if told == str(day)))
        ]
    except Unreadable as error:
        why = str(error)
    doubts = extraction.dataset.doubts
    if readings:
        bad = (str(one.record.get(UNREADABLE) or extraction.examine(one) or "") for one, _ in readings)
        if not (why := next(filter(None, bad), "")):
            let_in = (Digest(day, doubts.digest(one.record), one.key, traits) for one, traits in readings)
            return extraction.let_in(reply, Verdict(tuple(let_in)), because)
    raise DataRefused(
        f"{day} cannot be taken from data/raw/{reply.file}: {why}. Nothing was changed; request the day again: apod "
        f"run --date {day}"
    )


def accept_refused(pipeline: Pipeline, day: dt.date, because: str) -> Outcome:
    """Take a refused day by a person's word, which is written into the ledger with its reason.

    Raises:
        SettingsError: the day was not refused.
        DataRefused: no entry can be made of what was refused.
    """

    def take(extraction: Extraction, outcome: Outcome) -> None:
        outcome.span = Span(day, day)
        known = extraction.known
        open_ones = [q for q in known.quarantine if known.is_open(q) and known.speaks_of(q, day)]
        wanted = [*pipeline.derivation.preference]
        refusal = min(
            reversed(open_ones), key=lambda q: wanted.index(q.source) if q.source in wanted else 9, default=None
        )
        if refusal is None:
            raise SettingsError(
                f"{day}: no refusal of this day is open. Nothing was changed; `apod coverage` lists the days in "
                "quarantine."
            )
        if known.replies[refusal.file].get("doubted"):
            take_answer(pipeline, extraction, outcome.span, because)
            return
        reply = reply_of_line(known.replies[refusal.file])
        _accept(extraction, pipeline.readers[refusal.source], reply, day, because)
        pipeline.tell(f"{day}: taken from data/raw/{reply.file}, because: {because}")

    return pipeline.bring_in(f"replay --accept {day}", take)


def accept_gap(pipeline: Pipeline, day: dt.date, because: str) -> Outcome:
    """Believe by a person's word that nothing was published on a day.

    Raises:
        SettingsError: the day has an entry, or is not due yet.
    """

    def believe(extraction: Extraction, outcome: Outcome) -> None:
        outcome.span = Span(day, day)
        known = extraction.known
        first = known.calendar.first_day
        if known.covers(str(day)) or day > pipeline.today or day < first:
            what = "has an entry" if known.covers(str(day)) else f"is not between {first} and {pipeline.today}"
            raise SettingsError(f"{day} {what}, so it is not a gap. Nothing was changed; see `apod coverage`.")
        for line in pipeline.ledger.append_gaps({day: because}, [], pipeline.today, pipeline.now()):
            known.add(line)
            extraction.result.lines += 1
        pipeline.tell(f"{day}: a gap from now on, because: {because}")

    return pipeline.bring_in(f"coverage --accept-gap {day}", believe)
