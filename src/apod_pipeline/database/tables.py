"""A data set's tables: their names, their columns, and statements about them.

Takes a data set, gives shapes and SQL. Pure: never opens a connection. What the tables mean stands in the dictionary,
of which the shapes are made.
"""

from __future__ import annotations

from typing import NamedTuple

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.relations import Relation
from apod_pipeline.dictionary.tables import relations


class TableShape(NamedTuple):
    """A table that is made from the archive's files: its name, what identifies a row, its columns and their types."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    types: tuple[str, ...]

    @classmethod
    def of(cls, relation: Relation) -> TableShape:
        """The shape of a table that the dictionary describes."""
        columns = relation.columns
        return cls(relation.name, relation.key, tuple(c.name for c in columns), tuple(c.postgres for c in columns))


class Tables:
    """The tables of one data set.

    Attributes:
        dataset: whose.
        name: their prefix, and the name of the table of the current entries.
        key: the column that identifies an entry.
        every: the names of all its tables and views: what another set is called may begin as this one.
        lock: the advisory lock that whoever changes them holds; the next number is for stateless runs.
        current: the current entries, output fields.
        revision: every state of every entry.
        reading: what each source said last.
        day: the coverage of every day.
        quarantine: what was refused.
    """

    def __init__(self, dataset: DataSet) -> None:
        self.dataset, self.name, self.key = dataset, dataset.name, dataset.columns.key
        # Any number will do, as long as no other program takes an advisory lock on it: the name's own letters.
        self.lock = int.from_bytes(self.name.upper().encode()[:7], "big")
        self.every = tuple(relation.name for relation in relations(dataset))
        shapes = {relation.name: TableShape.of(relation) for relation in relations(dataset)}
        self.current = shapes[self.name]
        self.revision, self.reading, self.day, self.quarantine = (
            shapes[f"{self.name}_{part}"] for part in ("revision", "reading", "day", "quarantine")
        )

    @property
    def output(self) -> tuple[str, ...]:
        """The columns of the current entries that are fields; the others tell when they were had and changed."""
        return self.dataset.columns.output

    def sql(self, statement: str) -> bytes:
        """A statement with the prefix for `{name}`, the key's column for `{key}`, all names for `{every}`, an array."""
        every = ", ".join(f"'{name}'" for name in self.every)
        return statement.format(name=self.name, key=self.key, every=f"ARRAY[{every}]").encode()
