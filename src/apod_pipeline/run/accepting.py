"""A person's word for an answer that was refused as a whole, for how much it changes or leaves out.

Takes a wired pipeline and the days of the answer, gives the run's outcome. The word stands in the ledger with its
reason, so that whoever rebuilds decides the same. Never takes an answer over one that came later.
"""

from __future__ import annotations

from apod_pipeline.archive.doubted import Doubted, doubted_answers, to_accept
from apod_pipeline.archive.known import Known
from apod_pipeline.archive.ledger import reply_of_line
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import DataRefused, SettingsError
from apod_pipeline.model import Outcome
from apod_pipeline.run.pipeline import Pipeline
from apod_pipeline.stages.extract_apod import Extraction


def accept_answer(pipeline: Pipeline, asked: Span, because: str) -> Outcome:
    """Take the last doubted answer for some days by a person's word: what it tells, and that the rest is gone.

    Raises:
        SettingsError: no answer for exactly these days was refused as a whole, and waits.
        DataRefused: none of it can be let in.
    """

    def take(extraction: Extraction, outcome: Outcome) -> None:
        outcome.span = asked
        take_answer(pipeline, extraction, asked, because)

    return pipeline.bring_in(f"replay --accept {asked}", take)


def take_answer(pipeline: Pipeline, extraction: Extraction, asked: Span, because: str) -> None:
    """As `accept_answer`, within a run that has begun."""
    known = extraction.known
    doubted = next((one for one in doubted_answers(known) if one.asked == asked), None)
    if doubted is None:
        raise SettingsError(
            f"{asked}: no answer for just these days was refused as a whole and waits. Nothing was changed; "
            f"{_next(known)}"
        )
    _let_in(pipeline, extraction, doubted, because)


def _next(known: Known) -> str:
    commands = [f"`{one.command}`" for one in to_accept(known)]
    return f"what can be accepted: {', '.join(commands)}." if commands else "`apod status` tells what waits."


def _let_in(pipeline: Pipeline, extraction: Extraction, doubted: Doubted, because: str) -> None:
    """Let an answer in; what its source told of an entry since stays as it is, and so does what is told already."""
    known, refusal, asked = extraction.known, doubted.refusal, doubted.asked
    reply = reply_of_line(known.replies[refusal.file])
    verdict = extraction.judge(pipeline.readers[refusal.source], reply, believed=True)
    if any(one.day is None for one in verdict.refusals):
        raise DataRefused(
            f"the answer for {asked} cannot be taken from data/raw/{reply.file}: {verdict.refusals[0].reason}. Nothing "
            f"was changed; request the days again: apod run --from {asked.first} --to {asked.last}"
        )

    def told_since(key: str) -> bool:
        held = known.held(refusal.source, key)
        return held is not None and held.line > refusal.line

    def says_more(key: str, digest: str) -> bool:
        return known.digest(refusal.source, key) != digest and not told_since(key)

    readings = tuple(one for one in verdict.readings if says_more(one.entry, one.digest))
    gone = tuple(key for key in verdict.left_out if not told_since(key))
    extraction.let_in(reply, verdict._replace(readings=readings, refusals=(), left_out=gone), because)
    pipeline.tell(f"{asked}: taken from data/raw/{reply.file}, {len(gone)} entries gone, because: {because}")
