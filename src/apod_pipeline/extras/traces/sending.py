"""Spans go to the collector: one try, and not for long.

Takes finished spans, gives them away. Never raises, and never says a secret: what goes wrong is one line of the log.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan

LONGEST = 3.0  # seconds, of one try
PATIENCE = LONGEST + 1.0  # with names that are looked up, and an answer that comes by drops

log = logging.getLogger(__name__)


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
            raise NotTaken(f"{_where(str(url))} did not take them ({why})")
        return answer


def send(spans: Sequence[ReadableSpan]) -> None:
    """Give spans to the collector that OpenTelemetry's variables name."""
    if not spans:
        return
    sender = threading.Thread(target=_export, args=[spans], name="traces", daemon=True)
    sender.start()
    sender.join(PATIENCE)
    if sender.is_alive():
        log.error("the collector did not answer within %d seconds; spans may be lost", PATIENCE)


def _export(spans: Sequence[ReadableSpan]) -> None:
    exporter = OTLPSpanExporter(timeout=LONGEST, session=OneTry())
    exporter.export(spans)  # it logs in one line what `NotTaken` says
    exporter.shutdown()  # type: ignore[no-untyped-call] # the library's


def _where(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
