"""Spans sent by OpenTelemetry's SDK: sampling, limits, certificates, whatever its variables ask for.

Takes plain spans, gives them away by its exporter: one try, and not for long. Importing it takes longer than many
runs, so it is asked only where a variable is set that plain sending does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags, set_span_in_context

import apod_pipeline
from apod_pipeline.extras.traces.identity import Identity
from apod_pipeline.extras.traces.told import Span


class NotTaken(Exception):
    """The collector did not take what it was sent."""


class OneTry(requests.Session):
    """A session whose failures are final: the exporter would try again what a session says in its own words."""

    def request(self, method: str, url: str | bytes, *words: Any, **named: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        """As requests has it.

        Raises:
            NotTaken: in words without what the address may hold.
        """
        try:
            answer = super().request(method, url, *words, **named)
            why = "" if answer.ok else f"HTTP {answer.status_code}"
        except (requests.RequestException, ValueError, OSError) as error:
            why = type(error).__name__
        if why:
            raise NotTaken(f"{site(str(url))} did not take them ({why})")
        return answer


def export(spans: Sequence[Span], own: Identity, seconds: float) -> None:
    """Give spans to the collector that OpenTelemetry's variables name; what goes wrong is a line of the log."""
    exporter = OTLPSpanExporter(timeout=seconds, session=OneTry())
    if made := readable(spans, own):
        exporter.export(made)
    exporter.shutdown()  # type: ignore[no-untyped-call] # the library's


def readable(spans: Sequence[Span], own: Identity) -> Sequence[ReadableSpan]:
    """Plain spans as the SDK's own, as far as its sampler takes them."""
    kept = InMemorySpanExporter()
    numbers = _Ids(own)
    provider = TracerProvider(id_generator=numbers, resource=_resource(), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("apod_pipeline", apod_pipeline.__version__)
    sampled = provider.sampler.should_sample(None, own.trace, "run").decision is not Decision.DROP
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    run = NonRecordingSpan(SpanContext(own.trace, own.span, is_remote=False, trace_flags=flags))
    for one in spans:
        numbers.span = one.id
        # An empty context: whoever called us may have a trace of its own, which is not this run's.
        inside = set_span_in_context(run, Context()) if one.parent else Context()
        span = tracer.start_span(one.name, inside, attributes=dict(one.attributes), start_time=one.began)
        if failure := one.failure:
            span.add_event("exception", dict(failure.attributes), failure.at)
            span.set_status(Status(StatusCode.ERROR, failure.said))
        span.end(one.ended)
    return kept.get_finished_spans()


class _Ids(IdGenerator):
    """The trace's number, and that of the span that is made next."""

    def __init__(self, own: Identity) -> None:
        self._trace, self.span = own.trace, own.span

    def generate_trace_id(self) -> int:
        return self._trace

    def generate_span_id(self) -> int:
        return self.span


def _resource() -> Resource:
    told = Resource.create()
    unnamed = str(told.attributes.get(SERVICE_NAME, "")).startswith("unknown_service")
    return told.merge(Resource({SERVICE_NAME: "apod-pipeline"})) if unnamed else told


def site(address: str) -> str:
    """An address without what may be a secret."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
