"""Whether an address leads to PostgreSQL itself, or to a connection pooler that lends out its sessions.

Takes connections, gives the answer, and refuses on behalf of what needs a session of its own. Never asks which pooler
it is: one in session mode is refused too, because nobody can tell from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from apod_pipeline.errors import SettingsError

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection

OWN_NUMBER = "SELECT pg_backend_pid() AS number"
ADDRESS = "SELECT host(inet_server_addr()), inet_server_port(), current_database(), session_user"


def is_pooled(connection: Connection) -> bool:
    """Whether somebody stands between: the session's number is not the one that was told when it was opened."""
    found = connection.execute(OWN_NUMBER).fetchone()
    return found is not None and found[0] != connection.info.backend_pid


def refuse_pooler(connection: Connection, command: str) -> None:
    """Refuse what needs one session from its beginning to its end, where a pooler may lend another each transaction.

    Args:
        connection: through the address that was given.
        command: what was typed.

    Raises:
        SettingsError: naming the server's own address, as far as the server tells it.
    """
    if not is_pooled(connection):
        return
    host, port, database, user = connection.execute(ADDRESS).fetchone() or (None,) * 4
    host = f"[{host}]" if host and ":" in host else host or "HOST"
    address = f"postgresql://{quote(str(user), safe='')}@{host}:{port or 5432}/{quote(str(database), safe='')}"
    raise SettingsError(
        f"`{command}` needs a session of its own, but this address leads to a connection pooler. Nothing was requested "
        "or changed; give the server's own address, with its password if it needs one, as in: "
        f"APOD_DATABASE_URL={address} {command}"
    )
