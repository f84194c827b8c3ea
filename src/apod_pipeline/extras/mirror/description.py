"""The OpenAPI description of everything that the mirror answers to programs.

Takes nothing, gives one document, from which the page `/docs` is made too. Never told twice: a test compares
its paths with the routes.
"""

from __future__ import annotations

from typing import Any

from apod_pipeline.model import MEDIA_TYPES

Parameter = dict[str, Any]


def _in(name: str, meaning: str, schema: dict[str, Any], *, place: str = "query") -> Parameter:
    return {"name": name, "in": place, "required": place == "path", "description": meaning, "schema": schema}


_TEXT = {"type": "string", "maxLength": 200}
_DATE = {"type": "string", "format": "date"}
DAY = _in("day", "a day, YYYY-MM-DD", _DATE, place="path")
AS_OF = _in("as_of", "as it was known then: a day (its end, UTC) or an instant", {"type": "string"})
_COUNT = {"type": "integer", "minimum": 1, "maximum": 100, "default": 1}
_SEARCH = [
    _in("q", 'words, "a phrase", or, -not', _TEXT),
    _in("year", "only of this year", {"type": "integer", "minimum": 1995, "maximum": 9998}),
    _in("media_type", "only of this kind", {"type": "string", "enum": list(MEDIA_TYPES)}),
    _in("credit", "only with these words in the credit", _TEXT),
    AS_OF,
    _in("page", "which page", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1}),
    _in("per_page", "hits a page", {"type": "integer", "minimum": 1, "maximum": 50, "default": 10}),
]
_OLD = [
    _in("date", "one day", {"type": "string"}),
    _in("start_date", "first day of a range", {"type": "string"}),
    _in("end_date", "its last day", {"type": "string"}),
    _in("count", "so many days at random, 1 to 100", {"type": "string"}),
    _in("thumbs", "with a still for films: true or false", {"type": "string"}),
    _in("concept_tags", "true or false; they are off", {"type": "string"}),
    _in("hd", "ignored", {"type": "string"}),
    _in("api_key", "any, unless the mirror asks for keys", {"type": "string"}),
    AS_OF,
]

_JSON, _PLAIN = "application/json", "text/plain"
# path -> (what it answers, its parameters, media type, statuses beside 200)
PATHS: dict[str, tuple[str, list[Parameter], str, tuple[int, ...]]] = {
    "/planetary/apod": ("NASA's old API, in its own words", _OLD, _JSON, (400, 403, 404, 429, 503)),
    "/v1/apod/": ("the same, as the service behind NASA's gateway", _OLD, _JSON, (400, 403, 404, 429, 503)),
    "/api/entries/{day}": ("one entry with every field and where it came from", [DAY, AS_OF], _JSON, (400, 404, 503)),
    "/api/entries/{day}/history": ("every state it was ever in", [DAY, AS_OF], _JSON, (400, 404, 503)),
    "/api/search": ("full text in English, best first", _SEARCH, _JSON, (400, 503)),
    "/api/on-this-day": (
        "this day in all years",
        [_in("date", "the day; today unless given", _DATE), AS_OF],
        _JSON,
        (400, 503),
    ),
    "/api/random": ("some entries", [_in("count", "how many", _COUNT), AS_OF], _JSON, (400, 503)),
    "/api/coverage": ("which days there are, and why others are not", [AS_OF], _JSON, (400, 503)),
    "/api/status": ("the archive in a few numbers, and its last runs", [AS_OF], _JSON, (400, 503)),
    "/feed.xml": ("the newest entries, Atom", [AS_OF], "application/atom+xml", (400, 503)),
    "/feed.json": ("the newest entries, JSON Feed", [AS_OF], "application/feed+json", (400, 503)),
    "/health": ("whether it can answer", [], _JSON, (503,)),
    "/health/live": ("whether the process lives", [], _JSON, ()),
    "/health/ready": ("whether it can answer", [], _JSON, (503,)),
    "/metrics": ("counters for Prometheus", [], _PLAIN, ()),
}
WORDS = {
    200: "as asked",
    400: "what was asked makes no sense",
    403: "no key, or none that is known",
    404: "there is no such day",
    429: "too many requests",
    503: "the database is away",
}


def description(version: str) -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Your own NASA APOD API",
            "version": version,
            "description": "NASA's old APOD API from an archive, and what NASA never had.",
        },
        "paths": {path: {"get": _operation(*told)} for path, told in PATHS.items()},
    }


def _operation(meaning: str, parameters: list[Parameter], media_type: str, others: tuple[int, ...]) -> dict[str, Any]:
    answers: dict[str, Any] = {"200": {"description": WORDS[200], "content": {media_type: {}}}}
    answers |= {str(status): {"description": WORDS[status]} for status in others}
    return {"summary": meaning, "parameters": parameters, "responses": answers}
