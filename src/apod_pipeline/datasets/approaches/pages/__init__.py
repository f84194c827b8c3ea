"""The pages of close approaches: what comes near in some days, as a plot and a table; all that is known of an object.

Takes what a page is asked, gives `VIEWS`: what the templates beside show. Never writes.
"""

from __future__ import annotations

from pathlib import Path

from apod_pipeline.datasets.approaches.pages.objects import one_object
from apod_pipeline.datasets.approaches.pages.window import some_days
from apod_pipeline.ports import View, Views

VIEWS = Views(
    "Close approaches",
    Path(__file__).parent,
    (
        View("", "approaches.html", some_days),
        View("/object", "object.html", one_object),
        View("/object/{des:path}", "object.html", one_object),
    ),
    ("from", "to", "des"),
)
