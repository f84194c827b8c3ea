"""What of a verdict is new: what the ledger does not hold yet.

Takes a verdict and what is known, gives the part that is worth a line. Pure.
"""

from __future__ import annotations

import datetime as dt

from apod_pipeline.archive.known import WHOLE_REPLY, Known, refusal_key
from apod_pipeline.dataset.spans import Span
from apod_pipeline.model import Refusal, Reply, Verdict, in_plain_words


def news_in(verdict: Verdict, reply: Reply, known: Known, today: dt.date) -> Verdict | None:
    """The part of a verdict on a reply that the ledger does not hold yet; None where it holds all.

    Args:
        verdict: what the canary said.
        reply: of which.
        known: what the ledger adds up to.
        today: the newest day that is due.
    """
    # What is told again behind a refusal is written down again: it is the source's last word.
    doubted, source = known.open_refusals, reply.source
    new = [
        r
        for r in verdict.readings
        if known.digest(source, r.entry) != r.digest or (doubted and (source, str(r.day)) in doubted)
    ]
    if reply.form == "feed":  # says less than a list: only better than nothing
        new = [r for r in new if not known.has(r.entry)]
    if known.keyed:
        new = [r if known.entries.traits.get(r.key) != r.traits else r._replace(traits=None) for r in new]
    asked = [str(reply.asked.first), str(reply.asked.last)]
    refusals = [r for r in verdict.refusals if not _heard(known, source, r, asked)]
    # The newest day is often not there yet: only its staying away is worth a line.
    absent = [
        day
        for day in verdict.absent
        if day < today and ((source, str(day)) not in known.denied or (source, str(day)) in doubted)
    ]
    answers = verdict.answered and _answers_more(known, source, reply.asked)
    repeated = tuple(key for key in verdict.repeated if key not in known.entries.repeated)
    if not (new or refusals or absent or verdict.left_out or answers or repeated):
        return None
    return verdict._replace(readings=tuple(new), refusals=tuple(refusals), absent=tuple(absent), repeated=repeated)


def _answers_more(known: Known, source: str, asked: Span) -> bool:
    """Whether an answer tells of days that nobody told of, or that the same source was doubted for."""
    if not any(asked.first in span and asked.last in span for span in known.entries.answered):
        return True
    return any(name == source and dt.date.fromisoformat(day) in asked for name, day in known.open_refusals)


def _heard(known: Known, source: str, refusal: Refusal, asked: list[str]) -> bool:
    key = refusal_key(str(refusal.day) if refusal.day else WHOLE_REPLY, asked)
    return known.refusals_heard.get((source, key)) == in_plain_words(refusal.reason)
