"""What every table, view and function of the database means, column by column.

Takes the entry's fields, gives `RELATIONS` and `FUNCTIONS`. Pure: never asks a database; the tests compare both. What
stands in the tables is a projection of the archive's files.
"""

from __future__ import annotations

from apod_pipeline.dataset.fields import Field
from apod_pipeline.dataset.relations import Function, Relation
from apod_pipeline.datasets.apod.entry import OUTPUT_FIELDS
from apod_pipeline.datasets.apod.fields import ENTRY
from apod_pipeline.model import CAUSES, STATUSES

_FIELDS = {field.name: field for field in ENTRY}
_DATE = _FIELDS["date"]
_DAY_OF = Field("date", "day", "the day")
_FROM = Field("observed_from", "instant", "the version with which this state began")
_TO = Field("observed_to", "instant", "the version that replaced it; absent for the current state", nullable=True)
_CAUSE = Field(
    "cause", "name", "why it began: NASA said so, our rules changed, another source is preferred", False, CAUSES
)
_CHANGED = Field("changed", "names", "the fields that differ from the state before; empty for the first one")
_HASH = Field("content_hash", "hash", "SHA-256 of the entry's canonical JSON")
_REPLY = Field("reply", "name", "the raw reply that it was read from, a file of data/raw", nullable=True)
_STATE = (*ENTRY[1:], _HASH, _REPLY)

_DOCUMENT = tuple(
    # The design document's own DDL: it lets the media type be absent.
    field._replace(nullable=field.nullable or field.name == "media_type")
    for field in (_FIELDS[name] for name in OUTPUT_FIELDS)
)

RELATIONS = (
    Relation(
        "apod",
        "table",
        "the design document's table, exactly: the current entry of every day, its output fields",
        columns=(
            *_DOCUMENT,
            Field("created_at", "instant without zone", "when this archive first had the day", nullable=True),
            Field("updated_at", "instant without zone", "when one of the columns before last changed", nullable=True),
        ),
        key=("date",),
    ),
    Relation(
        "apod_revision",
        "table",
        "every state of every entry, from when to when it was known, and why it began",
        columns=(_DATE, _FROM, _TO, _CAUSE, _CHANGED, *_STATE),
        key=("date", "observed_from"),
    ),
    Relation(
        "apod_reading",
        "table",
        "what each source said last of each day: the digest, and the reply that holds it",
        columns=(
            Field("source", "name", "who said it: science, planetary or file"),
            _DAY_OF,
            Field("digest", "hash", "of the content, the text and the picture, with hyphens between; two may be empty"),
            Field("read_at", "instant", "when the reply was complete"),
            _REPLY._replace(nullable=False),
        ),
        key=("source", "date"),
    ),
    Relation(
        "apod_day",
        "table",
        "coverage: every calendar day since the first picture",
        columns=(
            _DAY_OF,
            Field("status", "name", "what this archive has of the day", allowed=STATUSES),
            Field("detail", "text", "why, where there is something to say", nullable=True),
        ),
        key=("date",),
    ),
    Relation(
        "apod_quarantine",
        "table",
        "what the canary refused",
        columns=(
            Field("reply", "name", "the refused reply, a file of data/raw"),
            Field("date", "name", "the day, or * for the whole reply"),
            Field("source", "name", "who said it"),
            Field("reason", "text", "why it was not let in"),
            Field("refused_at", "instant", "when the reply was complete"),
            Field("resolved_at", "instant", "the version that had the day after all", nullable=True),
        ),
        key=("reply", "date"),
    ),
    Relation(
        "apod_search",
        "table",
        "the words of every state of every entry, for full text; empty until the archive was served once",
        columns=(
            _DATE,
            _FROM,
            _TO,
            _FIELDS["media_type"],
            _HASH,
            Field("words", "words", "of title (weight A), credit and copyright (B), explanation (D), in English"),
        ),
        key=("date", "observed_from"),
    ),
    Relation(
        "apod_searched",
        "table",
        "since when the words are kept: no row while nobody serves the archive",
        columns=(
            Field("only_row", "truth", "true: there is no second row"),
            Field("since", "instant", "when it was served for the first time"),
        ),
        key=("only_row",),
    ),
    Relation(
        "apod_run",
        "table",
        "what each run did",
        columns=(
            Field("run", "name", "the run's name: when it began"),
            Field("command", "text", "what was typed"),
            Field("started_at", "instant", "when it began"),
            Field("finished_at", "instant", "when it ended"),
            Field("date_from", "day", "the first day it asked for", nullable=True),
            Field("date_to", "day", "the last day it asked for", nullable=True),
            Field("inserted", "count", "days that were new in the table"),
            Field("changed", "count", "days whose entry changed"),
            Field("unchanged", "count", "days that said what they had said before"),
            Field("refused", "count", "refusals by the canary"),
            Field("missing", "count", "days it asked for and did not get"),
            Field("version", "hash", "the commit it made; absent when nothing changed", nullable=True),
            Field("csv_md5", "hash", "MD5 of the CSV as DVC knows it", nullable=True),
            Field("exit_code", "count", "0 done, 3 data refused, 4 days are missing"),
        ),
        key=("run",),
    ),
    Relation(
        "apod_state",
        "table",
        "the version of the archive that these tables show; one row",
        columns=(
            Field("only_row", "truth", "true: there is no second row"),
            Field("version_at", "instant", "the version's instant"),
            Field("lines", "large count", "how many lines of the ledger's replies the tables show"),
            Field("tip", "hash", "the beginning of the SHA-256 of the last of these lines"),
            Field("rules", "count", "version of the rules that the entries were made by"),
            Field("preference", "text", "whose readings are chosen, most wanted first, with commas between"),
        ),
        key=("only_row",),
    ),
    Relation(
        "apod_migration",
        "table",
        "the numbered changes that made these tables",
        columns=(
            Field("number", "count", "in the order in which they are applied"),
            Field("name", "name", "the file's name"),
            Field("applied_at", "instant", "when it was applied"),
        ),
        key=("number",),
    ),
    Relation("apod_entry", "view", "the current full entry of every day", (*ENTRY, _HASH, _REPLY, _FROM)),
    Relation(
        *(
            "apod_media",
            "view",
            "every address of a picture or film, its part in the entry, and what may be done with it",
        ),
        columns=(
            _DATE,
            Field("role", "name", "its part in the entry", allowed=("shown", "largest", "still")),
            Field("address", "address", "where it lies"),
            _FIELDS["rights"],
            _FIELDS["rights_evidence"],
        ),
    ),
)

FUNCTIONS = (
    Function(
        name="apod_as_of",
        argument=("instant", "timestamp with time zone"),
        gives="apod_revision",
        meaning="what this archive said of every day at an instant",
    ),
)


def relations(_: object) -> tuple[Relation, ...]:
    """SHIM until the helper's work is merged."""
    return RELATIONS


def functions(_: object) -> tuple[Function, ...]:
    """SHIM until the helper's work is merged."""
    return FUNCTIONS
