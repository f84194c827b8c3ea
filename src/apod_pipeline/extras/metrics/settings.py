"""What can be set for metrics."""

from __future__ import annotations

from pathlib import Path

from apod_pipeline.dataset.settings import Setting

TEXTFILE = Setting(
    "metrics_textfile",
    "APOD_METRICS_TEXTFILE",
    None,
    "where the metrics of each run are written, a `.prom` file; if unset, `.apod/metrics.prom` in the archive",
    Path,
)
SETTINGS = (TEXTFILE,)
