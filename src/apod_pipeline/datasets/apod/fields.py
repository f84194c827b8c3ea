"""What every field of an entry means: its kind, whether it may be absent, what it may hold, an example.

Takes nothing but the entry's words, gives `ENTRY`: one `Field` for each of `entry.ENTRY_FIELDS`, in their order (a test
holds it to that). Pure: never reads a file. Examples are invented; none is a text of APOD's.
"""

from __future__ import annotations

from apod_pipeline.dataset.fields import Field
from apod_pipeline.datasets.apod.entry import MEDIA_TYPES

ENTRY = (
    Field("date", "day", "the publishing day; there is one entry a day", example="2026-11-26"),
    Field("title", "text", "the title, one line, never empty", example="The Teal Glow of NGC 5800"),
    Field(
        "url",
        "address",
        "the picture or film that is shown; absent where NASA shows something else",
        nullable=True,
        example="https://example.org/apod/teal.jpg",
    ),
    Field(
        "explanation",
        "text",
        "the text below the picture, one line; absent where the source lost it",
        nullable=True,
        example="What glows here is oxygen, and it has been on its way for a while.",
    ),
    Field("media_type", "name", "what is shown", allowed=MEDIA_TYPES, example="image"),
    Field("hdurl", "address", "the largest picture", nullable=True, example="https://example.org/apod/teal_large.jpg"),
    Field("thumbnail_url", "address", "a still of a film", nullable=True, example="https://example.org/apod/still.jpg"),
    Field(
        "copyright",
        "text",
        "the holder, only where the credit claims a copyright",
        nullable=True,
        example="Ada Example",
    ),
    Field("credit", "text", "who made the picture or film", nullable=True, example="Ada Example, Far Observatory"),
    Field(
        "rights",
        "name",
        "what may be done with the picture or film (not with the texts), as far as the credit says so: copyrighted, "
        "public-domain, cc0, a Creative Commons short name such as cc-by-sa, or unknown",
        example="cc-by-sa",
    ),
    Field(
        "rights_evidence",
        "text",
        "the words from which the rights were concluded",
        nullable=True,
        example="CC BY-SA 4.0",
    ),
    Field(
        "alt",
        "text",
        "NASA's description of the picture for those who cannot see it",
        nullable=True,
        example="A teal cloud before many small stars.",
    ),
    Field(
        "permalink",
        "address",
        "the page of the entry",
        nullable=True,
        example="https://science.nasa.gov/image-article/apod-2026-november-26-the-teal-glow-of-ngc-5800/",
    ),
    Field(
        "explanation_html",
        "html",
        "the explanation as the new service words it, with its links",
        nullable=True,
        example='What glows here is <a href="https://example.org/oxygen">oxygen</a>.',
    ),
    Field("source", "name", "whose reading this is: science, planetary or file", example="science"),
    Field("repairs", "names", "the rules that changed something", example=["blanks", "trailer-tomorrow"]),
    Field("flags", "names", "damages that could not be repaired and were kept", example=["explanation-cut-short"]),
)
