"""Spans sent plainly: OTLP's protobuf over HTTP, in a hundredth of the time that importing the SDK takes.

Takes plain spans and the environment, gives them to a collector: one try. It knows the address, the headers, the
service's name and the resource; whoever sets any other of OpenTelemetry's variables gets the SDK. A test compares
both, message by message. Source: opentelemetry-proto, trace/v1/trace.proto (the numbers of the fields).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import apod_pipeline
from apod_pipeline.extras.traces.identity import Identity
from apod_pipeline.extras.traces.told import Failure, Span, Value

PREFIX = "OTEL_"
GENERAL, OWN = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
KNOWN = {
    *(GENERAL, OWN, "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
    *("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SDK_DISABLED", "OTEL_LOGS_EXPORTER"),
    *("OTEL_METRICS_EXPORTER", "OTEL_PROPAGATORS", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"),
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
}
USUAL = {
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
    "OTEL_TRACES_EXPORTER": "otlp",
}
PROXIES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
INTERNAL, ERROR = 1, 2  # a span's kind; a status' code
_LENGTH, _FIXED = 2, 1  # how protobuf writes a field


class NotTaken(Exception):
    """The collector did not take what it was sent."""


def suffices(environment: Mapping[str, str]) -> bool:
    """Whether nothing is set that only the SDK knows."""
    told = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value}
    address = urlsplit(told.get(OWN) or told.get(GENERAL, ""))
    plain = address.scheme == "http" and not address.username and not any(environment.get(name) for name in PROXIES)
    return plain and all(name in KNOWN or USUAL.get(name) == value for name, value in told.items())


def export(spans: Sequence[Span], own: Identity, environment: Mapping[str, str], seconds: float) -> None:
    """Post spans to the collector that the variables name.

    Raises:
        NotTaken: in words without what the address may hold.
    """
    from http.client import HTTPConnection, HTTPException  # httpx has it imported

    place = urlsplit(environment.get(OWN) or f"{environment[GENERAL].rstrip('/')}/v1/traces")
    headers = {"Content-Type": "application/x-protobuf", "User-Agent": f"apod-pipeline/{apod_pipeline.__version__}"}
    for name in ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"):
        headers |= pairs(environment.get(name, ""))
    connection = HTTPConnection(place.hostname or "", place.port, timeout=seconds)
    try:
        target = f"{place.path or '/'}{f'?{place.query}' if place.query else ''}"
        connection.request("POST", target, request(spans, own, resource(environment)), headers)
        answer = connection.getresponse()
        answer.read()
        why = "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"
    except TimeoutError:
        why = "Timeout"
    except (OSError, HTTPException, ValueError):
        why = "ConnectionError"
    finally:
        connection.close()
    if why:
        port = f":{place.port}" if place.port else ""
        raise NotTaken(f"{place.scheme}://{place.hostname}{port} did not take them ({why})")


def pairs(text: str) -> dict[str, str]:
    """Names and values as a variable has them: `a=1,b=two%20words`."""
    parts = (part.partition("=") for part in text.split(","))
    return {unquote(name.strip()): unquote(value.strip()) for name, equals, value in parts if equals and name.strip()}


def resource(environment: Mapping[str, str]) -> dict[str, Value]:
    """What sends the spans."""
    told: dict[str, Value] = {
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "apod-pipeline",
        "telemetry.sdk.version": apod_pipeline.__version__,
        "service.name": "apod-pipeline",
        **pairs(environment.get("OTEL_RESOURCE_ATTRIBUTES", "")),
    }
    return told | ({"service.name": name} if (name := environment.get("OTEL_SERVICE_NAME", "").strip()) else {})


# ---- protobuf ------------------------------------------------------------------------------
class _Part(NamedTuple):
    """One field of a message: its number, how it is written, and what."""

    number: int
    kind: int
    body: bytes


def request(spans: Sequence[Span], own: Identity, about: Mapping[str, Value]) -> bytes:
    """The message `ExportTraceServiceRequest`."""
    scope = _message(_text(1, "apod_pipeline"), _text(2, apod_pipeline.__version__))
    told = _message(_inner(1, scope), *(_inner(2, _span(one, own)) for one in spans))
    resources = _message(_inner(1, _message(*_attributes(1, about))), _inner(2, told))
    return _message(_inner(1, resources))


def _span(one: Span, own: Identity) -> bytes:
    parent = [_inner(4, one.parent.to_bytes(8))] if one.parent else []
    return _message(
        _inner(1, own.trace.to_bytes(16)),
        _inner(2, one.id.to_bytes(8)),
        *parent,
        _text(5, one.name),
        _number(6, INTERNAL),
        _fixed(7, one.began),
        _fixed(8, one.ended),
        *_attributes(9, one.attributes),
        *(_failed(one.failure) if one.failure else [_inner(15, b"")]),
    )


def _failed(failure: Failure) -> Iterator[_Part]:
    yield _inner(11, _message(_fixed(1, failure.at), _text(2, "exception"), *_attributes(3, failure.attributes)))
    yield _inner(15, _message(_text(2, failure.said), _number(3, ERROR)))


def _attributes(number: int, told: Mapping[str, Value]) -> Iterator[_Part]:
    for name, value in told.items():
        if isinstance(value, bool):
            said = _number(2, int(value))
        else:
            said = _number(3, value) if isinstance(value, int) else _text(1, value)
        yield _inner(number, _message(_text(1, name), _inner(2, _message(said))))


def _message(*parts: _Part) -> bytes:
    return b"".join(_varint(part.number << 3 | part.kind) + part.body for part in parts)


def _inner(number: int, body: bytes) -> _Part:
    return _Part(number, _LENGTH, _varint(len(body)) + body)


def _text(number: int, text: str) -> _Part:
    return _inner(number, text.encode("utf-8", "replace"))


def _number(number: int, value: int) -> _Part:
    return _Part(number, 0, _varint(value & (1 << 64) - 1))


def _fixed(number: int, value: int) -> _Part:
    return _Part(number, _FIXED, struct.pack("<Q", value))


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
