"""As much of PostgreSQL's protocol as it takes to ask whether a server accepts, and to make a database.

Takes a socket's path, gives yes or no, never holds a connection open and never reads data: everything else is
psycopg's, which takes longer to import than the server takes to start.

Source: the PostgreSQL documentation, "Frontend/Backend Protocol", message flow and formats of version 3.0.
"""

from __future__ import annotations

import socket
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PORT = 5432
ROLE = DATABASE = "apod"
SOCKET_NAME = f".s.PGSQL.{PORT}"
_PROTOCOL_3_0 = 196608
_SECONDS = 10.0
_CANNOT_CONNECT_NOW = "57P03"


class RefusalError(Exception):
    """The server answered with an error; `code` is its SQLSTATE."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields.get("M", ""))
        self.code = fields.get("C", "")


def accepts(directory: Path) -> bool:
    """Whether a server at that socket directory takes connections now (a server that is full does)."""
    try:
        with _session(directory, DATABASE):
            return True
    except RefusalError as refusal:
        return refusal.code != _CANNOT_CONNECT_NOW
    except OSError:
        return False


def make_database(directory: Path) -> None:
    """Make the database where it is missing; the server accepts already.

    Raises:
        RefusalError: The server says no.
        OSError: It cannot be reached.
    """
    with _session(directory, "postgres") as connection:
        if not _ask(connection, f"SELECT FROM pg_database WHERE datname = '{DATABASE}'"):
            _ask(connection, f"CREATE DATABASE {DATABASE}")


@contextmanager
def _session(directory: Path, database: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(str(directory / SOCKET_NAME))
        body = struct.pack("!i", _PROTOCOL_3_0) + f"user\0{ROLE}\0database\0{database}\0\0".encode()
        connection.sendall(struct.pack("!i", len(body) + 4) + body)
        _until_ready(connection)
        yield connection
        connection.sendall(b"X\0\0\0\4")


def _ask(connection: socket.socket, statement: str) -> int:
    query = statement.encode() + b"\0"
    connection.sendall(b"Q" + struct.pack("!i", len(query) + 4) + query)
    return _until_ready(connection)


def _until_ready(connection: socket.socket) -> int:
    """Read on to where the server waits for the next question; how many rows came along."""
    rows = 0
    while True:
        head = _read(connection, 5)
        kind, length = struct.unpack("!ci", head)
        body = _read(connection, length - 4)
        if kind == b"E":
            raise RefusalError({field[:1]: field[1:] for field in body.decode(errors="replace").split("\0")})
        if kind == b"Z":
            return rows
        rows += kind == b"D"


def _read(connection: socket.socket, size: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < size:
        chunk = connection.recv(size - len(chunks))
        if not chunk:
            message = "the server hung up"
            raise ConnectionResetError(message)
        chunks += chunk
    return bytes(chunks)
