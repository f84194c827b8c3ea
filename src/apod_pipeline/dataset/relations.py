"""What a table, a view or a function of the database is, and what it means.

Takes nothing, gives the words for it. Pure: never asks a database.
"""

from __future__ import annotations

from typing import NamedTuple

from apod_pipeline.dataset.fields import Field


class Relation(NamedTuple):
    """A table or view.

    Attributes:
        name: in the database.
        kind: `table` or `view`.
        meaning: in a sentence without its stop.
        columns: in their order.
        key: the columns of the primary key; empty for a view.
    """

    name: str
    kind: str
    meaning: str
    columns: tuple[Field, ...]
    key: tuple[str, ...] = ()


class Function(NamedTuple):
    """A function that gives rows of a relation.

    Attributes:
        name: in the database.
        argument: name and type of its one argument.
        gives: name of the relation.
        meaning: in a sentence without its stop.
    """

    name: str
    argument: tuple[str, str]
    gives: str
    meaning: str
