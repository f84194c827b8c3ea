"""The comments of tables, views, functions and columns, made from the data dictionary.

Takes a connection and a data set, says in the database what its parts mean; a repetition says the same. Never changes
anything else, and says nothing about what belongs to somebody else, as the design document's table may: only an owner
may comment.
Only `migrate` calls it, and only when it has applied something: a run without news never loads the dictionary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.dictionary.tables import functions, relations

if TYPE_CHECKING:
    from psycopg.sql import Composable

    from apod_pipeline.database.connection import Connection
    from apod_pipeline.dataset.description import DataSet


OWN = """
WITH here AS (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
SELECT relname FROM pg_class JOIN here ON here.oid = relnamespace WHERE pg_has_role(relowner, 'USAGE')
UNION SELECT proname FROM pg_proc JOIN here ON here.oid = pronamespace WHERE pg_has_role(proowner, 'USAGE')
"""


def comment(connection: Connection, dataset: DataSet = DATA_SET) -> None:
    """Comment on everything that the dictionary says of a data set, in the caller's transaction."""
    from psycopg.sql import SQL

    own = {str(name) for (name,) in connection.execute(OWN)}
    # The statement cannot take parameters; as one text it is one round trip.
    connection.execute(SQL(";\n").join(_statements(own, dataset)))


def _statements(own: set[str], dataset: DataSet) -> list[Composable]:
    from psycopg.sql import SQL, Identifier, Literal

    made: list[Composable] = []
    for relation in relations(dataset):
        if relation.name not in own:
            continue
        words = SQL(relation.kind.upper()), Identifier(relation.name), Literal(relation.meaning)
        made.append(SQL("COMMENT ON {} {} IS {}").format(*words))
        made += [
            SQL("COMMENT ON COLUMN {} IS {}").format(Identifier(relation.name, column.name), Literal(column.comment))
            for column in relation.columns
        ]
    made += [
        SQL("COMMENT ON FUNCTION {} IS {}").format(Identifier(function.name), Literal(function.meaning))
        for function in functions(dataset)
        if function.name in own
    ]
    return made
