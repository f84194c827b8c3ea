"""What every table, view and function of a data set's database means, column by column.

Takes a data set, gives its relations and functions. Pure: never asks a database; the tests compare both. What stands in
the tables is a projection of the archive's files.
"""

from __future__ import annotations

from collections.abc import Iterator

from apod_pipeline.dataset.about import Search, either
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.doubts import Doubts
from apod_pipeline.dataset.fields import Field
from apod_pipeline.dataset.pictures import KINDS
from apod_pipeline.dataset.relations import Function, Relation
from apod_pipeline.model import CAUSES, STATUSES

_DAY_OF = Field("date", "day", "the day")
_FROM = Field("observed_from", "instant", "the version with which this state began")
_TO = Field("observed_to", "instant", "the version that replaced it; absent for the current state", nullable=True)
_CHANGED = Field("changed", "names", "the fields that differ from the state before; empty for the first one")
_HASH = Field("content_hash", "hash", "SHA-256 of the entry's canonical JSON")
_REPLY = Field("reply", "name", "the raw reply that it was read from, a file of data/raw", nullable=True)


def relations(dataset: DataSet) -> tuple[Relation, ...]:
    """Every table and view of a data set: the usual ones, then those of its own."""
    return (
        _plain(dataset),
        _revision(dataset),
        _reading(dataset),
        *_daily(dataset.name),
        *(_searching(dataset, dataset.search) if dataset.search else ()),
        *(_pictures(dataset) if dataset.pictures else ()),
        *_accounts(dataset.name),
        _entry(dataset),
        *dataset.relations,
    )


def functions(dataset: DataSet) -> tuple[Function, ...]:
    """Every function of a data set."""
    return (
        Function(
            name=f"{dataset.name}_as_of",
            argument=("instant", "timestamp with time zone"),
            gives=f"{dataset.name}_revision",
            meaning="what this archive said of every day at an instant",
        ),
    )


def _plain(dataset: DataSet) -> Relation:
    columns = dataset.columns
    return Relation(
        dataset.name,
        "table",
        dataset.about.plain_table,
        columns=(
            *(
                field._replace(nullable=field.nullable or field.name in columns.loose)
                for field in columns.named(columns.output)
            ),
            Field("created_at", "instant without zone", "when this archive first had the day", nullable=True),
            Field("updated_at", "instant without zone", "when one of the columns before last changed", nullable=True),
        ),
        key=(columns.key,),
    )


def _revision(dataset: DataSet) -> Relation:
    key, *rest = dataset.columns.fields
    return Relation(
        f"{dataset.name}_revision",
        "table",
        "every state of every entry, from when to when it was known, and why it began",
        columns=(key, _FROM, _TO, _cause(dataset), _CHANGED, *rest, _HASH, _REPLY),
        key=(key.name, _FROM.name),
    )


def _cause(dataset: DataSet) -> Field:
    own = "".join(f", {meaning}" for meaning in dataset.causes.values())
    why = f"why it began: the source said so, our rules changed, another source is preferred{own}"
    return Field("cause", "name", why, allowed=(*CAUSES, *dataset.causes))


def _entry(dataset: DataSet) -> Relation:
    columns = (*dataset.columns.fields, _HASH, _REPLY, _FROM)
    return Relation(f"{dataset.name}_entry", "view", "the current full entry of every day", columns)


def _reading(dataset: DataSet) -> Relation:
    key = _DAY_OF if dataset.identity is None else dataset.columns.fields[0]
    return Relation(
        f"{dataset.name}_reading",
        "table",
        "what each source said last of each day: the digest, and the reply that holds it",
        columns=(
            Field("source", "name", f"who said it: {either(dataset.about.origins)}"),
            key,
            Field("digest", "hash", _digest(dataset.doubts)),
            Field("read_at", "instant", "when the reply was complete"),
            _REPLY._replace(nullable=False),
        ),
        key=("source", key.name),
    )


def _digest(doubts: Doubts) -> str:
    parts = "".join(f", its {telltale.name}" for telltale in doubts.telltales)
    return f"of the record{parts}, with hyphens between; all but the first may be empty" if parts else "of the record"


def _daily(name: str) -> Iterator[Relation]:
    yield Relation(
        f"{name}_day",
        "table",
        "coverage: every calendar day since the data set's first",
        columns=(
            _DAY_OF,
            Field("status", "name", "what this archive has of the day", allowed=STATUSES),
            Field("detail", "text", "why, where there is something to say", nullable=True),
        ),
        key=("date",),
    )
    yield Relation(
        f"{name}_quarantine",
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
    )


def _searching(dataset: DataSet, search: Search) -> Iterator[Relation]:
    key = dataset.columns.fields[0]
    yield Relation(
        f"{dataset.name}_search",
        "table",
        "the words of every state of every entry, for full text; empty until the archive was served once",
        columns=(
            key,
            _FROM,
            _TO,
            *dataset.columns.named(search.filters),
            _HASH,
            Field("words", "words", f"of {_weights(search)}, in English"),
        ),
        key=(key.name, _FROM.name),
    )
    yield Relation(
        f"{dataset.name}_searched",
        "table",
        "since when the words are kept: no row while nobody serves the archive",
        columns=(
            Field("only_row", "truth", "true: there is no second row"),
            Field("since", "instant", "when it was served for the first time"),
        ),
        key=("only_row",),
    )


def _weights(search: Search) -> str:
    """`title (weight A), credit and copyright (B)`."""
    told = [f"{' and '.join(names)} ({weight})" for weight, (names, _) in search.weighted.items()]
    return ", ".join(told).replace("(", "(weight ", 1)


def _pictures(dataset: DataSet) -> Iterator[Relation]:
    key = dataset.columns.fields[0]
    yield Relation(
        f"{dataset.name}_picture",
        "table",
        "every picture file that is kept, with those that others have replaced; empty unless pictures are kept",
        columns=(
            key,
            Field("role", "name", "its part in the entry"),
            Field("kept_at", "instant", "when it was had"),
            Field(
                "replaced_at", "instant", "when another one took its place; absent for the current one", nullable=True
            ),
            Field("kind", "name", "what it is", allowed=KINDS),
            Field("address", "address", "the address of the entry that it stands for"),
            Field("kept_from", "address", "where its bytes came from"),
            Field("sha256", "hash", "SHA-256 of its bytes, and its file's name"),
            Field("type", "name", "its media type, by its bytes"),
            Field("bytes", "large count", "its size"),
            Field("width", "count", "pixels"),
            Field("height", "count", "pixels"),
            Field("perceptual_hash", "hash", "256 bits that are nearly alike for pictures that look alike"),
        ),
        key=(key.name, "role", "kept_at"),
    )
    yield Relation(
        f"{dataset.name}_alike",
        "table",
        "pairs of entries whose pictures look alike: the same file, or nearly the same picture",
        columns=(
            key,
            Field("role", "name", "the picture's part in the later entry"),
            Field("other", "name", "the entry before it"),
            Field("other_role", "name", "the picture's part there"),
            Field("bits", "count", "how many of the 256 bits of their perceptual hashes differ; 0 for the same file"),
        ),
        key=(key.name, "role", "other", "other_role"),
    )


def _accounts(name: str) -> Iterator[Relation]:
    yield Relation(
        f"{name}_run",
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
    )
    yield Relation(
        f"{name}_state",
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
    )
    yield Relation(
        f"{name}_migration",
        "table",
        "the numbered changes that made these tables",
        columns=(
            Field("number", "count", "in the order in which they are applied"),
            Field("name", "name", "the file's name"),
            Field("applied_at", "instant", "when it was applied"),
        ),
        key=("number",),
    )
