"""The SELECTs over APOD's tables: one entry, a range as it is read, some at random, coverage, runs.

Takes a pool of connections, gives rows. Never writes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from itertools import chain, repeat
from typing import LiteralString

from apod_pipeline.extras.mirror.reads import Reads, Row

COLUMNS: LiteralString = "SELECT date, title, explanation, media_type, url, hdurl, thumbnail_url, copyright"
SELECT: LiteralString = f"{COLUMNS} FROM apod_entry"
SELECT_AT: LiteralString = f"{COLUMNS} FROM apod_as_of(%(at)s)"
KIND: LiteralString = "CASE WHEN media_type = 'other' AND url IS NOT NULL THEN 'video' ELSE media_type END"
OF_KIND: LiteralString = f"(%(kind)s::text IS NULL OR %(kind)s = {KIND})"  # `entries.shown_kind`, in SQL
STATES: LiteralString = "SELECT * FROM apod_revision"
REVISIONS: LiteralString = f"{STATES} WHERE date = %(day)s"
SEEN: LiteralString = "observed_from <= coalesce(%(at)s::timestamptz, 'infinity')"
AT: LiteralString = f"{SEEN} AND (observed_to IS NULL OR observed_to > coalesce(%(at)s::timestamptz, 'infinity'))"
OF_TYPE: LiteralString = "(%(media_type)s::text IS NULL OR media_type = %(media_type)s)"
WHY_NONE = {
    "gap": "NASA has none",
    "pending": "NASA may still publish it",
    "failed": "it could not be fetched yet",
    "quarantined": "what was received was refused",
    "unasked": "it was never requested",
}
FIRST_PIECE, PIECE = 50, 500  # rows that are fetched at one time: few at first, so that an answer begins at once


class Selects(Reads):
    """What can be asked of APOD's tables, between `open` and `close`."""

    async def days(self) -> list[Row]:
        """Every day that has an entry, with its kind and address, oldest first."""
        return await self.rows("SELECT date, media_type, url FROM apod_entry ORDER BY date")

    async def year(self, year: str) -> list[Row]:
        """The entries of a year (four digits), oldest first."""
        query: LiteralString = "WHERE date >= %(year)s || '-01-01' AND date <= %(year)s || '-12-31' ORDER BY date"
        return await self.rows(f"{SELECT} {query}", year=year)

    # ---- as it was known at an instant -----------------------------------------------------
    async def newest_at(self, at: dt.datetime, kind: str | None = None) -> Row | None:
        """The newest entry of a kind, in the old API's words."""
        return await self.one(f"{SELECT_AT} WHERE {OF_KIND} ORDER BY date DESC LIMIT 1", at=at, kind=kind)

    async def day_at(self, day: dt.date, at: dt.datetime, kind: str | None = None) -> Row | None:
        """One day's entry."""
        return await self.one(f"{SELECT_AT} WHERE date = %(day)s AND {OF_KIND}", day=str(day), at=at, kind=kind)

    async def drawn_at(self, count: int, at: dt.datetime, kind: str | None = None) -> list[Row]:
        """So many different entries, in any order."""
        query: LiteralString = f"{SELECT_AT} WHERE {OF_KIND} ORDER BY random() LIMIT %(count)s"
        return await self.rows(query, count=count, at=at, kind=kind)

    async def span_at(
        self, first: dt.date, last: dt.date, at: dt.datetime, kind: str | None = None
    ) -> AsyncIterator[list[Row]]:
        """The entries of some days in pieces, in the order of the days."""
        after = str(first - dt.timedelta(days=1))
        span: LiteralString = "date > %(after)s AND date <= %(last)s"
        for piece in chain([FIRST_PIECE], repeat(PIECE)):
            query: LiteralString = f"{SELECT_AT} WHERE {span} AND {OF_KIND} ORDER BY date LIMIT %(piece)s"
            rows = await self.rows(query, after=after, last=str(last), piece=piece, at=at, kind=kind)
            if rows:
                yield rows
            if len(rows) < piece:
                return
            after = rows[-1]["date"]

    # ---- what NASA never had --------------------------------------------------------------
    async def entry(self, day: dt.date, instant: dt.datetime | None) -> Row | None:
        """One day's entry with every field, as it is or as it was known at an instant."""
        return await self.one(f"{REVISIONS} AND {AT} LIMIT 1", day=str(day), at=instant)

    async def why_none(self, day: dt.date) -> str:
        """Why there is no entry of a day, in words."""
        row = await self.one("SELECT status, detail FROM apod_day WHERE date = %(day)s", day=str(day))
        told = WHY_NONE.get(row["status"] if row else "unasked", "")
        return ": ".join([f"no entry of {day}", *filter(None, [told, row and row["detail"]])])

    async def history(self, day: dt.date, instant: dt.datetime | None = None) -> list[Row]:
        """Every state of one day's entry that was known at an instant, oldest first."""
        return await self.rows(f"{REVISIONS} AND {SEEN} ORDER BY observed_from", day=str(day), at=instant)

    async def on_this_day(
        self, month_day: str, instant: dt.datetime | None, media_type: str | None = None
    ) -> list[Row]:
        """The entries of one calendar day (`-11-26`) of all years, newest first."""
        query: LiteralString = f"{STATES} WHERE right(date, 6) = %(day)s AND {AT} AND {OF_TYPE} ORDER BY date DESC"
        return await self.rows(query, day=month_day, at=instant, media_type=media_type)

    async def some(self, count: int, instant: dt.datetime | None, media_type: str | None = None) -> list[Row]:
        """So many different entries with every field, in any order."""
        query: LiteralString = f"{STATES} WHERE {AT} AND {OF_TYPE} ORDER BY random() LIMIT %(count)s"
        return await self.rows(query, count=count, at=instant, media_type=media_type)

    async def newest_first(
        self, count: int, instant: dt.datetime | None = None, media_type: str | None = None
    ) -> list[Row]:
        """The newest entries with every field."""
        query: LiteralString = f"{STATES} WHERE {AT} AND {OF_TYPE} ORDER BY date DESC LIMIT %(count)s"
        return await self.rows(query, count=count, at=instant, media_type=media_type)

    async def before(self, day: dt.date, count: int, instant: dt.datetime | None = None) -> list[Row]:
        """The entries before a day with every field, newest first."""
        query: LiteralString = f"{STATES} WHERE {AT} AND date < %(day)s ORDER BY date DESC LIMIT %(count)s"
        return await self.rows(query, day=str(day), count=count, at=instant)

    async def around(self, day: dt.date, instant: dt.datetime | None = None) -> Row:
        """The days of the entries before and after one: `previous`, `next`."""
        query: LiteralString = (
            f"SELECT (SELECT max(date) FROM apod_revision WHERE date < %(day)s AND {AT}) AS previous,"  # noqa: S608 - ours
            f" (SELECT min(date) FROM apod_revision WHERE date > %(day)s AND {AT}) AS next"
        )
        return await self.one(query, day=str(day), at=instant) or {}

    async def every_day(self, instant: dt.datetime | None = None) -> list[Row]:
        """Every calendar day with its status, and the kind and title of its entry, oldest first.

        Of an instant up to the newest day that was known then; why others were not there is known of today only.
        """
        if instant is None:
            return await self.rows(
                "SELECT date, status, media_type, title FROM apod_day LEFT JOIN apod USING (date)"
                " WHERE status <> 'unasked' ORDER BY date"
            )
        return await self.rows(
            f"WITH known AS (SELECT date, media_type, title FROM apod_revision WHERE {AT})"  # noqa: S608 - ours
            " SELECT date, CASE WHEN known.date IS NOT NULL THEN 'present' WHEN status = 'gap' THEN 'gap'"
            " ELSE 'unasked' END AS status, media_type, title FROM apod_day LEFT JOIN known USING (date)"
            " WHERE date BETWEEN (SELECT min(date) FROM known) AND (SELECT max(date) FROM known) ORDER BY date",
            at=instant,
        )

    async def kinds(self, instant: dt.datetime | None = None) -> list[Row]:
        """For every year how many entries of each kind."""
        return await self.rows(
            "SELECT left(date, 4) AS year, count(*) FILTER (WHERE media_type = 'image') AS image,"  # noqa: S608 - ours
            " count(*) FILTER (WHERE media_type = 'video') AS video,"
            " count(*) FILTER (WHERE media_type NOT IN ('image', 'video')) AS other"
            f" FROM apod_revision WHERE {AT} GROUP BY 1 ORDER BY 1",
            at=instant,
        )

    async def quality(self, instant: dt.datetime | None = None) -> list[Row]:
        """For every version how many entries there were, and how many of them carried a damage that was kept."""
        return await self.rows(
            "WITH steps AS (SELECT observed_from AS at, 1 AS entries, (flags <> '{}')::int AS flagged"
            " FROM apod_revision"
            " UNION ALL SELECT observed_to, -1, -(flags <> '{}')::int FROM apod_revision WHERE observed_to IS NOT NULL)"
            " SELECT at, sum(sum(entries)) OVER (ORDER BY at)::int AS entries,"
            " sum(sum(flagged)) OVER (ORDER BY at)::int AS flagged FROM steps"
            " WHERE at <= coalesce(%(at)s::timestamptz, 'infinity') GROUP BY at ORDER BY at",
            at=instant,
        )

    async def coverage(self) -> list[Row]:
        """For every year how many of its days are in which state."""
        query: LiteralString = "SELECT left(date, 4) AS year, status, count(*) AS days FROM apod_day GROUP BY 1, 2"
        return await self.rows(f"{query} ORDER BY 1, 2")

    async def coverage_at(self, instant: dt.datetime) -> list[Row]:
        """As `coverage`, of the days that were there at an instant; why others were not is known of today only."""
        query: LiteralString = "SELECT left(date, 4) AS year, 'present' AS status, count(*) AS days FROM apod_revision"
        return await self.rows(f"{query} WHERE {AT} GROUP BY 1 ORDER BY 1", at=instant)

    async def odd_days(self) -> list[Row]:
        """Days that are neither there nor never asked for, and why."""
        return await self.rows(
            "SELECT date, status, detail FROM apod_day WHERE status NOT IN ('present', 'unasked') ORDER BY date"
        )

    async def runs(self, count: int, instant: dt.datetime | None = None) -> list[Row]:
        """What the last runs did that had begun at an instant, newest first."""
        query: LiteralString = "SELECT * FROM apod_run WHERE started_at <= coalesce(%(at)s::timestamptz, 'infinity')"
        return await self.rows(f"{query} ORDER BY started_at DESC LIMIT %(count)s", count=count, at=instant)

    async def numbers(self, instant: dt.datetime | None = None) -> Row | None:
        """The archive in a few numbers."""
        version: LiteralString = f"SELECT max(observed_from) FROM apod_revision WHERE {SEEN}"  # noqa: S608 - ours
        revisions: LiteralString = f"SELECT count(*) FROM apod_revision WHERE {SEEN}"  # noqa: S608 - as above
        if instant is None:
            version = "SELECT version_at FROM apod_state"
        return await self.one(
            f"SELECT count(*) AS entries, min(date) AS first, max(date) AS last, ({revisions}) AS revisions,"  # noqa: S608 - as above
            f" ({version}) AS version_at FROM apod_revision WHERE {AT}",
            at=instant,
        )
