"""A server for the length of a block, whose data is thrown away: what tests and demonstrations want.

Takes a folder, gives a superuser's URL, never leaves the folder behind.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apod_pipeline.embedded_postgres.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def temporary_server(folder: Path, *, fsync: bool = False, binaries: Path | None = None) -> Iterator[str]:
    """A fast server in `folder`, which is removed afterwards.

    Args:
        folder: A folder that does not exist yet, or an empty one.
        fsync: True for the timings of a server that keeps its data.
        binaries: As for `EmbeddedPostgres`.

    Raises:
        DatabaseError: It could not be started.
    """
    try:
        with EmbeddedPostgres(folder, fsync=fsync, binaries=binaries).lease() as conninfo:
            yield conninfo
    finally:
        if folder.exists():
            shutil.rmtree(folder)
