"""Versions whose files were let go of, because this program can make them again: what the archive wrote down of them.

Takes an archive, gives what the ledger's `thinned-YYYY.jsonl` tells, and which objects any version still needs. Only
reads and appends; never deletes an object.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.lines import append_lines, instant, read_lines, timestamp
from apod_pipeline.versioning.dvc import hash_in
from apod_pipeline.versioning.git import Git
from apod_pipeline.versions.commits import all_hashes, pointer_hashes


class Thinned(NamedTuple):
    """A version that is made again when it is asked for.

    Attributes:
        commit: whose.
        at: the instant of the state that it holds.
        csv: MD5 of its CSV; None where that stayed.
        parquet: MD5 of its Parquet file; None where that stayed.
        content: what its entries hash to together, whatever wrote the Parquet file.
    """

    commit: str
    at: dt.datetime
    csv: str | None
    parquet: str | None
    content: str

    @property
    def objects(self) -> set[str]:
        """The objects that were let go of."""
        return {oid for oid in (self.csv, self.parquet) if oid}


def thinned(archive: Archive) -> dict[str, Thinned]:
    """Every version that was thinned out, by its commit."""
    lines = (line for path in sorted(archive.ledger.glob("thinned-*.jsonl")) for line in read_lines(path))
    return {line["commit"]: _thinned(line) for line in lines}


def _thinned(line: Mapping[str, Any]) -> Thinned:
    return Thinned(line["commit"], instant(line["at"]), line.get("csv"), line.get("parquet"), line["content"])


def write_down(archive: Archive, versions: Iterable[Thinned], now: dt.datetime) -> None:
    """Tell in the ledger of versions that may go."""
    lines = [
        {"commit": one.commit, "at": timestamp(one.at), "csv": one.csv, "parquet": one.parquet, "content": one.content}
        for one in versions
    ]
    append_lines(archive.ledger / f"thinned-{now:%Y}.jsonl", lines)


def derivable(archive: Archive) -> set[str]:
    """Objects that nobody needs to keep: those of thinned versions that no other version names."""
    told = thinned(archive)
    if not told:
        return set()
    gone = {oid for one in told.values() for oid in one.objects}
    return gone - set(needed(archive, told))


def needed(archive: Archive, told: Mapping[str, Thinned]) -> Iterator[str]:
    """CSV and Parquet file of every commit that is not thinned out, of whatever branch, and of the working folder."""
    git = Git(archive.root)
    every = git.run("rev-list", "--all").split()
    paths = [f"{archive.relative(path)}.dvc" for path in (archive.csv, archive.parquet)]
    for body in git.blobs([f"{commit}:{path}" for commit in every if commit not in told for path in paths]):
        if oid := hash_in(body or b""):
            yield oid
    yield from pointer_hashes(archive).values()


def kept_hashes(archive: Archive) -> dict[str, str]:
    """What DVC must have: hash -> the first commit that needs it; without what is made again when it is asked for."""
    gone = derivable(archive)
    return {oid: commit for oid, commit in all_hashes(archive).items() if oid not in gone}


def of_commit(archive: Archive, commit: str) -> Thinned | None:
    """What was written down of a version; None where its files were kept."""
    told = thinned(archive)
    return told.get(commit) if told else None
