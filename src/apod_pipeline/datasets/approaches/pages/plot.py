"""A plot of approaches, time across and distance up: where each line, point and label of its SVG stands.

Takes rows and the days of a window, gives numbers. Pure: the template draws them, the style sheet colours them.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from apod_pipeline.datasets.approaches.pages.words import Row, Told, lunar, magnitude, told

WIDE, HIGH = 1000, 500
LEFT, RIGHT, TOP, BOTTOM = 62.0, 984.0, 30.0, 440.0
JULIAN = 1_721_424.5  # of the day with the ordinal 0, at midnight
SMALLEST, LARGEST = 2.4, 13.0  # pixels
LABELS, A_LETTER, A_LINE = 9, 7.0, 15.0  # how many; pixels of the type that they are set in
STEPS = (1, 2, 5, 7, 14, 28, 56)
LEGEND = (10, 50, 140, 1000)  # metres across


class Tick(NamedTuple):
    """A line of the grid, and what stands beside it."""

    at: float
    words: str


class Label(NamedTuple):
    """A name beside a point."""

    x: float
    y: float
    words: str


class Point(NamedTuple):
    """An approach as it is drawn.

    Attributes:
        x: of its time.
        y: of its distance.
        radius: the larger, the larger the object; comets have no magnitude, and one size.
        top: where three sigma end above.
        bottom: and below.
        left: where its time may begin, three sigma.
        right: and end.
        words: what it is.
        comet: whether it is drawn as a diamond.
        past: whether it has been.
    """

    x: float
    y: float
    radius: float
    top: float
    bottom: float
    left: float
    right: float
    words: Told
    comet: bool
    past: bool

    @property
    def diamond(self) -> str:
        """The corners of a comet's mark."""
        x, y, r = self.x, self.y, self.radius + 1
        return f"{x:.1f},{y - r:.1f} {x + r:.1f},{y:.1f} {x:.1f},{y + r:.1f} {x - r:.1f},{y:.1f}"


class Plot(NamedTuple):
    """All that is drawn."""

    points: list[Point]
    labels: list[Label]
    days: list[Tick]
    distances: list[Tick]
    moon: float
    today: float | None
    legend: list[tuple[float, str]]


class Scale(NamedTuple):
    """Where days and distances are on the paper."""

    first: dt.date
    days: int
    most: float

    def x(self, julian: float) -> float:
        """Of a time, kept on the paper."""
        share = (julian - JULIAN - self.first.toordinal()) / self.days
        return LEFT + min(1.0, max(0.0, share)) * (RIGHT - LEFT)

    def y(self, distance: float) -> float:
        """Of a distance in lunar distances."""
        return BOTTOM - min(1.0, distance / self.most) * (BOTTOM - TOP)


def plot(rows: Sequence[Row], first: dt.date, last: dt.date, now: dt.datetime) -> Plot:
    """The plot of a window's approaches."""
    farthest = max((lunar(row["dist"]) for row in rows), default=1.0)
    step = next(
        step for power in count(-1) for step in (10.0**power, 2 * 10.0**power, 5 * 10.0**power) if farthest <= 6 * step
    )
    scale = Scale(first, (last - first).days + 1, max(1.25, step * math.ceil(farthest / step)))
    here = now.date().toordinal() + JULIAN + (now.hour + now.minute / 60) / 24
    points = sorted((_point(row, scale, here) for row in rows), key=lambda one: -one.radius)
    distances = [Tick(scale.y(n * step), f"{n * step:g}") for n in range(int(scale.most / step) + 1)]
    within = first <= now.date() <= last
    legend = [(radius(magnitude(across)), f"{across} m" if across < 1000 else "1 km") for across in LEGEND]
    today = scale.x(here) if within else None
    return Plot(points, _labels(points, scale.y(1), today), _days(scale), distances, scale.y(1), today, legend)


def radius(brightness: float | None) -> float:
    """Pixels, by the absolute magnitude: ten times as large an object is 3.3 pixels more."""
    return 5.0 if brightness is None else min(LARGEST, max(SMALLEST, 2.4 + 0.66 * (29.5 - brightness)))


def _point(row: Row, scale: Scale, here: float) -> Point:
    sigma = row["t_sigma"] / 1440
    return Point(
        scale.x(row["jd"]),
        scale.y(lunar(row["dist"])),
        radius(row["h"]),
        scale.y(lunar(row["dist_max"])),
        scale.y(lunar(row["dist_min"])),
        scale.x(row["jd"] - sigma),
        scale.x(row["jd"] + sigma),
        told(row),
        row["h"] is None,
        row["jd"] < here,
    )


def _days(scale: Scale) -> list[Tick]:
    """Days to be named below: so many that they can be read."""
    step = next((step for step in STEPS if scale.days / step <= 14), 112)
    named = [scale.first + dt.timedelta(days=number) for number in range(0, scale.days, step)]
    return [Tick(scale.x(JULIAN + day.toordinal()), f"{day.day} {day:%b}") for day in named]


def _labels(points: Sequence[Point], moon: float, today: float | None) -> list[Label]:
    """The names of the nearest, where there is room: beside a point, above or below it."""
    taken = [(one.x - one.radius, one.y - one.radius, one.x + one.radius, one.y + one.radius) for one in points]
    taken += [
        (LEFT, moon - 1, RIGHT, moon + 1),
        (RIGHT - 110, moon - A_LINE - 2, RIGHT, moon),
    ]  # the Moon's line, its words
    taken += [(today - 1, TOP, today + 1, BOTTOM)] if today is not None else []
    found: list[Label] = []
    for one in sorted(points, key=lambda one: -one.y)[: 4 * LABELS]:
        width, apart, beside = A_LETTER * len(one.words.name), one.radius + 4, min(one.y + 4, BOTTOM - 4)
        for left, y in (
            (one.x + apart, beside),
            (one.x - apart - width, beside),
            (one.x - width / 2, one.y - apart - 1),
            (one.x - width / 2, one.y + apart + 9),
        ):
            box = (left, y - A_LINE + 3, left + width, y + 3)
            inside = box[0] >= LEFT and box[2] <= RIGHT and box[1] >= TOP and box[3] <= BOTTOM
            if inside and not any(_meet(box, other) for other in taken):
                taken.append(box)
                found.append(Label(left, y, one.words.name))
                break
        if len(found) == LABELS:
            break
    return found


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
