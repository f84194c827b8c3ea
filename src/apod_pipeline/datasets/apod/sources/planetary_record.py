"""One record of the old service, settled: what it says of a day, outer blanks aside.

Takes an item of its JSON, or of an archive in the same form, gives a record of strings; an absent key stays
absent. Pure. Never fails: whatever is no record is an empty one, and the canary decides what that is worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from apod_pipeline.datasets.apod.rules.addresses import without_rendition

if TYPE_CHECKING:
    from apod_pipeline.dataset.readings import Record

# Without `service_version` and `concepts`: they come and go with how one asks, and with a server's cache.
_FIELDS = (
    "date",
    "title",
    "url",
    "explanation",
    "media_type",
    "hdurl",
    "thumbnail_url",
    "copyright",
    "credit",
    "alt",
    "permalink",
)
_ADDRESSES = ("url", "hdurl", "thumbnail_url")


def settle(item: Any) -> Record:  # noqa: ANN401 - whatever the service's JSON held
    """What one item says of its day.

    Returns:
        The fields of the old service (and `credit`, `alt`, `permalink`, which its latest version passes on)
        that are there and are not null; other values than text stay for the rules to flag.
    """
    said = item if isinstance(item, Mapping) else {}
    record = {}
    for name in _FIELDS:
        if name not in said or (value := said[name]) is None:
            continue
        if isinstance(value, str):
            value = value.strip()
            if name in _ADDRESSES and "?" in value:
                value = without_rendition(value)
        record[name] = value
    return record
