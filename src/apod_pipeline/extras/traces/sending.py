"""Spans go to the collector: one try, and not for long.

Takes plain spans, gives them away: plainly where that suffices, by OpenTelemetry's SDK elsewhere. Never raises, and
never says a secret: what goes wrong is one line of the log.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence

from apod_pipeline.extras.traces import plainly
from apod_pipeline.extras.traces.identity import Identity
from apod_pipeline.extras.traces.told import Span

LONGEST = 3.0  # seconds, of one try
PATIENCE = LONGEST + 1.0  # with names that are looked up, and an answer that comes by drops

log = logging.getLogger(__name__)


def prepare() -> None:
    """Import what sending will take, while the run waits for something else."""
    if not plainly.suffices(os.environ):
        from apod_pipeline.extras.traces import by_sdk  # noqa: F401 - for later


def send(spans: Sequence[Span], own: Identity) -> None:
    """Give spans to the collector that OpenTelemetry's variables name."""
    if not spans:
        return
    sender = threading.Thread(target=_export, args=[spans, own], name="traces", daemon=True)
    sender.start()
    sender.join(PATIENCE)
    if sender.is_alive():
        log.error("the collector did not answer within %d seconds; spans may be lost", PATIENCE)


def _export(spans: Sequence[Span], own: Identity) -> None:
    if not plainly.suffices(os.environ):
        from apod_pipeline.extras.traces import by_sdk

        by_sdk.export(spans, own, LONGEST)  # it logs in one line what went wrong
        return
    try:
        plainly.export(spans, own, os.environ, LONGEST)
    except plainly.NotTaken as error:
        log.error("traces: %s", error)  # noqa: TRY400 - its words are all there is to be said
