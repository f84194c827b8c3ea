"""Fields that the tables do not have yet: looked for at every load, and given a column.

Takes a connection and a data set's tables, gives what the catalogue lacks; adds columns, in the caller's transaction.
Never takes a column away and never changes one's type.

A new column may be empty, whatever its field says: states that were made before it was thought of say nothing of it.
What was added is written down nowhere: the catalogue itself tells. A line in `NAME_migration` would need a number, and
the numbers belong to the migrations of releases to come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apod_pipeline.database.tables import Tables
from apod_pipeline.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apod_pipeline.database.connection import Connection

# One row: whether there is a table of migrations, and which fields the relations lack, or have of another type. A type
# is looked at in the revisions alone: the plain table may be another program's.
LOOK = """
SELECT to_regclass(%(migrations)s) IS NOT NULL, (
    SELECT coalesce(json_agg(json_build_array(relation, field, wanted, format_type(atttypid, atttypmod))
                             ORDER BY place), '[]')
    FROM unnest(%(relations)s::text[], %(fields)s::text[], %(types)s::text[]) WITH ORDINALITY
        AS told (relation, field, wanted, place)
    LEFT JOIN pg_attribute ON attrelid = to_regclass(relation) AND attname = field AND NOT attisdropped
    WHERE attname IS NULL OR (relation = %(typed)s AND format_type(atttypid, atttypmod) <> wanted)
)
"""
SHOWN = """
SELECT attname FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


class Odd(NamedTuple):
    """A field that a relation lacks, or has of another type.

    Attributes:
        relation: the table or view.
        field: its name.
        wanted: the type that its kind has.
        there: the type of the column; None where there is none.
    """

    relation: str
    field: str
    wanted: str
    there: str | None


class Look(NamedTuple):
    """What one look at the catalogue tells: whether there is a table of migrations, and what is odd."""

    migrated: bool
    odd: list[Odd]


def look(connection: Connection, tables: Tables) -> Look:
    """Ask the catalogue, in one query, what it lacks of the fields."""
    wanted = [
        (relation, field.name, field.postgres)
        for relation, fields in _relations(tables)
        for field in tables.dataset.columns.named(fields)
    ]
    relations, fields, types = (list(column) for column in zip(*wanted, strict=True))
    named = {"migrations": f"{tables.name}_migration", "typed": tables.revision.name}
    row = connection.execute(LOOK, {**named, "relations": relations, "fields": fields, "types": types}).fetchone()
    there, odd = row or (False, [])
    return Look(bool(there), [Odd(*one) for one in odd])


def _relations(tables: Tables) -> Iterator[tuple[str, Sequence[str]]]:
    every = tables.dataset.columns.every
    yield from ((tables.current.name, tables.output), (tables.revision.name, every), (f"{tables.name}_entry", every))


def grow(connection: Connection, tables: Tables, odd: Sequence[Odd]) -> None:
    """Give every field that has none a column, and show it in the view of the current entries.

    Raises:
        DatabaseError: a column is of another type than its field's kind; the transaction is to be rolled back.
    """
    if other := next((one for one in odd if one.there is not None), None):
        raise DatabaseError(
            f"the column {other.field} of {other.relation} is {other.there}, and the field {other.field} is "
            f"{other.wanted} now: what is stored is not changed into another type. Nothing was changed; give the field "
            "another name in the code, or load a database of its own: "
            "export APOD_DATABASE_URL=postgresql://user@host/another, then type the same command again."
        )
    view = f"{tables.name}_entry"
    for one in odd:
        if one.relation != view:
            connection.execute(f"ALTER TABLE {one.relation} ADD COLUMN {one.field} {one.wanted}".encode())
    if added := [one.field for one in odd if one.relation == view]:
        shown = [str(name) for (name,) in connection.execute(SHOWN, [view])]
        # A view that others look through is not made anew but lengthened: its columns stay where they are.
        connection.execute(
            f"CREATE OR REPLACE VIEW {view} AS SELECT {', '.join([*shown, *added])}"  # noqa: S608 - names are ours
            f" FROM {tables.revision.name} WHERE observed_to IS NULL".encode()
        )
