"""What every field of an entry means: its kind, whether it may be absent, what it may hold, an example.

Takes nothing but the model's words, gives `ENTRY`: one `Field` for each of `model.ENTRY_FIELDS`, in their order (a test
holds it to that). Pure: never reads a file. Examples are invented; none is a text of APOD's.
"""

from __future__ import annotations

from typing import NamedTuple

from apod_pipeline.model import MEDIA_TYPES


class Kind(NamedTuple):
    """What a value is, wherever it is written.

    Attributes:
        postgres: its type in PostgreSQL.
        unit: how it is worded or measured.
        schema: its type and format in a Table Schema.
        croissant: its data type in Croissant.
    """

    postgres: str
    unit: str
    schema: tuple[str, str | None] = ("string", None)
    croissant: str = "sc:Text"


KINDS = {
    "text": Kind("text", "plain text"),
    "html": Kind("text", "HTML"),
    "name": Kind("text", "a short name"),
    "day": Kind("text", "ISO 8601 date, YYYY-MM-DD", ("date", None), "sc:Date"),
    "address": Kind("text", "URI", ("string", "uri"), "sc:URL"),
    "hash": Kind("text", "hexadecimal digits"),
    "names": Kind("text[]", "list of short names", ("array", None)),
    "instant": Kind("timestamp with time zone", "ISO 8601 instant, UTC", ("datetime", None), "sc:DateTime"),
    "instant without zone": Kind("timestamp without time zone", "UTC", ("datetime", None), "sc:DateTime"),
    "count": Kind("integer", "a number", ("integer", None), "sc:Integer"),
    "large count": Kind("bigint", "a number", ("integer", None), "sc:Integer"),
    "words": Kind("tsvector", "words, their places and weights"),
    "truth": Kind("boolean", "true or false", ("boolean", None), "sc:Boolean"),
    "object": Kind("jsonb", "JSON object", ("object", None)),
}


class Field(NamedTuple):
    """One field of an entry, column of a table, or key of a line.

    Attributes:
        name: as the code, the files and the tables call it.
        kind: a name in `KINDS`.
        meaning: in a sentence without its stop.
        nullable: whether it may be absent.
        allowed: the only values there are; empty where it may hold anything of its kind.
        example: an invented value as JSON would hold it; None where none helps.
    """

    name: str
    kind: str
    meaning: str
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    example: str | int | list[str] | None = None

    @property
    def postgres(self) -> str:
        """Its type in PostgreSQL, as `format_type` words it."""
        return KINDS[self.kind].postgres

    @property
    def comment(self) -> str:
        """Meaning, unit and allowed values in one line: the comment of a column."""
        values = f"; one of {', '.join(self.allowed)}" if self.allowed else ""
        return f"{self.meaning} ({KINDS[self.kind].unit}){values}"


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
