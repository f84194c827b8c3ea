"""What was made once and is put back for each test at the very same place, so that paths and addresses in it hold."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, cast
from urllib.parse import urlsplit

import psycopg


@dataclass(frozen=True)
class Kept:
    """A folder and databases as they were when `keep` was called.

    Attributes:
        server: a superuser's address of the server.
        folder: all files, archives and remotes alike.
        databases: addresses of the databases.
    """

    server: str
    folder: Path
    databases: tuple[str, ...]

    def keep(self) -> None:
        """Make the copies; nobody may be in the databases."""
        shutil.copytree(self.folder, self._copies, symlinks=True)
        with psycopg.connect(self.server, autocommit=True) as server:
            for name in self._names:
                _copied(server, name, f"{name}_kept")

    def put_back(self) -> None:
        """Let all be as it was, whatever was done to it, and whoever is in the databases."""
        if self.folder.exists():
            shutil.rmtree(self.folder)
        shutil.copytree(self._copies, self.folder, symlinks=True)
        with psycopg.connect(self.server, autocommit=True) as server:
            for name in self._names:
                _copied(server, f"{name}_kept", name)

    @property
    def _names(self) -> list[str]:
        return [urlsplit(address).path[1:] for address in self.databases]

    @property
    def _copies(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}-kept")


def _copied(server: psycopg.Connection[tuple[object, ...]], template: str, name: str) -> None:
    for words in (
        f"DROP DATABASE IF EXISTS {name} WITH (FORCE)",
        f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY",
    ):
        server.execute(cast("LiteralString", words))


def database(server: str, name: str, template: str = "template1") -> str:
    """A new database, a copy of another one; gives its address."""
    with psycopg.connect(server, autocommit=True) as connection:
        _copied(connection, template, name)
    return urlsplit(server)._replace(path=f"/{name}").geturl()
