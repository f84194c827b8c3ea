"""Which ledger files hold lines of a sealed version that no commit holds: those would be missing in every clone.

Takes an archive and its repository, gives names. Lines that no version has sealed yet wait for the next commit by
design, and are not meant. Never changes anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Version
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.versioning.git import Git, GitFailed


def sealed_and_uncommitted(archive: Archive) -> list[str]:
    """The ledger files, by their names in Git, of which the newest commit lacks lines that a version sealed.

    Raises:
        GitFailed: git cannot read the repository.
    """
    versions = Ledger(archive).versions()
    return [name for name in grown(archive) if _holds_sealed(archive, name, versions)] if versions else []


def grown(archive: Archive) -> list[str]:
    """The ledger files that are longer than they were committed, also where a list of names to ignore hides them.

    Raises:
        GitFailed: git cannot read the repository.
    """
    git = Git(archive.root)
    try:
        told = git.run("ls-tree", "-r", "-l", "-z", "HEAD", "--", "data/ledger").split("\0")
    except GitFailed:
        if git.head() is not None:
            raise
        told = []  # nothing is committed yet
    sizes = {name: int(about.split()[-1]) for line in told if line for about, _, name in [line.partition("\t")]}
    files = ((archive.relative(file), file.stat().st_size) for file in sorted(archive.ledger.glob("*.jsonl")))
    return [name for name, size in files if size > sizes.get(name, 0)]


def _holds_sealed(archive: Archive, name: str, versions: list[Version]) -> bool:
    path = archive.root / name
    committed = next(Git(archive.root).blobs([f"HEAD:{name}"])) or b""
    if path.name.startswith("replies-"):
        shards = sorted(archive.ledger.glob("replies-*.jsonl"))
        before = sum(_count(shard.read_bytes()) for shard in shards[: shards.index(path)])
        return _count(committed) < min(_count(path.read_bytes()), versions[-1].lines - before)
    later = path.read_bytes().split(b"\n")[_count(committed) : -1]
    if path.name.startswith("superseded-"):
        sealed = {timestamp(version.at) for version in versions}
        return any(state.get("to") in sealed for state in _parsed(later))
    return path.name == "versions.jsonl" and bool(later)


def _parsed(lines: list[bytes]) -> Iterator[dict[str, object]]:
    for line in lines:
        try:
            yield dict(json.loads(line))
        except ValueError:  # torn: the audit of the ledger itself names that
            continue


def _count(content: bytes) -> int:
    return content.count(b"\n")
