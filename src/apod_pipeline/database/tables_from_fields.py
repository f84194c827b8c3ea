"""The tables of a data set that has no migrations of its own, made from its fields.

Takes a data set, gives SQL. Pure. What the tables hold and mean is the dictionary's; here stands only what makes them
tables: keys, checks, the index of current states, the view of current entries and the function of a past instant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.fields import Field
from apod_pipeline.dataset.relations import Relation
from apod_pipeline.dictionary.tables import relations

# Columns that no row is given a value for.
_DEFAULTS = {"only_row": "DEFAULT true CHECK (only_row)", "since": "DEFAULT now()"}
# Words (a few kB) lie in their row: ranking reads those of every hit.
_IN_PLACE = " WITH (toast_tuple_target = 8160)"


def statements(dataset: DataSet) -> str:
    """All that makes the tables, in an empty schema."""
    return ";\n".join(_statements(dataset))


def _statements(dataset: DataSet) -> Iterator[str]:
    name, key = dataset.name, dataset.columns.key
    for relation in relations(dataset):
        if relation.kind == "table" and relation.name != f"{name}_migration":
            yield _table(relation, dataset.columns.every)
    yield f"CREATE UNIQUE INDEX {name}_revision_current ON {name}_revision ({key}) WHERE observed_to IS NULL"
    if dataset.search:
        yield f"CREATE INDEX {name}_search_words ON {name}_search USING gin (words)"
    yield from views(dataset)


def views(dataset: DataSet) -> Iterator[str]:
    """The view of the current entries, and the function that gives those of an instant."""
    name = dataset.name
    shown = next(relation for relation in relations(dataset) if relation.name == f"{name}_entry")
    columns = ", ".join(column.name for column in shown.columns)
    yield f"CREATE VIEW {name}_entry AS SELECT {columns} FROM {name}_revision WHERE observed_to IS NULL"  # noqa: S608 - names are ours
    yield (
        f"CREATE FUNCTION {name}_as_of(instant TIMESTAMPTZ) RETURNS SETOF {name}_revision"  # noqa: S608 - as above
        f" LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT * FROM {name}_revision"
        " WHERE observed_from <= instant AND (observed_to IS NULL OR observed_to > instant) $$"
    )


def _table(relation: Relation, told: Collection[str]) -> str:
    columns = [column(field, checked=field.name not in told) for field in relation.columns]
    key = f"PRIMARY KEY ({', '.join(relation.key)})"
    storage = _IN_PLACE if any(field.kind == "words" for field in relation.columns) else ""
    return f"CREATE TABLE {relation.name} ({', '.join([*columns, key])}){storage}"


def column(field: Field, *, checked: bool) -> str:
    """A field as the column of a table.

    What an entry may hold is the quality rules' business: a source's new word is refused there, with its reason.
    """
    parts = [field.name, field.postgres]
    if not field.nullable:
        parts.append("NOT NULL")
    if default := _DEFAULTS.get(field.name):
        parts.append(default)
    if field.allowed and checked:
        values = ", ".join(f"'{value}'" for value in field.allowed)
        parts.append(f"CHECK ({field.name} IN ({values}))")
    return " ".join(parts)
