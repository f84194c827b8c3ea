"""One day's entry of the Astronomy Picture of the Day, and its row: every field declared once, with what it means.

Takes and gives plain values. Pure. The fields follow NASA's own names; the first five are the design document's output.
Files, tables, exports, descriptors and docs have whatever field stands here. Examples are invented; none is a text of
APOD's.
"""
# Without `from __future__ import annotations`: they are values here, of which `ENTRY` is made.

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, Self

from apod_pipeline.dataset.fields import declared, means

OUTPUT_FIELDS = ("date", "title", "url", "explanation", "media_type")  # of the CSV, the JSON and the document's table
MEDIA_TYPES = ("image", "video", "other")


class Entry(NamedTuple):
    """One day's APOD, as this project understands it. Absent is None, never an empty invention.

    A title is never empty, texts are plain and one line (only `explanation_html` is markup), addresses can be opened,
    `rights` speak of the picture and not of the texts. What may be None may be absent.
    """

    date: Annotated[dt.date, means("day", "the publishing day; there is one entry a day", "2026-11-26")]
    title: Annotated[str, means("text", "the title, one line, never empty", "The Teal Glow of NGC 5800")]
    url: Annotated[
        str | None,
        means(
            "address",
            "the picture or film that is shown; absent where NASA shows something else",
            "https://example.org/apod/teal.jpg",
        ),
    ]
    explanation: Annotated[
        str | None,
        means(
            "text",
            "the text below the picture, one line; absent where the source lost it",
            "What glows here is oxygen, and it has been on its way for a while.",
        ),
    ]
    media_type: Annotated[str, means("name", "what is shown", "image", allowed=MEDIA_TYPES)]
    hdurl: Annotated[str | None, means("address", "the largest picture", "https://example.org/apod/teal_large.jpg")] = (
        None
    )
    thumbnail_url: Annotated[
        str | None, means("address", "a still of a film", "https://example.org/apod/still.jpg")
    ] = None
    copyright: Annotated[
        str | None, means("text", "the holder, only where the credit claims a copyright", "Ada Example")
    ] = None
    credit: Annotated[str | None, means("text", "who made the picture or film", "Ada Example, Far Observatory")] = None
    rights: Annotated[
        str,
        means(
            "name",
            "what may be done with the picture or film (not with the texts), as far as the credit says so: "
            "copyrighted, public-domain, cc0, a Creative Commons short name such as cc-by-sa, or unknown",
            "cc-by-sa",
        ),
    ] = "unknown"
    rights_evidence: Annotated[
        str | None, means("text", "the words from which the rights were concluded", "CC BY-SA 4.0")
    ] = None
    alt: Annotated[
        str | None,
        means(
            "text",
            "NASA's description of the picture for those who cannot see it",
            "A teal cloud before many small stars.",
        ),
    ] = None
    permalink: Annotated[
        str | None,
        means(
            "address",
            "the page of the entry",
            "https://science.nasa.gov/image-article/apod-2026-november-26-the-teal-glow-of-ngc-5800/",
        ),
    ] = None
    explanation_html: Annotated[
        str | None,
        means(
            "html",
            "the explanation as the new service words it, with its links",
            'What glows here is <a href="https://example.org/oxygen">oxygen</a>.',
        ),
    ] = None
    source: Annotated[str, means("name", "whose reading this is: science, planetary or file", "science")] = ""
    repairs: Annotated[
        tuple[str, ...], means("names", "the rules that changed something", ["blanks", "trailer-tomorrow"])
    ] = ()
    flags: Annotated[
        tuple[str, ...],
        means("names", "damages that could not be repaired and were kept", ["explanation-cut-short"]),
    ] = ()

    def as_row(self) -> dict[str, Any]:
        """Every field by name, ready for JSON: the date as text, tuples as lists."""
        row = self._asdict()
        row["date"], row["repairs"], row["flags"] = self.date.isoformat(), [*self.repairs], [*self.flags]
        return row

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The entry that `as_row` wrote down."""
        lists = {"repairs": tuple(row["repairs"]), "flags": tuple(row["flags"])}
        return cls(**{**row, **lists, "date": dt.date.fromisoformat(row["date"])})


ENTRY_FIELDS = Entry._fields
ENTRY = declared(Entry)
