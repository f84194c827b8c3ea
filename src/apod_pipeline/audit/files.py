"""Raw replies, ledger and processed files: is every byte what it was, and what the replies make of it?

Takes an archive and fingerprints of what was derived again, gives checks. Only reads, and never mends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known
from apod_pipeline.archive.packs import packs_in
from apod_pipeline.archive.replies import damaged, given_up
from apod_pipeline.archive.text_files import csv_line
from apod_pipeline.audit.findings import found, looked_at
from apod_pipeline.audit.rederiving import Derived, fingerprint
from apod_pipeline.model import Finding
from apod_pipeline.versions.commits import pointer_hashes
from apod_pipeline.versions.objects import md5


def replies(archive: Archive, known: Known) -> Iterator[Finding]:
    """Every raw reply, hashed again; and whether there are strange ones among them."""
    wrong = damaged(archive, known)
    lost = given_up(archive)
    less = f"; {len(lost)} given up" if lost else ""
    well = f"{len(known.replies) - len(lost)} replies, every byte as received{less}"
    ill = f"{{count}} of {len(known.replies)} are gone or damaged"
    yield found("raw replies", wrong, well=well, ill=ill, do="apod recover raw")
    there = {path.name for path in archive.raw.iterdir() if path.is_file()} if archive.raw.exists() else set()
    strange = sorted(there - known.replies.keys() - {path.name for path in packs_in(archive.raw)})
    if strange:
        yield found("raw folder", strange, well="", ill="{count} files that no ledger mentions", do="move them away")


def tracked(archive: Archive) -> Iterator[Finding]:
    """The files that DVC tracks: is their hash, and their size, what the `.dvc` file says?"""
    known = pointer_hashes(archive)
    for what, path in (("csv", archive.csv), ("parquet", archive.parquet)):
        told = known.get(archive.relative(path))
        if not path.is_file():
            yield looked_at(what, well=False, says=f"{path.name} is gone", do="apod recover processed")
            continue
        hashed = md5(path)
        says = f"it hashes to {hashed}" + ("" if hashed == told else f", DVC has {told} on record")
        yield looked_at(what, hashed == told, says, "apod recover processed")


def derived(archive: Archive, entries: Mapping[str, Derived]) -> Iterator[Finding]:
    """CSV and JSON, line by line against what the raw replies give today."""
    days, header = sorted(entries, key=lambda key: entries[key].place), csv_line(archive.dataset.columns.output)
    yield _lines("csv, derived", archive.csv, days, {day: entries[day].csv for day in days}, header)
    yield _lines("json, derived", archive.json, days, {day: entries[day].json for day in days}, b"[\n")


def _lines(what: str, path: Path, days: list[str], wanted: Mapping[str, bytes], head: bytes) -> Finding:
    do = "apod recover processed"
    if not path.is_file():
        return looked_at(what, well=False, says=f"{path.name} is gone", do=do)
    array = head == b"[\n"
    with path.open("rb") as file:
        first, *lines = [*file] or [b""]  # as a full disk may leave it
    tail = [lines.pop()] if array and lines else []
    last = len(lines) - 1
    ends = [b"\n" if not array or index == last else b",\n" for index in range(len(lines))]
    wrong = [
        day
        for day, line, end in zip(days, lines, ends, strict=False)
        if not line.endswith(end) or fingerprint(line if not array else line.removesuffix(end)) != wanted[day]
    ]
    if first != head or (array and tail != [b"]\n"]) or len(lines) != len(days):
        wrong.append(f"{len(lines)} of {len(days)} lines, or a different frame")
    well = f"{len(days)} entries, byte for byte what the replies give"
    return found(what, wrong, well=well, ill="{count} differences from what the replies give", do=do)
