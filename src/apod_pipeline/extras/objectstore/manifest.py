"""A manifest: what a version is made of, file by file; and the pointer, which names the newest one.

Takes and gives JSON and plain values. Pure. Their form is in `docs/objectstore.md`, and others read it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from apod_pipeline.archive.lines import timestamp

FORMAT = 1
PARTS = "parquet/"  # the Parquet file by year: no files of the archive
PICTURES = "data/pictures/"


class File(NamedTuple):
    """One file of a version.

    Attributes:
        path: in the archive; of a part of the Parquet file, the object's.
        object: where it lies in the store.
        sha256: of its bytes.
        bytes: how many.
    """

    path: str
    object: str
    sha256: str
    bytes: int


class Origin(NamedTuple):
    """Which archive a version is of: its data set, and the instant of its first version."""

    dataset: str
    since: str


class Manifest(NamedTuple):
    """One version.

    Attributes:
        origin: whose.
        at: its instant.
        commit: that holds it, where that is known already.
        rules: version of the rules in force.
        entries: how many.
        files: all of them, by their paths.
    """

    origin: Origin
    at: dt.datetime
    commit: str | None
    rules: int
    entries: int
    files: Mapping[str, File]

    def body(self) -> bytes:
        """As it lies in the store: a line a file."""
        told = {
            "format": FORMAT,
            "archive": self.origin._asdict(),
            "version": timestamp(self.at),
            "commit": self.commit,
            "rules": self.rules,
            "entries": self.entries,
            "files": [],
        }
        lines = ",\n".join(json.dumps(self.files[path]._asdict()) for path in sorted(self.files))
        return f"{json.dumps(told).removesuffix(']}')}\n{lines}\n]}}\n".encode()

    @classmethod
    def of(cls, body: bytes) -> Manifest:
        """What lies in the store; raises ValueError where it is none of ours."""
        told = _read(body)
        files = [File(*(one[name] for name in File._fields)) for one in told["files"]]
        return cls(
            Origin(**told["archive"]),
            dt.datetime.fromisoformat(told["version"]),
            told["commit"],
            told["rules"],
            told["entries"],
            {file.path: file for file in files},
        )

    def says_the_same(self, other: Manifest) -> bool:
        """Whether both are the same files of the same version."""
        return (self.origin, self.at, self.files) == (other.origin, other.at, other.files)

    @property
    def parts(self) -> Sequence[File]:
        """The Parquet file by year."""
        return [file for path, file in sorted(self.files.items()) if path.startswith(PARTS)]

    @property
    def whole(self) -> Sequence[File]:
        """The archive's own files."""
        return [file for path, file in sorted(self.files.items()) if not path.startswith(PARTS)]

    @property
    def parquet(self) -> File:
        """The Parquet file as a whole."""
        return next(file for file in self.whole if file.path.endswith(".parquet"))

    @property
    def pictures(self) -> Mapping[str, File]:
        """Kept pictures by path."""
        return {path: file for path, file in self.files.items() if path.startswith(PICTURES)}


class Pointer(NamedTuple):
    """Which manifest is the newest.

    Attributes:
        origin: whose.
        at: instant of the version.
        manifest: where it lies.
        sha256: of the manifest's bytes.
    """

    origin: Origin
    at: dt.datetime
    manifest: str
    sha256: str

    def body(self) -> bytes:
        """As it lies in the store."""
        told = {
            "format": FORMAT,
            "archive": self.origin._asdict(),
            "version": timestamp(self.at),
            "manifest": self.manifest,
            "sha256": self.sha256,
        }
        return (json.dumps(told, indent=1) + "\n").encode()

    @classmethod
    def of(cls, body: bytes) -> Pointer:
        """What lies in the store; raises ValueError where it is none of ours."""
        told = _read(body)
        at = dt.datetime.fromisoformat(told["version"])
        return cls(Origin(**told["archive"]), at, told["manifest"], told["sha256"])


def _read(body: bytes) -> dict[str, Any]:
    told = json.loads(body)
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise ValueError(f"it is not of format {FORMAT}")
    return told


def name_of(at: dt.datetime, digest: str = "") -> str:
    """Where a version's manifest lies; a later one of the same version has some of its hash in its name."""
    return f"versions/{timestamp(at).replace(':', '-')}{f'.{digest[:12]}' if digest else ''}.json"


def object_of(digest: str) -> str:
    """Where a file of a hash lies."""
    return f"objects/{digest[:2]}/{digest}"


def newest_of(path: str) -> str:
    """Where a file of whatever version is the newest lies."""
    return f"newest/{path.rpartition('/')[2]}"


def sha256_of(body: bytes) -> str:
    """A hash, hexadecimal."""
    return hashlib.sha256(body).hexdigest()
