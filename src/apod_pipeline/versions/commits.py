"""Which versions there are, what a name for one means, and which files one holds: read from Git.

Takes an archive's repository and what a user typed, gives commits and hashes. Only reads; never opens a data file,
never asks a remote.

A version is a commit. A commit's date is the instant of the state it holds, so a calendar day means the last state of
that day, as `apod_as_of` in SQL does.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.errors import SettingsError, VersioningError
from apod_pipeline.model import LEFT_OUT
from apod_pipeline.versioning.dvc import hash_in
from apod_pipeline.versioning.git import Git, GitFailed

FIELDS = ("%H", "%ct", "%an <%ae>", "%s", "%D", "%(trailers:key=Code-Version,valueonly,separator= )")
TAG = "tag: refs/tags/"


class Commit(NamedTuple):
    """One version as Git has it.

    Attributes:
        commit: its hash.
        at: its date: the instant of the state it holds, UTC.
        who: `Name <mail>`.
        subject: the first line of its message.
        tags: names of the releases it is.
        code: the code that made it; empty where no pipeline did.
    """

    commit: str
    at: dt.datetime
    who: str
    subject: str
    tags: tuple[str, ...]
    code: str


class Changed(NamedTuple):
    """What a version did to the entries, and what they were then.

    Attributes:
        version: the commit.
        added: entries that were not there before.
        edited: entries that read otherwise before.
        removed: entries that are not there any more.
        entries: how many there were; None where the commit does not tell.
        csv_md5: the CSV's hash, as DVC knows it.
    """

    version: Commit
    added: int
    edited: int
    removed: int
    entries: int | None
    csv_md5: str | None


def commits(archive: Archive, until: str = "HEAD", most: int = -1) -> list[Commit]:
    """Every version up to a commit, or the last few (`most`), oldest first; none before the first run."""
    git = Git(archive.root)
    if not git.exists or git.head() is None:
        return []
    form = ("--decorate=full", "--decorate-refs=refs/tags/", f"--format={'%x00'.join(FIELDS)}%x01")
    said = git.run("log", "--first-parent", "--reverse", f"--max-count={most}", *form, until)
    return [_commit(record.lstrip("\n").split("\0")) for record in said.split("\x01")[:-1]]


def _commit(fields: Sequence[str]) -> Commit:
    commit, seconds, who, subject, decorations, code = fields
    tags = tuple(name.removeprefix(TAG) for name in decorations.split(", ") if name.startswith(TAG))
    return Commit(commit, dt.datetime.fromtimestamp(int(seconds), dt.UTC), who, subject, tags, code.strip())


# ---- names ---------------------------------------------------------------------------------
def resolve(archive: Archive, name: str) -> str:
    """The commit that a user means.

    Args:
        archive: whose versions.
        name: a commit, tag or `HEAD~3`; or a day (its last state) or an instant (UTC where it names no zone).

    Raises:
        SettingsError: when there is no such version, or none yet at that time.
    """
    instant = moment(name)
    if instant is None:
        try:
            return (
                Git(archive.root).run("rev-parse", "--verify", "-q", "--end-of-options", f"{name}^{{commit}}").strip()
            )
        except GitFailed as error:
            raise SettingsError(
                f"{name!r} is not a version of {archive.root}: neither a commit, a tag nor a day (YYYY-MM-DD). Nothing "
                "was changed; `apod log` lists the versions."
            ) from error
    known = commits(archive)
    index = bisect_right([version.at for version in known], instant)
    if not index:
        first = f"the first is from {timestamp(known[0].at)}" if known else "there are none yet"
        raise SettingsError(f"{name}: this archive had no version then; {first}. `apod log` lists the versions.")
    return known[index - 1].commit


def moment(name: str) -> dt.datetime | None:
    """The instant that a name of a day (its end) or of an instant means, UTC; None for any other name."""
    if not re.match(r"\d{4}-\d\d-\d\d", name):
        return None
    try:
        if len(name) == len("YYYY-MM-DD"):
            return dt.datetime.combine(dt.date.fromisoformat(name), dt.time.max, dt.UTC)
        told = dt.datetime.fromisoformat(name)
        return told.astimezone(dt.UTC) if told.tzinfo else told.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):  # its zone may lead out of the calendar's years
        return None


def commit_of(archive: Archive, commit: str) -> Commit:
    """One version, by its commit's hash."""
    return commits(archive, commit, most=1)[-1]


# ---- what stands in one --------------------------------------------------------------------
def hashes(archive: Archive, commit: str) -> dict[str, str]:
    """What DVC keeps for a version: path inside the archive -> MD5 (of a folder: of its listing, ending in `.dir`).

    Raises:
        VersioningError: when the commit is not there.
    """
    git = Git(archive.root)
    names = git.run("ls-tree", "-r", "--name-only", commit, "data").splitlines()
    pointers = [name for name in names if name.endswith(".dvc")]
    bodies = git.blobs([f"{commit}:{name}" for name in pointers])
    found = {name.removesuffix(".dvc"): hash_in(body or b"") for name, body in zip(pointers, bodies, strict=True)}
    return {name: md5 for name, md5 in found.items() if md5}


def pointer_hashes(archive: Archive, folder: str | None = None) -> dict[str, str]:
    """The same of the working folder, as the next commit would hold it; or of what lies in one of its folders."""
    paths = (archive.root / folder).glob("*.dvc") if folder else (archive.root / "data").glob("**/*.dvc")
    found = {path: hash_in(path.read_bytes()) for path in paths}
    return {archive.relative(path).removesuffix(".dvc"): md5 for path, md5 in found.items() if md5}


def all_hashes(archive: Archive) -> dict[str, str]:
    """What DVC keeps for any version, also superseded ones: hash -> the first commit that needs it."""
    git = Git(archive.root)
    form = ("--all", "--reverse", "--raw", "--root", "-m", "--no-abbrev", "--no-renames", "--format=%H")
    said = git.run("-c", "log.showRoot=true", "log", *form, "--", "data/*.dvc")
    first: dict[str, str] = {}  # by blob; a pointer is listed where it changed, and not in every commit that has it
    commit = ""
    for line in filter(None, said.split("\n")):
        if line.startswith(":"):
            first.setdefault(line.split(" ")[3], commit)
        else:
            commit = line
    first.pop("0" * len(next(iter(first), "")), None)  # one that was taken away
    found: dict[str, str] = {}
    for commit, body in zip(first.values(), git.blobs(list(first)), strict=True):
        if md5 := hash_in(body or b""):
            found.setdefault(md5, commit)
    return found


def parquet_hash(archive: Archive, commit: str) -> str:
    """The hash of the Parquet file of a version.

    Raises:
        VersioningError: when the commit holds none.
    """
    path = archive.relative(archive.parquet)
    if md5 := hashes(archive, commit).get(path):
        return md5
    raise VersioningError(f"{commit[:10]} is not a version of the data: it holds no {path}.dvc. `apod log` lists them.")


# ---- the log -------------------------------------------------------------------------------
def log(archive: Archive) -> Iterator[Changed]:
    """Every version and what it changed, oldest first."""
    known = commits(archive)
    csv, report = f"{archive.relative(archive.csv)}.dvc", archive.relative(archive.quality_report)
    git = Git(archive.root)
    pointers = git.blobs([f"{version.commit}:{csv}" for version in known])
    reports = git.blobs([f"{version.commit}:{report}" for version in known])
    states = _Counts(archive)
    before: tuple[dt.datetime | None, int] = None, 0
    for version, pointer, told in zip(known, pointers, reports, strict=True):
        added, edited, left = states.between(before[0], version.at)
        entries = _entries(told)
        if archive.dataset.identity is None:
            removed = 0 if entries is None else max(0, before[1] + added - entries)
        else:
            removed = left
            added = added if entries is None else entries - before[1] + left
        yield Changed(version, added, edited, removed, entries, hash_in(pointer or b""))
        before = version.at, before[1] if entries is None else entries


def _entries(report: bytes | None) -> int | None:
    try:
        return int(json.loads(report or b"")["entries"])
    except (ValueError, KeyError, TypeError):
        return None


class _Counts:
    """How many entries came and changed between two instants, by the ledger."""

    def __init__(self, archive: Archive) -> None:
        ledger = Ledger(archive)
        versions = ledger.versions()
        self._at = [version.at for version in versions]
        self._lines = [version.lines for version in versions]
        self._first = sorted(ledger.known(self._lines[-1] if versions else 0).first_line.values())
        self._replaced = sorted((line["to"], line["key"], line["cause"]) for line in ledger.superseded(versions))

    def between(self, after: dt.datetime | None, until: dt.datetime) -> tuple[int, int, int]:
        """Entries added, edited, and left out, after one instant and up to another."""
        added = self._held(until) - (self._held(after) if after else 0)
        low = bisect_right(self._replaced, (timestamp(after), "~")) if after else 0
        high = bisect_right(self._replaced, (timestamp(until), "~"))
        left = {key for _, key, cause in self._replaced[low:high] if cause == LEFT_OUT}
        return added, len({key for _, key, _ in self._replaced[low:high]} - left), len(left)

    def _held(self, at: dt.datetime) -> int:
        index = bisect_right(self._at, at)
        return bisect_right(self._first, self._lines[index - 1] - 1) if index else 0
