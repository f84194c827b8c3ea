"""The part of docs/observing.md that shows every metric; `make docs` writes it, a test compares it.

Takes the page, gives it with today's metrics. Never holds a name or a meaning of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from apod_pipeline.extras.metrics.names import METRICS

BEGIN, END = "<!-- metrics: made by `make docs`; do not edit -->", "<!-- end of metrics -->"


def shown() -> str:
    """Every metric as the page shows it."""
    rows = ["| metric | type | labels besides `dataset` | what it is |", "|---|---|---|---|"]
    for name, metric in METRICS.items():
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        rows.append(f"| `{name}` | {metric.kind} | {labels} | {metric.meaning} |")
    return "\n\n".join([BEGIN, "\n".join(rows), END])


def renewed(page: str) -> str:
    """A page with today's metrics in it."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{shown()}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1]) / "observing.md"
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
