"""An entry in the old API's words.

Takes a row of `apod_entry`, gives the record that `/planetary/apod` answers with. Pure, and never invents an address;
this is the one place where the address of a picture is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apod_pipeline.planetary_api import CONCEPTS, Question, thumbnail


def record(row: Mapping[str, Any], asked: Question) -> dict[str, str]:
    """What NASA's service would say of an entry.

    Args:
        row: `reading.SELECT`'s columns.
        asked: tells whether a film's still and the note on concept tags are wanted.
    """
    told = {
        "date": row["date"],
        "title": row["title"],
        "explanation": row["explanation"] or "",
        "media_type": row["media_type"],
        "service_version": "v1",
    }
    shown = row["url"]
    if shown:
        told["url"] = shown
    if row["media_type"] == "image" and shown:
        told["hdurl"] = row["hdurl"] or shown
    if row["copyright"]:
        told["copyright"] = row["copyright"]
    if asked.thumbs and row["media_type"] == "video":
        told["thumbnail_url"] = row["thumbnail_url"] or thumbnail(shown or "")
    if asked.concepts:
        told["concepts"] = CONCEPTS
    return told
