"""What of an archive goes into the store: its three processed files, the Parquet file by year, its kept pictures.

Takes an archive, gives files with their hashes, and their bytes. The processed files are opened at once and read
through that opening: DVC may take them away meanwhile, and they are never written to, only replaced.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from apod_pipeline.archive.folder import Archive
from apod_pipeline.extras.objectstore.manifest import PARTS, File, object_of, sha256_of


class Sending(NamedTuple):
    """A file, and what its bytes are read from."""

    file: File
    source: IO[bytes] | bytes


@dataclass
class Contents:
    """The files of a version, as they are now.

    Attributes:
        archive: whose.
    """

    archive: Archive
    _opened: dict[str, IO[bytes]] = field(default_factory=dict)
    _held: ExitStack = field(default_factory=ExitStack)

    def open(self) -> None:
        """Open the processed files; raises OSError where one is not there."""
        for path in (self.archive.csv, self.archive.json, self.archive.parquet):
            self._opened[self.archive.relative(path)] = self._held.enter_context(path.open("rb"))

    def close(self) -> None:
        """Let go of them."""
        self._held.close()

    def processed(self) -> dict[str, Sending]:
        """CSV, JSON and Parquet by their paths."""
        found = {}
        for path, file in self._opened.items():
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type] # a plain file it is
            size = os.fstat(file.fileno()).st_size
            file.seek(0)
            found[path] = Sending(File(path, object_of(digest), digest, size), file)
        return found

    def parts(self) -> tuple[dict[str, Sending], int]:
        """The Parquet file by year, in its order; and how many entries it holds."""
        import polars

        file = self._opened[self.archive.relative(self.archive.parquet)]
        file.seek(0)
        frame = polars.read_parquet(file)
        file.seek(0)
        year = polars.col(self.archive.dataset.columns.day).cast(polars.String).str.slice(0, 4)
        years = frame.select(year.unique().sort()).to_series().drop_nulls()
        found = {}
        for one in years:
            body = io.BytesIO()
            frame.filter(year == one).write_parquet(body, compression="zstd")
            digest = sha256_of(body.getvalue())
            path = f"{PARTS}year={one}/{digest}.parquet"
            found[path] = Sending(File(path, path, digest, len(body.getvalue())), body.getvalue())
        return found, frame.height

    def pictures(self, known: Mapping[str, File]) -> Iterator[tuple[str, Path]]:
        """Kept pictures and thumbnails that are not known, or of another size: their paths in the archive, and here."""
        root = self.archive.root / "data" / "pictures"
        for folder in sorted(root.iterdir()) if root.is_dir() else ():
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                if path.name.startswith(".") or not path.is_file():
                    continue
                name = self.archive.relative(path)
                if name not in known or known[name].bytes != path.stat().st_size:
                    yield name, path


@contextmanager
def picture(name: str, path: Path) -> Iterator[Sending | None]:
    """A picture with its hash; None where it is not what its name says."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = os.fstat(file.fileno()).st_size
        file.seek(0)
        stem, _, rest = path.name.partition(".")
        sound = rest.startswith("thumb.") or stem == digest
        yield Sending(File(name, object_of(digest), digest, size), file) if sound else None
