"""An outcome as spans: of the run, and of each of its stages.

Takes outcomes, gives OpenTelemetry's finished spans. Sampling, limits and the resource are the SDK's, by its variables.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.util.types import AttributeValue

import apod_pipeline
from apod_pipeline.extras.traces.identity import Ended, Identity
from apod_pipeline.model import Outcome, Stage, in_plain_words
from apod_pipeline.settings.masking import masked

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LATE = 4  # exit code of a run that lacks days, which is no failure: they are asked for again
COUNTED = ("inserted", "changed", "gone", "unchanged", "refused")


def spans_of(
    outcome: Outcome, ended: Ended | None, own: Identity, dataset: str, secrets: Sequence[str] = ()
) -> Sequence[ReadableSpan]:
    """The spans of a run's stages in this process; where the run has ended, its own besides.

    Args:
        outcome: what the run did.
        ended: how the run ended; None where it goes on, in another process.
        own: the run's numbers.
        dataset: the data set's name.
        secrets: what no attribute may hold.
    """
    kept = InMemorySpanExporter()
    provider = TracerProvider(id_generator=_Ids(own), resource=_resource(), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("apod_pipeline", apod_pipeline.__version__)
    common = {"apod.dataset": dataset, "apod.run": outcome.run, "apod.command": outcome.command}
    # An empty context: whoever called us may have a trace of its own, which is not this run's.
    run = tracer.start_span(f"{dataset} run", Context(), attributes=common, start_time=_nanoseconds(outcome.started))
    inside = set_span_in_context(run, Context())
    for stage in outcome.stages:
        _tell_stage(tracer, inside, stage, common, secrets)
    if ended:
        run.set_attributes(dict(_attributes(outcome)))
        _fail(run, ended.error or _why(outcome), ended.at, secrets)
        run.end(_nanoseconds(ended.at))
    return kept.get_finished_spans()


class _Ids(RandomIdGenerator):
    """Numbers of which the first are a run's own."""

    def __init__(self, own: Identity) -> None:
        self._own, self._spans = own, [own.span]

    def generate_trace_id(self) -> int:
        return self._own.trace

    def generate_span_id(self) -> int:
        return self._spans.pop() if self._spans else super().generate_span_id()


def _resource() -> Resource:
    told = Resource.create()
    unnamed = str(told.attributes.get(SERVICE_NAME, "")).startswith("unknown_service")
    return told.merge(Resource({SERVICE_NAME: "apod-pipeline"})) if unnamed else told


def _tell_stage(
    tracer: Tracer, inside: Context, stage: Stage, common: Mapping[str, AttributeValue], secrets: Sequence[str]
) -> None:
    ended = stage.began + dt.timedelta(seconds=stage.seconds)
    began = _nanoseconds(stage.began)
    span = tracer.start_span(stage.name, inside, attributes={**common, "apod.stage": stage.name}, start_time=began)
    _fail(span, stage.error, ended, secrets)
    span.end(_nanoseconds(ended))


def _why(outcome: Outcome) -> str:
    """What the span of a run that came to its end says of it; empty where that was good."""
    if not outcome.exit_code or outcome.exit_code == LATE:
        return ""
    failed = [stage.error for stage in outcome.stages if stage.error]  # beside: no run is ended by that
    return next(iter([*failed, *outcome.missing.values()]), f"exit code {outcome.exit_code}")


def _fail(span: Span, why: str, at: dt.datetime, secrets: Sequence[str]) -> None:
    if not why:
        return
    kind, _, said = masked(in_plain_words(why, 2000), secrets).partition(": ")
    event = {"exception.type": kind, "exception.message": said} if said else {"exception.message": kind}
    span.add_event("exception", event, _nanoseconds(at))
    span.set_status(Status(StatusCode.ERROR, said or kind))


def _attributes(outcome: Outcome) -> Iterator[tuple[str, AttributeValue]]:
    if outcome.span:
        yield "apod.span.first", str(outcome.span.first)
        yield "apod.span.last", str(outcome.span.last)
    yield from ((f"apod.{name}", getattr(outcome, name)) for name in COUNTED)
    yield "apod.missing", len(outcome.missing)
    yield "apod.exit_code", outcome.exit_code
    for name, asked in outcome.asked.items():
        yield f"apod.asked.{name}.requests", asked.requests
        yield f"apod.asked.{name}.failed", asked.failed
    if outcome.version:
        yield "apod.version", outcome.version


def _nanoseconds(at: dt.datetime) -> int:
    return (at - EPOCH) // dt.timedelta(microseconds=1) * 1000
