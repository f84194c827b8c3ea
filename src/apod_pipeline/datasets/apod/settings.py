"""What can be set for APOD: whom to ask, where, and with which key.

Takes nothing, gives `SETTINGS`. The variables are older than other data sets, so they carry no name of one.
"""

from __future__ import annotations

from apod_pipeline.dataset.settings import Setting, address, names_among, one_word, positive

SOURCES = ("science", "planetary", "file")

SETTINGS = (
    Setting(
        "sources",
        "APOD_SOURCES",
        SOURCES[:2],
        "sources to ask, in this order",
        names_among(SOURCES, not_asked=("file",)),
    ),
    Setting(
        "preference",
        "APOD_PREFERENCE",
        SOURCES,
        "sources by preference: the first with a reading is the entry",
        names_among(SOURCES),
    ),
    Setting("science_url", "APOD_SCIENCE_URL", "https://science.nasa.gov", "base URL of NASA's new API", address),
    Setting(
        "planetary_url",
        "APOD_PLANETARY_URL",
        "https://api.nasa.gov",
        "base URL of NASA's old API, or of a mirror of it",
        address,
    ),
    Setting(
        "nasa_api_key",
        "NASA_API_KEY",
        "DEMO_KEY",
        "API key for the old API",
        one_word,
        secret=True,
        sent_to="planetary_url",
    ),
    Setting("page_size", "APOD_PAGE_SIZE", 25, "days per request to the new API", positive(int)),
    Setting("range_days", "APOD_RANGE_DAYS", 366, "days per request to the old API", positive(int)),
)
