"""What the files of an archive hold: the data set in three forms, and the ledger's kinds.

Takes a data set, gives the files of its archives. Pure: never opens one; the tests compare a real archive with it.
"""

from __future__ import annotations

from typing import NamedTuple

from apod_pipeline.dataset.about import either
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.fields import Field
from apod_pipeline.dataset.pictures import KINDS
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


_AT = Field("at", "instant", "when the answer was complete")


def files(dataset: DataSet) -> tuple[File, ...]:
    """The files of an archive of a data set."""
    columns, name = dataset.columns, dataset.name
    output = columns.named(columns.output)
    return (
        File(
            f"data/processed/{name}_data.csv",
            f"CSV, UTF-8, by {columns.key}",
            "the output fields; an empty cell is an absent value",
            output,
        ),
        File(f"data/processed/{name}_transformed.json", f"JSON array, by {columns.key}", "the same as JSON", output),
        File(
            f"data/processed/{name}_entries.parquet",
            f"Parquet, by {columns.key}",
            "every field; text (days too: an export has them as dates) or lists of text",
            columns.fields,
        ),
        File(
            "data/ledger/replies-YYYY-MM.jsonl",
            "JSON lines",
            "one line a reply, or a question without one",
            _replies(either(dataset.about.origins)) + (_OF_MANY if dataset.identity else ()),
        ),
        File("data/ledger/versions.jsonl", "JSON lines", "one line a version", _VERSIONS),
        _superseded(keyed=dataset.identity is not None),
        File("data/ledger/thinned-YYYY.jsonl", "JSON lines", "one line a version that was thinned out", _THINNED),
        *(_PICTURES if dataset.pictures else ()),
    )


def _superseded(*, keyed: bool) -> File:
    path, what = "data/ledger/superseded-YYYY.jsonl", "one line a state that was replaced"
    if not keyed:
        return File(path, "JSON lines", what, (Field("date", "day", "the entry's day"), *_SUPERSEDED))
    key, packed = (
        Field("key", "name", "the entry's key", nullable=True),
        _PACKED._replace(meaning="all other fields of many states"),
    )
    fields = (key, *(field._replace(nullable=True) if field.name != "to" else field for field in _SUPERSEDED), packed)
    return File(
        path,
        "JSON lines",
        f"{what}; where a version replaced very many, one line of all of them, in a file of its own",
        fields,
    )


def _replies(sources: str) -> tuple[Field, ...]:
    return (
        Field("file", "name", "the reply's file in data/raw; left out where nothing came that was worth keeping", True),
        Field("source", "name", f"who was asked: {sources}", nullable=True),
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


_PACKED = Field("packed", "text", "", nullable=True)
_OF_MANY = (
    Field("entries", "object", "by key what the entry is recognised by, and its day, where that is new", nullable=True),
    Field("left_out", "names", "keys of entries that it tells of no more", nullable=True),
    Field("answered", "truth", "true where it tells all there is of the days that were asked for", nullable=True),
    _PACKED._replace(meaning="readings and entries of very many entries: JSON, xz, base 85"),
)
_VERSIONS = (
    Field("at", "instant", "the version's instant, whole seconds; also its commit's date"),
    Field("run", "name", "the run that sealed it"),
    Field("rules", "count", "version of the rules in force"),
    Field("preference", "names", "whose readings are chosen, most wanted first"),
    Field("lines", "count", "how many reply lines it and its forerunners hold"),
    Field("today", "day", "the newest day that was due"),
)
_THINNED = (
    Field("commit", "hash", "whose CSV and Parquet file are made again when somebody asks for them"),
    Field("at", "instant", "the instant of the state that it holds"),
    Field("csv", "hash", "MD5 of the CSV; null where that is kept", nullable=True),
    Field("parquet", "hash", "MD5 of the Parquet file; null where that is kept", nullable=True),
    Field("content", "hash", "what its entries hash to together: the sum of their SHA-256, without what is empty"),
)
_PICTURES = (
    File(
        "data/ledger/pictures-YYYY-MM.jsonl",
        "JSON lines",
        "one line a picture that was kept or refused; none unless pictures are kept",
        (
            Field("at", "instant", "when that was decided"),
            Field("key", "name", "the entry's key"),
            Field("role", "name", "the picture's part in the entry"),
            Field("status", "name", "what became of it", allowed=("kept", "refused")),
            Field("asked", "address", "the first address that it was wanted from"),
            Field("tries", "count", "how often it was refused", nullable=True),
            Field("why", "list", "why, by address", nullable=True),
            Field("kind", "name", "what is kept", nullable=True, allowed=KINDS),
            Field("address", "address", "the entry's own address that it stands for", nullable=True),
            Field("asked_at", "address", "the address that was asked", nullable=True),
            Field("from", "address", "where the bytes came from, after redirects", nullable=True),
            Field("sha256", "hash", "SHA-256 of the file, and its name", nullable=True),
            Field("bytes", "large count", "its size", nullable=True),
            Field("type", "name", "its media type, by its bytes", nullable=True),
            Field("width", "count", "pixels", nullable=True),
            Field("height", "count", "pixels", nullable=True),
            Field("perceptual_hash", "hash", "256 bits that are nearly alike where pictures look alike", nullable=True),
            Field("etag", "text", "the host's word for these bytes", nullable=True),
            Field("modified", "text", "when the host says that they were last changed", nullable=True),
        ),
    ),
)
_SUPERSEDED = (
    Field("from", "instant", "the version with which the state began"),
    Field("to", "instant", "the version that replaced it"),
    Field("began", "name", "why it began", allowed=CAUSES),
    Field("cause", "name", "why it was replaced", allowed=CAUSES),
    Field("reply", "name", "the raw reply it was read from", nullable=True),
    Field("entry", "object", "the whole entry, every field"),
)
