"""What comes near in some days: a plot, a table, and what the newest version changed.

Takes what the page is asked, gives what its template shows. Never writes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, LiteralString, NamedTuple

from starlette.exceptions import HTTPException

from apod_pipeline.datasets.approaches.pages.plot import plot
from apod_pipeline.datasets.approaches.pages.words import Row, address, lunar, name, told, when
from apod_pipeline.ports import Asked

BEFORE, AFTER = dt.timedelta(days=30), dt.timedelta(days=60)
LONGEST, MOST = 366, 500  # days of a window; approaches that are shown of it, the nearest
A_LIST = 15  # changes of one cause that are named, those of the nearest
INSTANT: LiteralString = "coalesce(%(at)s::timestamptz, 'infinity')"
WINDOW: LiteralString = f"""
SELECT *, count(*) OVER () AS total FROM approaches_as_of({INSTANT})
WHERE date BETWEEN %(first)s AND %(last)s ORDER BY dist, approach LIMIT {MOST}
"""  # noqa: S608 - ours
KNOWN: LiteralString = f"""
SELECT coalesce(max(date) FILTER (WHERE date <= %(today)s), min(date)) AS day FROM approaches_as_of({INSTANT})
"""  # noqa: S608 - ours
# The states that began, and those that ended without another one, on the day of the newest version; each with what was
# said before.
CHANGES: LiteralString = f"""
WITH day AS (
    SELECT date_trunc(
        'day', greatest(max(observed_from), max(observed_to) FILTER (WHERE observed_to <= {INSTANT}))
    ) AS day
    FROM approaches_revision WHERE observed_from <= {INSTANT}
), states AS (
    SELECT *, lag(observed_to) OVER w AS was_to, lag(dist) OVER w AS was_dist, lag(des) OVER w AS was_des,
        lag(fullname) OVER w AS was_fullname, lag(utc) OVER w AS was_utc, lag(cd) OVER w AS was_cd,
        lead(observed_from) OVER w AS next_from
    FROM approaches_revision WHERE observed_from <= {INSTANT} AND approach = ANY(ARRAY(
        SELECT approach FROM approaches_revision, day WHERE observed_from >= day OR observed_to >= day))
    WINDOW w AS (PARTITION BY approach ORDER BY observed_from)
), changes AS (
    SELECT states.*, CASE WHEN was_to IS NULL THEN 'new' WHEN was_to < observed_from THEN 'back' ELSE cause END AS what
    FROM states, day WHERE observed_from >= day
    UNION ALL
    SELECT states.*, 'left out' FROM states, day
    WHERE observed_to >= day AND observed_to <= {INSTANT} AND next_from IS DISTINCT FROM observed_to
), ranked AS (
    SELECT *, count(*) OVER (PARTITION BY what) AS n,
        row_number() OVER (PARTITION BY what ORDER BY dist, approach) AS rank
    FROM changes
)
SELECT ranked.*, day FROM ranked, day WHERE rank <= {A_LIST} ORDER BY what, rank
"""  # noqa: S608 - ours
WORDS: Mapping[str, str] = {
    "new": "New",
    "back": "Back again",
    "move": "Moved to another day",
    "rename": "Renamed",
    "left out": "Left out: JPL tells of them no more",
    "orbit": "New orbit solution",
    "source": "Told otherwise",
    "rules": "Our rules changed",
    "preference": "Another source was chosen",
}


class Window(NamedTuple):
    """The first and the last day that are shown."""

    first: dt.date
    last: dt.date

    def beside(self, times: int) -> str:
        """The query of the window before or behind."""
        by = times * (self.last - self.first + dt.timedelta(days=1))
        try:
            return f"from={self.first + by}&to={self.last + by}"
        except OverflowError:
            return ""


class Change(NamedTuple):
    """One change: of which object, and what was said before and is said now."""

    name: str
    address: str
    at: str
    was: str
    now: str


async def some_days(asked: Asked) -> Mapping[str, Any]:
    """What the page of a window shows."""
    window = _window(asked.query, asked.today)
    rows, nothing_now = await _rows(asked, window), False
    if not rows and not {"from", "to"} & asked.query.keys() and (known := await _known(asked)):
        window, nothing_now = Window(known - AFTER, known + BEFORE), True
        rows = await _rows(asked, window)
    now = asked.at or dt.datetime.combine(asked.today, dt.datetime.now(dt.UTC).time())
    changes = await asked.select(CHANGES, at=asked.at)
    return {
        "window": window,
        "nothing_now": nothing_now,
        "total": rows[0]["total"] if rows else 0,
        "nearest": told(rows[0]) if rows else None,
        "within": sum(lunar(row["dist"]) <= 1 for row in rows),
        "plot": plot(rows, *window, now),
        "rows": [told(row) for row in sorted(rows, key=itemgetter("jd", "approach"))],
        "changes": _changes(changes),
        "day": changes[0]["day"].date() if changes else None,
        "today": asked.today,
    }


async def _rows(asked: Asked, window: Window) -> Sequence[Row]:
    """The approaches of a window, the nearest first."""
    return await asked.select(WINDOW, at=asked.at, first=str(window.first), last=str(window.last))


async def _known(asked: Asked) -> dt.date | None:
    """The day of the last approach up to today, else of the first one after it; None where there is none."""
    (row,) = await asked.select(KNOWN, at=asked.at, today=str(asked.today))
    return dt.date.fromisoformat(row["day"]) if row["day"] else None


def _window(query: Mapping[str, str], today: dt.date) -> Window:
    first, last = (_day(query, word) for word in ("from", "to"))
    if first is None and last is None:
        first, last = today - BEFORE, today + AFTER
    try:
        window = Window(first or (last or today) - BEFORE - AFTER, last or (first or today) + BEFORE + AFTER)
    except OverflowError:
        raise HTTPException(400, "these days lead out of the calendar") from None
    if window.last < window.first:
        raise HTTPException(400, f"from={window.first} is after to={window.last}")
    if (window.last - window.first).days >= LONGEST:
        raise HTTPException(400, f"at most {LONGEST} days can be shown at one time")
    return window


def _day(query: Mapping[str, str], word: str) -> dt.date | None:
    if (text := query.get(word)) is None:
        return None
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise HTTPException(400, f"{word}={text!r} is not a day: write it as YYYY-MM-DD") from None


def _changes(rows: Sequence[Row]) -> list[tuple[str, int, list[Change]]]:
    """By cause in the order of `WORDS`: its words, how many there are, and the nearest of them."""
    by_cause = {what: list(some) for what, some in groupby(rows, itemgetter("what"))}
    causes = [*WORDS, *(what for what in by_cause if what not in WORDS)]
    return [
        (WORDS.get(what, what), by_cause[what][0]["n"], [_change(row) for row in by_cause[what]])
        for what in causes
        if what in by_cause
    ]


def _change(row: Row) -> Change:
    was, now = "", f"{lunar(row['dist']):.3f} LD"
    if row["what"] == "move":
        was, now = when({"utc": row["was_utc"], "cd": row["was_cd"]}), when(row)
    elif row["what"] == "rename":
        was, now = name({"des": row["was_des"], "fullname": row["was_fullname"]}), name(row)
    elif row["what"] not in {"new", "back", "left out"}:
        was = f"{lunar(row['was_dist']):.3f} LD"
    return Change(name(row), address(row["des"]), when(row), "" if was == now else was, now)
