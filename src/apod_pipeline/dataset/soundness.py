"""Whether a data set's description names only what there is: kinds of fields, and fields.

Takes a description, gives what is wrong with it. Pure. A mistyped name would otherwise be a KeyError of whatever used
it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.fields import KINDS, OF_TABLES


def fault(dataset: DataSet) -> str | None:
    """What is wrong, in a sentence without its stop; None where nothing is."""
    kinds = KINDS.keys() - OF_TABLES
    for field in dataset.columns.fields:
        if field.kind not in kinds:
            there = ", ".join(sorted(kinds))
            return f"its field {field.name!r} is of an unknown kind {field.kind!r}; there are {there}"
    every = dataset.columns.every
    for where, name in _named(dataset):
        if name not in every:
            return f"its {where!r} names a field {name!r} that it has not; its fields are {', '.join(every)}"
    return None


def _named(dataset: DataSet) -> Iterator[tuple[str, str]]:
    """Every field that is named somewhere, with where."""
    columns, about, search = dataset.columns, dataset.about, dataset.search
    parts: dict[str, Iterable[str]] = {
        "output": columns.output,
        "day": (columns.day,),
        "loose": columns.loose,
        "source": () if columns.source is None else (columns.source,),
        "shown": about.shown,
        "called": about.called,
        "search": (*(name for names, _ in search.weighted.values() for name in names), *search.filters, *search.indexed)
        if search
        else (),
    }
    return ((where, name) for where, names in parts.items() for name in names)
