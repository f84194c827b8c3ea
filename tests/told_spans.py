"""Spans as a collector of the tests was sent them, read by OTLP's own types."""

from __future__ import annotations

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Told:
    """A span, as it came."""

    def __init__(self, span, resource):
        self.name, self.status = span.name, span.status
        self.trace, self.id, self.parent = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
        self.began, self.ended = span.start_time_unix_nano, span.end_time_unix_nano
        self.resource, self.attributes = resource, values(span.attributes)
        self.events = [(event.name, values(event.attributes)) for event in span.events]


def values(attributes):
    """Attributes as plain values."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def spans_told(sink):
    """Every span that a collector was sent, in the order in which they came."""
    requests = [ExportTraceServiceRequest.FromString(body) for body in sink.bodies("/v1/traces")]
    return [
        Told(span, values(told.resource.attributes))
        for request in requests
        for told in request.resource_spans
        for scope in told.scope_spans
        for span in scope.spans
    ]
