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
    from apod_pipeline.database.connection import Connection

# The columns of four relations, in their order: of the migrations only whether there are any.
LOOK = """
SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid IN (to_regclass(%s), to_regclass(%s), to_regclass(%s), to_regclass(%s)) AND attnum > 0
AND NOT attisdropped ORDER BY attnum
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
    """What one look at the catalogue tells.

    Attributes:
        migrated: whether there is a table of migrations.
        odd: what is odd, in the order of the fields.
        shown: the columns of the view of the current entries.
    """

    migrated: bool
    odd: list[Odd]
    shown: list[str]


def look(connection: Connection, tables: Tables) -> Look:
    """Ask the catalogue, in one query, what it lacks of the fields.

    A type is looked at in the revisions alone: the plain table may be another program's.
    """
    current, revision = tables.current.name, tables.revision.name
    view, migrations = f"{tables.name}_entry", f"{tables.name}_migration"
    there: dict[str, dict[str, str]] = {current: {}, revision: {}, view: {}, migrations: {}}
    for relation, column, kind in connection.execute(LOOK, [*there]):
        there[relation][column] = kind
    fields = tables.dataset.columns.fields
    told = {current: tables.output, revision: tables.revision.columns, view: tables.dataset.columns.every}
    odd = [
        Odd(relation, field.name, field.postgres, kind)
        for relation, names in told.items()
        for field in fields
        if field.name in names
        and (kind := there[relation].get(field.name)) != field.postgres
        and (kind is None or relation == revision)
    ]
    return Look(bool(there[migrations]), odd, [*there[view]])


def grow(connection: Connection, tables: Tables) -> None:
    """Give every field that has none a column, and show it in the view of the current entries.

    Raises:
        DatabaseError: a column is of another type than its field's kind; the transaction is to be rolled back.
    """
    _, odd, shown = look(connection, tables)
    if other := next((one for one in odd if one.there is not None), None):
        raise DatabaseError(
            f"the column {other.field} of {other.relation} is {other.there}, but the field {other.field} is now "
            f"{other.wanted}: stored values are not converted to another type. Nothing was changed; give the field "
            "another name in the code, or load a separate database: export "
            "APOD_DATABASE_URL=postgresql://user@host/another, then type the same command again."
        )
    view = f"{tables.name}_entry"
    for one in odd:
        if one.relation != view:
            connection.execute(f"ALTER TABLE {one.relation} ADD COLUMN {one.field} {one.wanted}".encode())
    if added := [one.field for one in odd if one.relation == view]:
        # A view that others look through is not made anew but lengthened: its columns stay where they are.
        connection.execute(
            f"CREATE OR REPLACE VIEW {view} AS SELECT {', '.join([*shown, *added])}"  # noqa: S608 - names are ours
            f" FROM {tables.revision.name} WHERE observed_to IS NULL".encode()
        )
