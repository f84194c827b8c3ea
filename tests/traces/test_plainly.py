"""Spans that are sent plainly are those that OpenTelemetry's SDK would send, message by message."""

from __future__ import annotations

import datetime as dt
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from apod_pipeline.extras.traces.by_sdk import readable
from apod_pipeline.extras.traces.identity import Ended, identity
from apod_pipeline.extras.traces.plainly import pairs, request, resource, suffices
from apod_pipeline.extras.traces.told import Failure, Span, spans_of
from apod_pipeline.model import Outcome, Stage

OWN = identity("", "apod", "a run")
NANOSECONDS = st.integers(1, 2**62)
VALUES = st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.integers(-(2**63), 2**63 - 1), st.booleans())
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
FAILURES = st.builds(Failure, NAMES, st.text(st.characters(exclude_categories=["Cs"]), max_size=40), NANOSECONDS)
SPANS = st.builds(
    Span,
    NAMES,
    st.integers(1, 2**64 - 1),
    st.sampled_from([0, OWN.span]),
    NANOSECONDS,
    NANOSECONDS,
    st.dictionaries(NAMES, VALUES, max_size=5),
    st.none() | FAILURES,
)


def told(message):
    """The spans of a request, without what only says by whom they were made."""
    (of_resource,) = message.resource_spans
    (of_scope,) = of_resource.scope_spans
    for span in of_scope.spans:
        span.flags = 0
    return of_scope


@given(st.lists(SPANS, min_size=1, max_size=5, unique_by=lambda span: span.id))
def test_any_spans(spans):
    """Names, numbers, times, attributes, events and status are the same, whatever they hold."""
    ours = ExportTraceServiceRequest.FromString(request(spans, OWN, {}))
    theirs = encode_spans(readable(spans, OWN))
    assert told(ours) == told(theirs)


def test_spans_of_a_run():
    """A run with a stage that failed is told in the same words."""
    began = dt.datetime(2026, 11, 30, 5, 30, tzinfo=dt.UTC)
    outcome = Outcome(
        "a run", "run", began, stages=[Stage("load", began, 1.25, "DatabaseError: it is away")], exit_code=1
    )
    spans = spans_of(outcome, Ended(began + dt.timedelta(seconds=2), "DatabaseError: it is away"), OWN, "apod")
    ours = ExportTraceServiceRequest.FromString(request(spans, OWN, resource({})))
    assert told(ours) == told(encode_spans(readable(spans, OWN)))
    assert [span.name for span in told(ours).spans] == ["load", "apod run"]


PLAIN = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    "more",
    [
        {"OTEL_SERVICE_NAME": "mine", "OTEL_RESOURCE_ATTRIBUTES": "a=b", "OTEL_EXPORTER_OTLP_HEADERS": "x=y"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_TRACES_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": ""},
    ],
)
def test_where_plain_sending_suffices(more):
    """Address, headers, service and resource are what most set: no SDK is asked."""
    assert suffices(PLAIN | more)


@pytest.mark.parametrize(
    "more",
    [
        {"OTEL_TRACES_SAMPLER": "traceidratio"},
        {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector:4318"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:secret@collector:4318"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT": "9"},
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "20"},
    ],
)
def test_where_the_sdk_is_asked(more):
    """Whatever only the SDK knows is the SDK's business."""
    assert not suffices(PLAIN | more)


def test_pairs_of_a_variable():
    """Names and values are read as OpenTelemetry writes them; what is none is left out."""
    assert pairs("a=1, b=two%20words,,c,=d,e=f=g") == {"a": "1", "b": "two words", "e": "f=g"}


def test_the_service_is_who_it_says_it_is():
    """The service's name is OTEL_SERVICE_NAME before the resource's, and ours where neither is set."""
    assert resource({})["service.name"] == "apod-pipeline"
    assert resource({"OTEL_RESOURCE_ATTRIBUTES": "service.name=a"})["service.name"] == "a"
    assert resource({"OTEL_RESOURCE_ATTRIBUTES": "service.name=a", "OTEL_SERVICE_NAME": "b"})["service.name"] == "b"
    assert "OTEL_SERVICE_NAME" not in os.environ
