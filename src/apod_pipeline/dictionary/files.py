"""What the files of an archive hold: the data set in three forms, and the ledger's three kinds.

Takes the entry's fields, gives `FILES`. Pure: never opens one; the tests compare a real archive with it.
"""

from __future__ import annotations

from typing import NamedTuple

from apod_pipeline.dataset.fields import Field
from apod_pipeline.datasets.apod.entry import OUTPUT_FIELDS
from apod_pipeline.datasets.apod.fields import ENTRY
from apod_pipeline.model import CAUSES


class File(NamedTuple):
    """A file of an archive, or a series of files.

    Attributes:
        path: inside the archive.
        form: its format and order.
        meaning: in a sentence without its stop.
        fields: columns, or keys of an object; one that is nullable may be left out of a ledger's line.
    """

    path: str
    form: str
    meaning: str
    fields: tuple[Field, ...]


_OUTPUT = tuple(field for field in ENTRY if field.name in OUTPUT_FIELDS)
_AT = Field("at", "instant", "when the answer was complete")

_REPLIES = (
    Field("file", "name", "the reply's file in data/raw; left out where nothing came that was worth keeping", True),
    Field("source", "name", "who was asked: science, planetary or file", nullable=True),
    Field("address", "text", "what was asked, without the key", nullable=True),
    Field("asked", "names", "the first and the last day that were asked for"),
    Field("form", "name", "how it was asked", nullable=True, allowed=("list", "day", "feed", "import")),
    Field("status", "count", "HTTP status; 0 where there was no HTTP", nullable=True),
    _AT,
    Field("size", "count", "bytes of the body", nullable=True),
    Field("sha256", "hash", "SHA-256 of the body", nullable=True),
    Field("readings", "object", "by day the digest of a reading that was new", nullable=True),
    Field("refused", "object", "by day (or * for all of it) why the canary did not let it in", nullable=True),
    Field("absent", "names", "the days that the source denies", nullable=True),
    Field("replay", "truth", "true where an earlier reply was judged once more", nullable=True),
)
_VERSIONS = (
    Field("at", "instant", "the version's instant, whole seconds; also its commit's date"),
    Field("run", "name", "the run that sealed it"),
    Field("rules", "count", "version of the rules in force"),
    Field("preference", "names", "whose readings are chosen, most wanted first"),
    Field("lines", "count", "how many reply lines it and its forerunners hold"),
    Field("today", "day", "the newest day that was due"),
)
_SUPERSEDED = (
    Field("date", "day", "the entry's day"),
    Field("from", "instant", "the version with which the state began"),
    Field("to", "instant", "the version that replaced it"),
    Field("began", "name", "why it began", allowed=CAUSES),
    Field("cause", "name", "why it was replaced", allowed=CAUSES),
    Field("reply", "name", "the raw reply it was read from", nullable=True),
    Field("entry", "object", "the whole entry, every field"),
)

FILES = (
    File(
        "data/processed/apod_data.csv",
        "CSV, UTF-8, by date",
        "the output fields; an empty cell is an absent value",
        _OUTPUT,
    ),
    File("data/processed/apod_transformed.json", "JSON array, by date", "the same as JSON", _OUTPUT),
    File(
        "data/processed/apod_entries.parquet",
        "Parquet, by date",
        "every field; text (days too: an export has them as dates) or lists of text",
        ENTRY,
    ),
    File("data/ledger/replies-YYYY-MM.jsonl", "JSON lines", "one line a reply, or a question without one", _REPLIES),
    File("data/ledger/versions.jsonl", "JSON lines", "one line a version", _VERSIONS),
    File("data/ledger/superseded-YYYY.jsonl", "JSON lines", "one line a state that was replaced", _SUPERSEDED),
)
