"""All that is known of an object: its approaches, and of each what was believed when, and how sure one was.

Takes what the page is asked, gives what its template shows. Never writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, LiteralString, NamedTuple

from starlette.exceptions import HTTPException

from apod_pipeline.datasets.approaches.pages.window import INSTANT, WORDS
from apod_pipeline.datasets.approaches.pages.words import Row, Told, lunar, name, told
from apod_pipeline.ports import Asked

MOST = 300  # approaches of one object that are shown
SEEN: LiteralString = f"observed_from <= {INSTANT}"
# By its designation; else by a name of it, whole or a word of it.
CALLED: tuple[LiteralString, ...] = (
    "des = %(des)s",
    "lower(des) = %(low)s",
    "position(%(within)s IN translate(concat(' ', lower(fullname), ' '), '()', '  ')) > 0",
)
STATES: LiteralString = f"""
SELECT * FROM approaches_revision WHERE {SEEN} AND approach = ANY(%(keys)s) ORDER BY approach, observed_from
"""  # noqa: S608 - ours
WIDE, HIGH = 420, 120  # of the drawing of what was believed


class State(NamedTuple):
    """What was believed for a while.

    Attributes:
        since: from when.
        until: to when; None while it is believed.
        why: what brought it.
        words: what it was.
        bar: where its three sigma are drawn, and its middle: x, top, middle, bottom.
    """

    since: Any
    until: Any
    why: str
    words: Told
    bar: tuple[float, float, float, float]


class Approach(NamedTuple):
    """One approach with everything that was ever believed of it, the newest first.

    Attributes:
        last: what is believed now, or was last.
        states: all of it.
        gone: since when it is left out; None while it is there.
        scale: what stands at the top and the bottom of its drawing.
    """

    last: Told
    states: list[State]
    gone: Any
    scale: tuple[str, str]


async def one_object(asked: Asked) -> Mapping[str, Any]:
    """What the page of an object shows."""
    wanted = asked.parts.get("des") or asked.query.get("des") or ""
    keys = await _keys(asked, wanted)
    if not keys:
        raise HTTPException(404, f"no approach of anything called {wanted!r} is known, or ever was")
    states = await asked.select(STATES, at=asked.at, keys=keys)
    by_key = [list(some) for _, some in groupby(states, itemgetter("approach"))]
    by_key.sort(key=lambda some: some[-1]["jd"])
    newest = max(states, key=itemgetter("observed_from"))
    former = dict.fromkeys(name(row) for row in states if name(row) != name(newest))
    return {
        "title": name(newest),
        "newest": told(newest),
        "body": newest,
        "former": list(former),
        "approaches": [_approach(some, asked) for some in by_key],
        "today": asked.today,
    }


async def _keys(asked: Asked, wanted: str) -> list[str]:
    low = wanted.lower()
    for called in CALLED if wanted else ():
        query: LiteralString = (
            f"SELECT DISTINCT approach FROM approaches_revision WHERE {SEEN} AND {called} ORDER BY 1 LIMIT {MOST}"  # noqa: S608 - ours
        )
        rows = await asked.select(query, at=asked.at, des=wanted, low=low, within=f" {low} ")
        if rows:
            return [row["approach"] for row in rows]
    return []


def _approach(rows: Sequence[Row], asked: Asked) -> Approach:
    least = min(lunar(row["dist_min"]) for row in rows)
    most = max(lunar(row["dist_max"]) for row in rows)
    ends = rows[-1]["observed_to"]
    gone = ends if ends is not None and (asked.at is None or ends <= asked.at) else None
    states = [_state(rows, number, least, most) for number in range(len(rows))]
    return Approach(told(rows[-1]), states[::-1], gone, (f"{most:.3f} LD", f"{least:.3f} LD"))


def _state(rows: Sequence[Row], number: int, least: float, most: float) -> State:
    row, before = rows[number], rows[number - 1] if number else None
    what = row["cause"]
    if before is None or before["observed_to"] < row["observed_from"]:
        what = "new" if before is None else "back"
    why = WORDS.get(what, what)
    x = 80 + (number + 0.5) * (WIDE - 90) / len(rows)
    top, middle, bottom = (_height(lunar(row[word]), least, most) for word in ("dist_max", "dist", "dist_min"))
    return State(row["observed_from"], row["observed_to"], why, told(row), (x, top, middle, bottom))


def _height(distance: float, least: float, most: float) -> float:
    share = (distance - least) / (most - least) if most > least else 0.5
    return 10 + (1 - share) * (HIGH - 20)
