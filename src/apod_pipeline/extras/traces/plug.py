"""What `APOD_EXTRAS=traces` plugs into the core.

Takes settings and an archive, gives an `Extra`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from apod_pipeline.archive.folder import Archive
from apod_pipeline.ports import Extra
from apod_pipeline.settings import Settings

COLLECTORS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's variables name a collector, and do not say that nothing shall be sent."""
    off = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return not off and any(environment.get(name) for name in COLLECTORS)


def plugged(settings: Settings, archive: Archive) -> Extra:
    """A listener, where OpenTelemetry's variables name a collector."""
    if not wanted(os.environ):
        return Extra()
    from apod_pipeline.extras.traces.listener import Traces
    from apod_pipeline.settings.masking import secrets_of

    traces = Traces(archive.dataset.name, os.environ.get("OTEL_SERVICE_NAME", ""), secrets_of(settings))
    return Extra(listener=traces, log_fields=traces.fields)
