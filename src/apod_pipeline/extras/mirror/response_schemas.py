"""What the mirror's answers look like: JSON Schemas by name, for the OpenAPI description.

Takes the dictionary's words for fields and columns, gives `SCHEMAS`. Pure: what stands in the dictionary is told here
in OpenAPI's words, never twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apod_pipeline.dataset.fields import KINDS, Field
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.fields import ENTRY, MEDIA_TYPES
from apod_pipeline.dictionary.tables import relations

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer"}
_DAY: Schema = {"type": "string", "format": "date"}
_ADDRESS: Schema = {"type": "string", "format": "uri"}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
_TYPES = {
    "datetime": _INSTANT,
    "date": _DAY,
    "array": {"type": "array", "items": _TEXT},
}
_COLUMNS = {relation.name: relation.columns for relation in relations(DATA_SET)}
_STATE = ("observed_from", "observed_to", "cause", "changed", "source", "reply", "content_hash")


def of(field: Field) -> Schema:
    """One field's schema."""
    kind, form = KINDS[field.kind].schema
    schema = dict(_TYPES.get(kind) or ({"type": kind} | ({"format": form} if form else {})))
    if field.allowed:
        schema["enum"] = list(field.allowed)
    if field.nullable:
        schema["type"] = [schema["type"], "null"]
    return schema | {"description": field.meaning}


def fields(some: Iterable[Field]) -> Schema:
    """An object that has all of these, and nothing else."""
    return made_of({field.name: of(field) for field in some})


def made_of(properties: dict[str, Schema], *optional: str) -> Schema:
    """An object of these properties; what is not optional is always there."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def named(name: str) -> Schema:
    """A reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def some(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def or_none(schema: Schema) -> Schema:
    """The same, or null."""
    return {**schema, "type": [schema["type"], "null"]}


_PROVENANCE = fields(column for column in _COLUMNS["apod_revision"] if column.name in _STATE)
COMMIT: dict[str, Schema] = {
    "reply_sha256": or_none(_TEXT) | {"description": "SHA-256 of the raw reply; null where only tables are served"},
    "version": or_none(_TEXT) | {"description": "the version's commit; null where only tables are served"},
}
_PROVENANCE["properties"] |= COMMIT
_PROVENANCE["required"] += [*COMMIT]

SCHEMAS: dict[str, Schema] = {
    "Apod": made_of(
        {
            "date": _DAY,
            "title": _TEXT,
            "explanation": _TEXT,
            "media_type": {"type": "string", "enum": list(MEDIA_TYPES)},
            "service_version": _TEXT,
            "url": _ADDRESS,
            "hdurl": _ADDRESS,
            "copyright": _TEXT,
            "thumbnail_url": _TEXT | {"description": "only with thumbs=true; empty where no still is known"},
            "concepts": _TEXT,
        },
        *("url", "hdurl", "copyright", "thumbnail_url", "concepts"),
    ),
    "ApodRefusal": made_of({"code": _COUNT, "msg": _TEXT, "service_version": _TEXT}),
    "GatewayRefusal": made_of({"error": made_of({"code": _TEXT, "message": _TEXT})}),
    "Refusal": made_of({"error": _TEXT}),
    "Entry": fields(ENTRY),
    "Provenance": _PROVENANCE,
    "EntryState": made_of({"entry": named("Entry"), "provenance": named("Provenance")}),
    "History": made_of({"date": _DAY, "revisions": some(named("EntryState"))}),
    "OnThisDay": made_of({"month_day": _TEXT, "entries": some(named("EntryState"))}),
    "Entries": made_of({"entries": some(named("EntryState"))}),
    "Hit": made_of(
        {
            "date": _DAY,
            "media_type": {"type": "string", "enum": list(MEDIA_TYPES)},
            "url": or_none(_ADDRESS),
            "thumbnail_url": or_none(_ADDRESS),
            "credit": or_none(_TEXT),
            "title_html": _TEXT | {"description": "with the words found in <mark>; everything else is escaped"},
            "snippet_html": _TEXT,
        }
    ),
    "Hits": made_of({"total": _COUNT, "page": _COUNT, "per_page": _COUNT, "hits": some(named("Hit"))}),
    "Coverage": made_of(
        {
            "years": {
                "type": "object",
                "additionalProperties": {"type": "object", "additionalProperties": _COUNT},
                "description": "for every year, the number of its days in each state",
            },
            "days": {
                "type": "object",
                "additionalProperties": some(or_none(_TEXT)),
                "description": "each requested day that has no entry: its state, and why",
            },
        }
    ),
    "Run": fields(_COLUMNS["apod_run"]),
    "Status": made_of(
        {
            "entries": _COUNT,
            "first": or_none(_DAY),
            "last": or_none(_DAY),
            "revisions": _COUNT,
            "version_at": {"type": ["string", "null"], "format": "date-time"},
            "runs": some(named("Run")),
        }
    ),
    "Health": made_of({"live": {"type": "boolean"}, "ready": {"type": "boolean"}, "why": _TEXT}, "ready", "why"),
    "FeedItem": made_of(
        {
            "id": _TEXT,
            "url": _ADDRESS,
            "title": _TEXT,
            "content_text": _TEXT,
            "date_published": _INSTANT,
            "date_modified": _INSTANT,
            "authors": some(made_of({"name": _TEXT})),
            "image": _ADDRESS,
        },
        "image",
    ),
    "Feed": made_of(
        {
            "version": _ADDRESS,
            "title": _TEXT,
            "home_page_url": _ADDRESS,
            "feed_url": _ADDRESS,
            "language": _TEXT,
            "items": some(named("FeedItem")),
        }
    ),
}
