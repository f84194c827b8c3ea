"""What is told of a data set's answers to programs: paths and schemas for the OpenAPI description.

Takes a data set, gives what `description` puts together. Pure: made from the set's fields, as the answers are.
"""

from __future__ import annotations

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dictionary.tables import relations
from apod_pipeline.extras.mirror.description import AS_OF, Parameter, Path, parameter
from apod_pipeline.extras.mirror.response_schemas import (
    COMMIT,
    Schema,
    fields,
    made_of,
    named,
    or_none,
    some,
)
from apod_pipeline.extras.mirror.set_api import LONGEST, MOST, MOST_PAGES, STATE
from apod_pipeline.extras.mirror.set_selects import NUMBERS, Filter, filters

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer"}
_REFUSALS = (400, 404, 503)


def paths(dataset: DataSet) -> dict[str, Path]:
    """What is answered of a data set, by path."""
    name, title = dataset.name, _title(dataset)
    base = f"/api/{name}"
    words = {"type": "string", "minLength": 1, "maxLength": LONGEST}
    key = parameter("key", dataset.columns.fields[0].meaning, words, place="path")
    called = parameter("name", "a key, or what an entry is called by", words, place="path")
    return {
        f"{base}/entries": Path(
            f"{dataset.about.title}: entries by their days, narrowed and in pages",
            f"{name}_entries",
            [*map(_asked, filters(dataset)), AS_OF, *_pages()],
            named(f"{title}Entries"),
        ),
        f"{base}/entries/{{key}}": Path(
            "one entry, with every field and its provenance",
            f"{name}_entry",
            [key, AS_OF],
            named(f"{title}State"),
            refusals=_REFUSALS,
        ),
        f"{base}/history/{{name}}": Path(
            "every state that the entries of a name were ever in, also of those that were left out",
            f"{name}_history",
            [called, AS_OF],
            named(f"{title}History"),
            refusals=_REFUSALS,
        ),
    }


def _pages() -> list[Parameter]:
    return [
        parameter("page", "which page", {"type": "integer", "minimum": 1, "maximum": MOST_PAGES, "default": 1}),
        parameter("per_page", "entries per page", {"type": "integer", "minimum": 1, "maximum": MOST, "default": 100}),
    ]


def _asked(one: Filter) -> Parameter:
    kind: Schema = {"type": "string", "format": "date"} if one.field.kind == "day" else {**_TEXT, "maxLength": LONGEST}
    return parameter(one.name, one.meaning, {"type": "number"} if one.field.kind in NUMBERS else kind)


def schemas(dataset: DataSet) -> dict[str, Schema]:
    """What its answers look like, by name."""
    title = _title(dataset)
    revision = next(one for one in relations(dataset) if one.name == f"{dataset.name}_revision")
    provenance = fields(column for column in revision.columns if column.name in STATE)
    provenance["properties"] |= COMMIT
    provenance["required"] += [*COMMIT]
    left_out = or_none({**_TEXT, "format": "date-time"}) | {
        "description": "when it was left out; null while it is there"
    }
    states = some(named(f"{title}State"))
    one = made_of({"key": _TEXT, "left_out": left_out, "revisions": states})
    return {
        f"{title}Entry": fields(dataset.columns.fields),
        f"{title}Provenance": provenance,
        f"{title}State": made_of({"entry": named(f"{title}Entry"), "provenance": named(f"{title}Provenance")}),
        f"{title}Entries": made_of({"total": _COUNT, "page": _COUNT, "per_page": _COUNT, "entries": states}),
        f"{title}History": made_of({"called": _TEXT, "entries": some(one)}),
    }


def _title(dataset: DataSet) -> str:
    """Its name as a schema's begins: `NearEarth` for `near_earth`."""
    return "".join(part.capitalize() for part in dataset.name.split("_"))
