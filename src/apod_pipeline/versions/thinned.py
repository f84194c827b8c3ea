"""Versions whose files were let go of, because this program can make them again: what the archive wrote down of them.

Takes an archive, gives what the ledger's `thinned-YYYY.jsonl` tells, and which objects any version still needs. Only
reads and appends; never deletes an object.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """Objects that nobody needs to keep: files of thinned versions that no other version names.

    The lines come with a pull, so they are believed of what their commit names as CSV and Parquet file, and of nothing
    else.
    """
    told = thinned(archive)
    if not told:
        return set()
    every = Git(archive.root).run("rev-list", "--all").split()
    ours = {
        oid for commit, oid in _files(archive, [one for one in every if one in told]) if oid in told[commit].objects
    }
    others = {oid for _, oid in _files(archive, [one for one in every if one not in told])}
    return ours - others - set(pointer_hashes(archive).values())


def _files(archive: Archive, commits: Sequence[str]) -> Iterator[tuple[str, str]]:
    """CSV and Parquet file of commits."""
    paths = [f"{archive.relative(path)}.dvc" for path in (archive.csv, archive.parquet)]
    asked = [(commit, path) for commit in commits for path in paths]
    bodies = Git(archive.root).blobs([f"{commit}:{path}" for commit, path in asked])
    for (commit, _), body in zip(asked, bodies, strict=True):
        if oid := hash_in(body or b""):
            yield commit, oid


def kept_hashes(archive: Archive) -> dict[str, str]:
    """What DVC must have: hash -> the first commit that needs it; without what is made again when it is asked for."""
    gone = derivable(archive)
    return {oid: commit for oid, commit in all_hashes(archive).items() if oid not in gone}
