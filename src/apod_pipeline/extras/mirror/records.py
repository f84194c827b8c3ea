"""An entry in the old API's words.

Takes a row of `apod_entry`, gives the record that `/planetary/apod` answers with. Pure, and never invents an address:
`picture_addresses` tells where a picture is shown from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from apod_pipeline.datasets.apod.old_api.planetary_api import CONCEPTS, Question, youtube_still

Places = Callable[[str], str]


def shown_kind(row: Mapping[str, Any]) -> str:
    """An entry's kind as NASA's service named it: whatever stood in a frame was a film to it."""
    return "video" if row["media_type"] == "other" and row["url"] else str(row["media_type"])


def record(row: Mapping[str, Any], asked: Question, place: Places = str) -> dict[str, str]:
    """What NASA's service would say of an entry.

    Args:
        row: `selects.COLUMNS`.
        asked: tells whether a film's still and the note on concept tags are wanted.
        place: where an address of the archive is to be found now.
    """
    kind = shown_kind(row)
    told = {
        "date": row["date"],
        "title": row["title"],
        "explanation": row["explanation"] or "",
        "media_type": kind,
        "service_version": "v1",
    }
    shown = row["url"]
    if shown:
        told["url"] = place(shown)
    if kind == "image" and shown:
        told["hdurl"] = place(row["hdurl"] or shown)
    if row["copyright"]:
        told["copyright"] = row["copyright"]
    if asked.thumbs and kind == "video":
        still = row["thumbnail_url"]
        told["thumbnail_url"] = place(still) if still else youtube_still(shown or "")
    if asked.concepts:
        told["concepts"] = CONCEPTS
    return told
