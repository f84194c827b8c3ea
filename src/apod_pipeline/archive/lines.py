"""Append-only files of JSON lines, and instants as they are written there.

Takes values, gives lines, and back. A torn last line, as a killed writer leaves it, does not count.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.errors import ArchiveDamaged


def append_lines(path: Path, values: Iterable[dict[str, Any]]) -> None:
    """Add lines to a ledger. A torn last line of a killed writer is cut off first."""
    lines = b"".join(_line(value) for value in values)
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        _cut_torn_line(file)
        half = len(lines) // 2
        file.write(lines[:half])
        file.flush()
        kill_point(f"write {path.parent.name}")
        file.write(lines[half:])
        file.flush()
        os.fsync(file.fileno())


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"


def lines_in(content: bytes) -> list[bytes]:
    """The whole lines of a ledger's bytes, each with its end; a torn last one is left out.

    Only a line feed ends a line: the reasons and texts in a ledger may hold whatever else Unicode, or `splitlines`,
    takes for an end of line.
    """
    *whole, _ = content.split(b"\n")
    return [line + b"\n" for line in whole]


def parsed_lines(content: bytes, whose: Path) -> Iterator[dict[str, Any]]:
    """The values in a ledger's bytes, oldest first; a torn last line does not count.

    Args:
        content: of the file, wherever it was read.
        whose: the file, to be named.

    Raises:
        ArchiveDamaged: when a line is not JSON.
    """
    for number, line in enumerate(lines_in(content), 1):
        try:
            yield _parsed(line)
        except ValueError as error:
            raise ArchiveDamaged(
                f"{whose}, line {number} is not JSON. The archive's other files are untouched; "
                f"`git -C {whose.parent} checkout -- {whose.name}` brings the last committed ledger back."
            ) from error


def mend_torn_lines(folder: Path) -> None:
    """Cut off the torn last line that a killed writer left in a ledger: no version is to hold it."""
    for path in folder.glob("*.jsonl"):
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            if not end:
                continue
            file.seek(end - 1)
            torn = file.read(1) != b"\n"
        if torn:
            with path.open("ab+") as file:
                _cut_torn_line(file)
                os.fsync(file.fileno())


def _cut_torn_line(file: IO[bytes]) -> None:
    end = file.seek(0, os.SEEK_END)
    if not end:
        return
    file.seek(end - 1)
    if file.read(1) == b"\n":
        return
    file.seek(0)
    file.truncate(file.read().rfind(b"\n") + 1)
    file.seek(0, os.SEEK_END)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a ledger, oldest first; a torn last line does not count.

    Raises:
        ArchiveDamaged: when a line is not JSON.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    yield from parsed_lines(content, path)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        value: dict[str, Any] = orjson.loads(line)
    except ValueError:
        value = json.loads(line)  # slower, and knows half a surrogate pair
    return value


def timestamp(instant: dt.datetime) -> str:
    """An instant as the ledgers write it: UTC, `Z` at the end, microseconds only where there are any."""
    return instant.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def instant(text: str) -> dt.datetime:
    """The instant that `timestamp` wrote.

    Raises:
        ArchiveDamaged: it wrote something else.
    """
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ArchiveDamaged(
            f"the ledger holds {text!r} where an instant belongs. Nothing was changed; `apod recover ledger` repairs "
            "it."
        ) from error
