"""A real PgBouncer before a real PostgreSQL, in transaction mode, with one session for everybody: Debian's packages.

Takes a password, gives the addresses of both; each runs on loopback and is thrown away afterwards.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

import debian_postgres

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_one = pytest.mark.skipif(
    PROGRAM is None or debian_postgres.BINARIES is None,
    reason="no pgbouncer or no PostgreSQL of the system's on this machine; `make test` as root installs them",
)
CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = {mode}
default_pool_size = {sessions}
log_connections = 0
log_disconnections = 0
log_stats = 0
"""


class Pooled(NamedTuple):
    """One database by two ways; neither address holds the password."""

    direct: str
    pooled: str


@contextmanager
def pgbouncer(password: str, *, mode: str = "transaction", sessions: int = 1) -> Iterator[Pooled]:
    """A server whose clock is in New York, and a pooler that lends out its few sessions."""
    with debian_postgres.server(password) as server:
        server.options = "-c TimeZone=America/New_York"
        server.start()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        folder = server.folder / "pooler"
        folder.mkdir(mode=0o755)
        told = {"server": server.port, "port": port, "folder": folder, "mode": mode, "sessions": sessions}
        (folder / "users").write_text(f'"apod" "{password}"\n')
        (folder / "ini").write_text(CONFIGURATION.format(**told))
        for path in (folder / "users", folder / "ini"):
            server.give(path)
        process = _started(folder / "ini")
        try:
            yield Pooled(*(f"postgresql://apod@127.0.0.1:{one}/postgres" for one in (server.port, port)))
        finally:
            process.terminate()
            process.wait(20)
            assert process.stderr is not None
            process.stderr.close()


def _started(ini: Path) -> subprocess.Popen[str]:
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    assert PROGRAM is not None
    process = subprocess.Popen([PROGRAM, str(ini)], stderr=subprocess.PIPE, text=True, cwd="/", **user)
    assert process.stderr is not None
    told = []
    for line in process.stderr:
        told.append(line)
        if "process up" in line:
            return process
    process.wait()
    pytest.fail(f"pgbouncer did not come up: {''.join(told)}")
