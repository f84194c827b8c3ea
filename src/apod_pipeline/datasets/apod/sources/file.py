"""An archive that somebody already has: JSON, JSON lines (also .gz) or CSV of v1 records.

Takes a file, gives items. Never asks anybody: `apod import` brings the bytes in, as a reply like any other. Days that
are there already are other readings, not duplicates.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

from apod_pipeline.dataset.json_items import json_items
from apod_pipeline.dataset.readings import Record
from apod_pipeline.dataset.sources import Request
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod.sources.planetary_record import settle
from apod_pipeline.errors import Unreadable

FORMS = (".json", ".jsonl", ".ndjson", ".csv")


@dataclass(frozen=True, eq=False, repr=False)
class ArchiveFile:
    """Records of the old API's shape in a file."""

    name: str = "file"
    page_days: int = 1

    def list_request(self, span: Span) -> Request:
        """A file cannot be asked."""
        raise Unreadable(f"{span}: a file is imported (`apod import FILE`), not requested")

    def day_request(self, day: dt.date) -> Request:
        """A file cannot be asked."""
        return self.list_request(Span(day, day))

    def feed_request(self, span: Span) -> Request | None:  # noqa: ARG002 - the silhouette of a source
        """A file has no feed."""
        return None

    def items(self, body: Path, form: str) -> Iterator[tuple[str | None, Any]]:  # noqa: ARG002 - told by the file's name
        """Every record with its day.

        Raises:
            Unreadable: naming the line that cannot be read.
        """
        suffixes = [suffix for suffix in body.suffixes if suffix in FORMS]
        if suffixes[-1:] == [".json"] and body.suffix != ".gz":
            records = json_items(body)
        elif suffixes[-1:] == [".csv"]:
            records = _csv_records(body)
        else:
            records = _json_lines(body)
        for record in records:
            told = record.get("date") if isinstance(record, dict) else None
            day = _day_of(told) if isinstance(told, str) else None
            yield (day, record | {"date": day}) if day else (None, record)

    def settle(self, item: Any) -> Record:  # noqa: ANN401 - whatever the file held
        """One record without what does not concern the day."""
        return settle(item)

    def remark(self, body: Path) -> str | None:
        """Nothing: it tells no version of itself."""

    def denies(self, status: int, body: Path) -> bool:  # noqa: ARG002 - the silhouette of a source
        """A file denies nothing."""
        return False


def _day_of(told: str) -> str | None:
    """The day that a date means, in the one way in which keys are written; None where it is none.

    People write 2018-10-4, 20181004, 2018-W40-4 and 2018-10-04T00:00:00; all of these are one day to everybody.
    """
    plain = told.strip()
    if found := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?", plain, re.ASCII | re.DOTALL):
        plain = f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"
    try:
        return str(dt.date.fromisoformat(plain))
    except ValueError:
        return None


@contextmanager
def _opened(body: Path) -> Iterator[IO[str]]:
    import csv
    import gzip
    import zlib

    opener = gzip.open if body.suffix == ".gz" else Path.open
    try:
        with opener(body, "rt", encoding="utf-8-sig", newline="") as lines:
            yield lines
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error, csv.Error) as error:
        raise Unreadable(f"it cannot be read to its end: {error}") from error
    except (RecursionError, ValueError) as error:
        raise Unreadable(f"it holds what cannot be read: {error}") from error


def _json_lines(body: Path) -> Iterator[Any]:
    with _opened(body) as lines:
        first = lines.readline()
        if first.lstrip().startswith("["):  # a .json.gz holds a list like any .json
            try:
                yield from json.loads(first + lines.read())
            except json.JSONDecodeError as error:
                raise Unreadable(f"its JSON breaks off or is wrong: {error.msg}") from error
            except RecursionError as error:
                raise Unreadable("its JSON is nested too deeply") from error
            return
        for number, line in enumerate(chain([first], lines), 1):
            if not line.strip():
                continue
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                raise Unreadable(f"line {number} is not readable JSON: {error}") from error


def _csv_records(body: Path) -> Iterator[dict[str, str]]:
    import csv

    csv.field_size_limit(1 << 24)
    with _opened(body) as lines:
        reader = csv.DictReader(lines)
        if "date" not in (reader.fieldnames or ()):
            raise Unreadable("its first line has no column 'date'")
        for row in reader:
            yield {name: value for name, value in row.items() if name and value}
