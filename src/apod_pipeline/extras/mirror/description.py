"""The OpenAPI description of everything that the mirror answers to programs.

Takes nothing, gives one document, from which the page `/docs` is made too. Never told twice: a test compares
its paths with the routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from apod_pipeline.datasets.apod.fields import MEDIA_TYPES
from apod_pipeline.extras.mirror.response_schemas import SCHEMAS, Schema, named, some

Parameter = dict[str, Any]


def parameter(name: str, meaning: str, schema: dict[str, Any], *, place: str = "query") -> Parameter:
    """What a request may say."""
    return {"name": name, "in": place, "required": place == "path", "description": meaning, "schema": schema}


_TEXT = {"type": "string", "maxLength": 200}
_DATE = {"type": "string", "format": "date"}
DAY = parameter("day", "a day, YYYY-MM-DD", _DATE, place="path")
AS_OF = parameter("as_of", "as it was known then: a day (its end, UTC) or an instant", {"type": "string"})
_COUNT = {"type": "integer", "minimum": 1, "maximum": 100, "default": 1}
_SEARCH = [
    parameter("q", 'words, "a phrase", or, -not', _TEXT),
    parameter("year", "only entries of this year", {"type": "integer", "minimum": 1995, "maximum": 9998}),
    parameter("media_type", "only entries of this kind", {"type": "string", "enum": list(MEDIA_TYPES)}),
    parameter("credit", "only entries with these words in the credit", _TEXT),
    AS_OF,
    parameter("page", "which page", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1}),
    parameter("per_page", "results per page", {"type": "integer", "minimum": 1, "maximum": 50, "default": 10}),
]
_KIND = parameter("media_type", "only entries of this kind", {"type": "string", "enum": list(MEDIA_TYPES)})
_OLD = [
    parameter("date", "one day", {"type": "string"}),
    parameter("start_date", "first day of a range", {"type": "string"}),
    parameter("end_date", "its last day", {"type": "string"}),
    parameter("count", "this many random days, 1 to 100", {"type": "string"}),
    parameter("thumbs", "with a still for films: true or false", {"type": "string"}),
    parameter("concept_tags", "true or false; concept tags are off", {"type": "string"}),
    parameter("hd", "ignored", {"type": "string"}),
    parameter("api_key", "any value, unless the mirror requires keys", {"type": "string"}),
    _KIND,
    AS_OF,
]

_JSON, _PLAIN, _PICTURE = "application/json", "text/plain", "image/*"
_NAME = parameter(
    "name", "SHA-256 of the file in lower case, and its ending; `.thumb.webp` for the small one", _TEXT, place="path"
)


class Path(NamedTuple):
    """What is answered at a path.

    Attributes:
        meaning: what it answers.
        name: of the operation, for those who make a client of this.
        parameters: that it takes.
        gives: the schema of its answer; None where it is no JSON.
        media_type: of its answer.
        refusals: statuses beside 200.
        refusal: the name of their schema; empty where they have none of their own.
    """

    meaning: str
    name: str
    parameters: list[Parameter]
    gives: Schema | None
    media_type: str = _JSON
    refusals: tuple[int, ...] = (400, 503)
    refusal: str = "Refusal"

    @property
    def asked(self) -> set[str]:
        """The names that its query may hold."""
        return {one["name"] for one in self.parameters if one["in"] == "query"}


_ONE_OR_MORE: Schema = {"oneOf": [named("Apod"), some(named("Apod"))]}
_OLD_REFUSALS = (400, 403, 404, 429, 503)
_DAY_REFUSALS = (400, 404, 503)
PATHS: dict[str, Path] = {
    "/planetary/apod": Path(
        "NASA's old API, in its own words", "apod", _OLD, _ONE_OR_MORE, refusals=_OLD_REFUSALS, refusal="ApodRefusal"
    ),
    "/v1/apod/": Path(
        "the same, as the service behind NASA's gateway",
        "apod_v1",
        _OLD,
        _ONE_OR_MORE,
        refusals=_OLD_REFUSALS,
        refusal="ApodRefusal",
    ),
    "/api/entries/{day}": Path(
        "one entry, with every field and its provenance",
        "entry",
        [DAY, AS_OF],
        named("EntryState"),
        refusals=_DAY_REFUSALS,
    ),
    "/api/entries/{day}/history": Path(
        "every state it was ever in", "history", [DAY, AS_OF], named("History"), refusals=_DAY_REFUSALS
    ),
    "/api/search": Path("full text in English, best first", "search", _SEARCH, named("Hits")),
    "/api/on-this-day": Path(
        "this day in every year",
        "on_this_day",
        [parameter("date", "the day; defaults to today", _DATE), _KIND, AS_OF],
        named("OnThisDay"),
    ),
    "/api/random": Path(
        "some entries", "random", [parameter("count", "how many", _COUNT), _KIND, AS_OF], named("Entries")
    ),
    "/api/coverage": Path(
        "which days the archive has, and why others are missing", "coverage", [AS_OF], named("Coverage")
    ),
    "/api/status": Path("the archive in a few numbers, and its last runs", "status", [AS_OF], named("Status")),
    "/feed.xml": Path("the newest entries, Atom", "atom", [_KIND, AS_OF], None, "application/atom+xml"),
    "/feed.json": Path(
        "the newest entries, JSON Feed", "json_feed", [_KIND, AS_OF], named("Feed"), "application/feed+json"
    ),
    "/pictures/{name}": Path(
        "a kept picture's file, whole or a range; never another one by the same name",
        "picture_file",
        [_NAME],
        None,
        _PICTURE,
        refusals=(404,),
        refusal="ApodRefusal",
    ),
    "/health": Path("whether it can answer", "health", [], named("Health"), refusals=(503,), refusal="Health"),
    "/health/live": Path("whether the process is alive", "live", [], named("Health"), refusals=()),
    "/health/ready": Path("whether it can answer", "ready", [], named("Health"), refusals=(503,), refusal="Health"),
    "/metrics": Path("counters for Prometheus", "metrics", [], None, _PLAIN, refusals=()),
}
APOD = "Your own NASA APOD API", "NASA's old APOD API from an archive, and what NASA never had."
SETS = "Your own archive's API", "What an archive holds, and how it changed."
HOUSE = ("/health", "/health/live", "/health/ready", "/metrics")  # whatever is served
FILES = ("/pictures/{name}",)  # where the archive's folder is here
NOTHING: Mapping[str, Any] = MappingProxyType({})
# Every name that may stand in a query; a page's own are the last four.
PARAMETERS = {one["name"] for path in PATHS.values() for one in path.parameters} | {"before", "part", "w", "seconds"}
WORDS = {
    200: "as requested",
    400: "the request is not valid",
    403: "no key, or an unknown one",
    404: "there is no such day",
    429: "too many requests",
    503: "the database is not available",
}


def description(
    version: str,
    more: Mapping[str, Path] = NOTHING,
    schemas: Mapping[str, Schema] = NOTHING,
    *,
    apod: bool = True,
    pictures: bool = True,
) -> dict[str, Any]:
    """The document, OpenAPI 3.1.

    Args:
        version: of this code.
        more: what is answered of other data sets, by path.
        schemas: of these answers, by name.
        apod: whether APOD is served.
        pictures: whether files of its pictures are.
    """
    title, told = APOD if apod else SETS
    house = {path: PATHS[path] for path in HOUSE}
    away = () if pictures else FILES
    paths = {path: one for path, one in PATHS.items() if apod and path not in {*house, *away}} | {**more} | house
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": told},
        "paths": {path: {"get": _operation(one)} for path, one in paths.items()},
        "components": {"schemas": {**SCHEMAS, **schemas}},
    }


def _operation(told: Path) -> dict[str, Any]:
    binary = {"format": "binary"} if told.media_type == _PICTURE else {}
    given = {"schema": told.gives or {"type": "string", **binary}}
    answers: dict[str, Any] = {"200": {"description": WORDS[200], "content": {told.media_type: given}}}
    for status in told.refusals:
        name = "GatewayRefusal" if status in {403, 429} else told.refusal
        answers[str(status)] = {"description": WORDS[status], "content": {_JSON: {"schema": named(name)}}}
    return {
        "operationId": told.name,
        "summary": told.meaning,
        "parameters": told.parameters,
        "responses": answers,
    }
