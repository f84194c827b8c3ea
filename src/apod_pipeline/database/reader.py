"""A role that can do nothing but read: the mirror's.

Takes a connection of somebody who may make roles, gives that role SELECT on what is ours, and never on anything else.
Where whoever loads may not make roles, nothing is done: `docs/serve.md` has the statements for whoever may.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from apod_pipeline.database.tables import Tables

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection

log = logging.getLogger(__name__)

READER = "apod_reader"
MAKE = """
DO $$
DECLARE relation text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'apod_reader') THEN
        BEGIN
            CREATE ROLE apod_reader LOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another archive's database made it in this moment
        END;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO apod_reader', current_schema());
    FOR relation IN
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = current_schema() AND c.relname = ANY ({every}) AND c.relkind IN ('r', 'v')
        AND (pg_has_role(c.relowner, 'USAGE') OR has_table_privilege(c.oid, 'SELECT WITH GRANT OPTION'))
    LOOP
        EXECUTE format('GRANT SELECT ON %I TO apod_reader', relation);
    END LOOP;
END $$
"""


# Whether that role may read all there is: the document's table may be somebody else's.
READS_ALL = """
SELECT coalesce(bool_and(has_table_privilege(%(role)s, c.oid, 'SELECT')), false)
       AND has_schema_privilege(%(role)s, current_schema(), 'USAGE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relname = ANY ({every}) AND c.relkind IN ('r', 'v')
"""


def let_read(connection: Connection, tables: Tables) -> None:
    """Make the role where it is missing, and let it read; within the caller's transaction, and without harm to it."""
    import psycopg

    try:
        with connection.transaction():
            connection.execute(tables.sql(MAKE))
    except psycopg.errors.InsufficientPrivilege as error:
        log.info("the role %s was not made: %s", READER, error)
