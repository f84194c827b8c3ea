"""`apod migrate`: the tables as this release has them.

Takes resolved settings, gives the migrations before and after.
"""

from __future__ import annotations

from apod_pipeline.database import schema
from apod_pipeline.database.connection import connected
from apod_pipeline.database.searchable import make_searchable
from apod_pipeline.database.tables import Tables
from apod_pipeline.settings import Settings
from apod_pipeline.wiring import archive_of, database


def migrate(settings: Settings) -> dict[str, int]:
    """Bring the tables up to date, and the searched words in step with them; from and to which migration.

    Raises:
        DatabaseError: the database cannot be reached, or refuses; nothing was changed.
    """
    archive = archive_of(settings)
    tables = Tables(archive.dataset)
    with database(settings, archive) as conninfo, connected(conninfo) as connection:
        before = schema.applied(connection, tables)
        newest = schema.migrate(connection, tables)
        make_searchable(connection, tables)
    return {"from": before, "to": newest}
