"""One day's entry of the Astronomy Picture of the Day, and its row.

Takes and gives plain values. Pure. The fields follow NASA's own names; the first five are the design document's output.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

OUTPUT_FIELDS = ("date", "title", "url", "explanation", "media_type")
MEDIA_TYPES = ("image", "video", "other")


class Entry(NamedTuple):
    """One day's APOD, as this project understands it. Absent is None, never an empty invention.

    What each field means, may hold and looks like stands in `fields.ENTRY`, field by field in this order,
    and is read in `docs/data-dictionary.md`; the types here say what may be absent. A title is never empty, texts are
    plain and one line (only `explanation_html` is markup), addresses can be opened, `rights` speak of the picture and
    not of the texts.
    """

    date: dt.date
    title: str
    url: str | None
    explanation: str | None
    media_type: str
    hdurl: str | None = None
    thumbnail_url: str | None = None
    copyright: str | None = None
    credit: str | None = None
    rights: str = "unknown"
    rights_evidence: str | None = None
    alt: str | None = None
    permalink: str | None = None
    explanation_html: str | None = None
    source: str = ""
    repairs: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """Every field by name, ready for JSON: the date as text, tuples as lists."""
        row = self._asdict()
        row["date"], row["repairs"], row["flags"] = self.date.isoformat(), [*self.repairs], [*self.flags]
        return row

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Entry:
        """The entry that `as_row` wrote down."""
        lists = {"repairs": tuple(row["repairs"]), "flags": tuple(row["flags"])}
        return cls(**{**row, **lists, "date": dt.date.fromisoformat(row["date"])})


ENTRY_FIELDS = Entry._fields
