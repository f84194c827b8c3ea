"""Versions by what they hold: commits one after the other that name the same files are one version of the data.

Takes an archive's repository, gives groups of commits with their CSV and Parquet file. Only reads.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from apod_pipeline.archive.folder import Archive
from apod_pipeline.versioning.dvc import hash_in
from apod_pipeline.versioning.git import Git
from apod_pipeline.versions.commits import commits

SIZE = re.compile(rb"^ *(?:- )?size: (\d+)$", re.MULTILINE)


@dataclass
class Group:
    """One version of the data.

    Attributes:
        commit: the first commit that holds it; the others changed the ledger, or another folder, and no entry.
        at: its date.
        csv: MD5 of the CSV; None before there was one.
        parquet: MD5 of the Parquet file.
        sizes: bytes of each, by its MD5.
        commits: all of them.
    """

    commit: str
    at: dt.datetime
    csv: str | None
    parquet: str | None
    sizes: dict[str, int] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)

    @property
    def objects(self) -> set[str]:
        """Both MD5s."""
        return {oid for oid in (self.csv, self.parquet) if oid}


def groups(archive: Archive) -> list[Group]:
    """Every version of the data, oldest first."""
    found: list[Group] = []
    known = commits(archive)
    paths = [f"{archive.relative(path)}.dvc" for path in (archive.csv, archive.parquet)]
    bodies = [*Git(archive.root).blobs([f"{one.commit}:{path}" for one in known for path in paths])]
    for number, one in enumerate(known):
        csv, parquet = (body or b"" for body in bodies[2 * number : 2 * number + 2])
        pair = hash_in(csv), hash_in(parquet)
        if not found or (found[-1].csv, found[-1].parquet) != pair:
            sizes = {oid: _size(body) for oid, body in zip(pair, (csv, parquet), strict=True) if oid}
            found.append(Group(one.commit, one.at, *pair, sizes))
        found[-1].commits.append(one.commit)
    return found


def _size(pointer: bytes) -> int:
    told = SIZE.search(pointer)
    return int(told[1]) if told else 0
