"""Who has APOD: NASA's two services, and files that somebody kept.

Takes APOD's own settings, gives sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apod_pipeline.dataset.sources import Source
from apod_pipeline.datasets.apod.sources.file import ArchiveFile
from apod_pipeline.datasets.apod.sources.planetary import Planetary
from apod_pipeline.datasets.apod.sources.science import Science


def sources(settings: Mapping[str, Any]) -> Sequence[Source]:
    """All three of them, by APOD's own settings."""
    return (
        Science(settings["science_url"], min(settings["page_size"], 25)),
        Planetary(settings["planetary_url"], settings["nasa_api_key"], settings["range_days"]),
        ArchiveFile(),
    )
