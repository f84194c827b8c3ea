"""What can be set for close approaches: where JPL's service is, and how close is close.

Takes nothing, gives `SETTINGS`.
"""

from __future__ import annotations

import re

from apod_pipeline.dataset.settings import Setting, address, names_among, whole

JPL = ("jpl",)


def distance(text: str) -> str:
    """A distance as the service takes it: `0.05` (au) or `10LD` (lunar distances)."""
    if not re.fullmatch(r"(\d+(\.\d+)?|\.\d+)(LD)?", text) or not float(text.removesuffix("LD")) > 0:
        raise ValueError(f"must be a distance in au (0.05) or in lunar distances (10LD), not {text!r}")
    return text


SETTINGS = (
    Setting("sources", "APOD_APPROACHES_SOURCES", JPL, "sources to ask", names_among(JPL)),
    Setting("preference", "APOD_APPROACHES_PREFERENCE", JPL, "whose reading is the entry", names_among(JPL)),
    Setting("jpl_url", "APOD_APPROACHES_URL", "https://ssd-api.jpl.nasa.gov", "base URL of JPL's service", address),
    Setting(
        "dist_max",
        "APOD_APPROACHES_DIST_MAX",
        "0.05",
        "how close an approach is, in au or (10LD) lunar distances",
        distance,
    ),
    Setting("page_days", "APOD_APPROACHES_PAGE_DAYS", 366, "days per request", whole(2, 36525)),
)
