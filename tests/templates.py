"""Archives that were filled once: a copy of one, its DVC remote and its database is had in a tenth of the time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg

from apod_pipeline.dataset.spans import Span


class Template(NamedTuple):
    """An archive's folder (its remote lies beside it) and its database."""

    root: Path
    database: str


@dataclass
class Templates:
    """Templates of one process, made when they are first asked for.

    Attributes:
        folder: where they lie.
        server: a superuser's address of the server.
        migrated: name of a database with all tables.
        fill: runs over a span into a new archive and database, with some settings.
    """

    folder: Path
    server: str
    migrated: str
    fill: Callable[[Path, str, Span, dict[str, Any]], object]
    made: dict[tuple[Any, ...], Template] = field(default_factory=dict)

    def copy(self, span: Span, flags: dict[str, Any], root: Path, database: str) -> None:
        """Let an archive that does not exist yet, and its empty database, be as after a run over a span."""
        template = self._of(span, flags)
        beside = f"{template.root.name}-remote"
        shutil.copytree(template.root, root, symlinks=True)
        shutil.copytree(template.root.with_name(beside), root.with_name(f"{root.name}-remote"), symlinks=True)
        marks = root / ".apod" / "progress.json"
        marks.write_text(marks.read_text(encoding="utf-8").replace(str(template.root), str(root)), encoding="utf-8")
        self._database(urlsplit(database).path[1:], template.database)

    def _of(self, span: Span, flags: dict[str, Any]) -> Template:
        key = (span, *sorted(flags.items()))
        if key not in self.made:
            name = f"template_{os.getpid()}_{len(self.made)}"
            root = self.folder / name / "archive"
            self._database(name, self.migrated)
            self.fill(root, urlsplit(self.server)._replace(path=f"/{name}").geturl(), span, flags)
            self.made[key] = Template(root, name)
        return self.made[key]

    def _database(self, name: str, template: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            server.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
