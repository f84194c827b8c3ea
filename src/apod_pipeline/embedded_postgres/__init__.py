"""A real PostgreSQL in the archive folder, started by whoever comes first, stopped when the last has gone.

Takes the server's own folder (`<archive>/.apod/postgres`), gives leases on a running server, never touches
anything outside that folder but a private socket folder under the system's temporary one, and never needs
the network, a new account or a changed mode on somebody else's folder.

    caller ──lease──► postgres.py ──starts──► keeper.py ──starts──► PostgreSQL
                      (each client holds     (one process, waits until no client
                       a shared flock)        is left, then stops the server)

Who reads on: `postgres.py` is the client's side, `keeper.py` the server's, `folder.py` says what lies where.
"""

from apod_pipeline.embedded_postgres.binaries import client_programs
from apod_pipeline.embedded_postgres.postgres import EmbeddedPostgres, Lease
from apod_pipeline.embedded_postgres.temporary import temporary_server

__all__ = ["EmbeddedPostgres", "Lease", "client_programs", "temporary_server"]
