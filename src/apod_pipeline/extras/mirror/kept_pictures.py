"""Which pictures are kept here, by day: what pages show in place of NASA's, and what `--pictures` gives to programs.

Takes the tables and the archive's folder, gives entries with what is kept of their addresses. A year is read when the
first of its days is asked for, and forgotten when the tables tell of other pictures; where none is kept, none is read.
Never tells of a file that is not in the folder.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

from apod_pipeline.archive.folder import Archive
from apod_pipeline.errors import DatabaseUnavailable
from apod_pipeline.extras.mirror.reads import AWAY, Reads, Row
from apod_pipeline.extras.mirror.shelves import Shelf, VersionWatch
from apod_pipeline.extras.pictures.shelf import EXTENSIONS, THUMBNAIL
from apod_pipeline.extras.pictures.shelf import Shelf as Files

PICTURES = "/pictures"
SMALL = 640  # pixels of a thumbnail's longer side, at most
NOT_IN_BROWSERS = frozenset({"image/tiff"})
ADDRESSES = ("hdurl", "url", "thumbnail_url")  # of an entry, the largest picture first
YEAR: LiteralString = """
SELECT p.date, p.role, p.kept_at, p.replaced_at, p.kind, p.address, p.kept_from, p.sha256, p.type, p.bytes, p.width,
       p.height, coalesce(p.address IN (e.url, e.hdurl, e.thumbnail_url), false) AS shown_now
FROM apod_picture p LEFT JOIN apod_entry e USING (date)
WHERE p.date >= %(year)s || '-01-01' AND p.date <= %(year)s || '-12-31' ORDER BY p.date, p.kept_at DESC
"""
THEN: LiteralString = (
    "kept_at <= coalesce(%(at)s::timestamptz, 'infinity')"
    " AND (replaced_at IS NULL OR replaced_at > coalesce(%(at)s::timestamptz, 'infinity'))"
)

ALIKE: LiteralString = """
SELECT date, min(bits) AS bits FROM (
    SELECT other AS date, bits FROM apod_alike WHERE date = %(day)s
    UNION ALL SELECT date, bits FROM apod_alike WHERE other = %(day)s
) AS found JOIN apod_entry USING (date) GROUP BY date ORDER BY date
"""
NUMBERS: LiteralString = f"""
SELECT count(*) AS count, coalesce(sum(bytes), 0)::bigint AS bytes
FROM (SELECT DISTINCT sha256, bytes FROM apod_picture WHERE {THEN}) AS files
"""  # noqa: S608 - put together of our own constants


class Kept(NamedTuple):
    """A picture that lies in the folder; as a row of `apod_picture`.

    Attributes:
        shown_now: whether it is of an address that its entry has now.
    """

    date: str
    role: str
    kept_at: dt.datetime
    replaced_at: dt.datetime | None
    kind: str
    address: str
    kept_from: str
    sha256: str
    type: str
    bytes: int
    width: int
    height: int
    shown_now: bool

    @property
    def path(self) -> str:
        """Where the mirror gives the file."""
        return f"{PICTURES}/{self.sha256}.{EXTENSIONS[self.type]}"

    @property
    def thumbnail(self) -> str:
        """Where it gives the small one."""
        return f"{PICTURES}/{self.sha256}{THUMBNAIL}"

    @property
    def small(self) -> tuple[int, int]:
        """Width and height of the small one."""
        scale = min(1.0, SMALL / max(self.width, self.height, 1))
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))

    @property
    def is_browsable(self) -> bool:
        """Whether browsers show the file itself."""
        return self.type not in NOT_IN_BROWSERS

    def was_there(self, instant: dt.datetime | None) -> bool:
        """Whether it was what was kept at an instant; None for now."""
        if instant is None:
            return self.replaced_at is None
        return self.kept_at <= instant and (self.replaced_at is None or instant < self.replaced_at)


class KeptPictures:
    """The pictures of one archive.

    Args:
        reading: the SELECTs.
        watch: tells which version they show; asks here what pictures they tell of.
        archive: in whose folder the files are.
    """

    def __init__(self, reading: Reads, watch: VersionWatch, archive: Archive) -> None:
        self._reading = reading
        self.files = Files(archive)
        self.is_here = archive.exists
        self.newest: dt.datetime | None = None
        self.count = 0
        self.watch = watch
        self._missing: set[Path] = set()
        self._years: Shelf[Mapping[str, Sequence[Kept]]] = Shelf(watch, 9999)
        watch.beside = self.look

    async def look(self) -> Hashable:
        """What is to be read again when it differs: the tables' pictures, and folders in which files were missing."""
        if not self.is_here:
            return None
        try:
            found = await self._reading.one("SELECT count(*) AS count, max(kept_at) AS newest FROM apod_picture") or {}
            self.count, self.newest = found["count"], found["newest"]
        except DatabaseUnavailable as error:
            if str(error) != AWAY:  # tables of another release, or no right to read this one: as if there were none
                self.count, self.newest = 0, None
        return self.count, self.newest, tuple((folder, _changed(folder)) for folder in sorted(self._missing))

    async def any(self) -> bool:
        """Whether any picture is kept."""
        if self.is_here:
            await self.watch.look()
        return self.count > 0

    async def beside(self, rows: Sequence[Row], instant: dt.datetime | None = None) -> list[dict[str, Any]]:
        """Entries, each with `kept`, the best picture of it (or None), and `here`: by address, where the mirror has it.

        Args:
            rows: with a date and addresses; what says no `hdurl` is taken for what its entry is now.
            instant: the pictures are those that were kept then; None for now.
        """
        if not rows or not await self.any():
            return [{**row, "kept": None, "here": {}} for row in rows]
        found = {year: await self._year(year) for year in {row["date"][:4] for row in rows}}
        return [_with(row, found[row["date"][:4]].get(row["date"], ()), instant) for row in rows]

    async def named(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], Kept]:
        """What is kept now of pictures that are named by their days and roles."""
        found = {year: await self._year(year) for year in {day[:4] for day, _ in names}}
        kept = (one for day, _ in names for one in found[day[:4]].get(day, ()) if one.replaced_at is None)
        return {(one.date, one.role): one for one in kept}

    async def alike(self, day: str) -> list[Row]:
        """The other days that had the same picture, or nearly: `date`, and `bits` by which they differ."""
        return await self._reading.rows(ALIKE, day=day) if await self.any() else []

    async def numbers(self, instant: dt.datetime | None) -> Row | None:
        """How many pictures were kept at an instant, and their bytes; None where none is kept."""
        return await self._reading.one(NUMBERS, at=instant) if await self.any() else None

    async def _year(self, year: str) -> Mapping[str, Sequence[Kept]]:
        return self._years.at_once(year) or await self._years.get(year, lambda: self._read(year))

    async def _read(self, year: str) -> Mapping[str, Sequence[Kept]]:
        told = [Kept(**row) for row in await self._reading.rows(YEAR, year=year)]
        return await asyncio.to_thread(self._there, told)

    def _there(self, told: Sequence[Kept]) -> Mapping[str, Sequence[Kept]]:
        found: dict[str, list[Kept]] = defaultdict(list)
        for one in told:
            if self.files.path(one.sha256, one.type).exists() and self.files.thumbnail(one.sha256).exists():
                found[one.date].append(one)
            else:
                self._missing.add(self.files.folder(one.sha256))
        return found


def _with(row: Row, pictures: Sequence[Kept], instant: dt.datetime | None) -> dict[str, Any]:
    then = [one for one in pictures if one.was_there(instant)]
    known = {one.address: one for one in then}
    named = [address for name in ADDRESSES if (address := row.get(name)) in known]
    if named:
        kept: Kept | None = known[named[0]]
    else:  # a hit of a search does not say its largest picture
        kept = next((one for one in then if one.shown_now), None) if instant is None and "hdurl" not in row else None
    here = {address: known[address].path for address in named}
    if kept and row["media_type"] == "image" and row.get("url"):
        here.setdefault(row["url"], kept.path)  # the same picture, larger than it is there
    return {**row, "kept": kept, "here": here}


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
