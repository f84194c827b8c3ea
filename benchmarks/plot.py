"""The growth as a picture: seconds and megabytes over entries, both axes logarithmic, as SVG text.

Takes points, gives one SVG. A dozen marks on two panels need no plotting library, and text is reviewable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from comparisons import MEGABYTE
from growth import Point

WIDTH, HEIGHT, LEFT, TOP, GAP = 360, 260, 70, 40, 90
COLOURS = {"everything": "#b3541e", "one new day": "#1e6fb3", "nothing new": "#3c8c40"}


@dataclass(frozen=True)
class Panel:
    """One pair of axes: where it stands, what it shows, and its decades."""

    left: float
    title: str
    value: Callable[[Point], float]
    x_decades: tuple[int, int]
    y_decades: tuple[int, int]

    def x(self, value: float) -> float:
        """Where a number of entries stands."""
        low, high = self.x_decades
        return self.left + WIDTH * (math.log10(value) - low) / (high - low)

    def y(self, value: float) -> float:
        """Where a measured value stands."""
        low, high = self.y_decades
        return TOP + HEIGHT * (1 - (math.log10(value) - low) / (high - low))


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _panel(left: float, title: str, value: Callable[[Point], float], points: Sequence[Point]) -> Panel:
    return Panel(left, title, value, _decades([p.entries for p in points]), _decades([value(p) for p in points]))


def svg(points: Sequence[Point]) -> str:
    """The whole picture."""
    right = LEFT + WIDTH + GAP
    panels = [
        _panel(LEFT, "seconds", lambda point: point.cost.seconds, points),
        _panel(right, "peak memory, MB", lambda point: point.cost.peak / MEGABYTE, points),
    ]
    width, height = right + WIDTH + 30, TOP + HEIGHT + 80
    body = [part for panel in panels for part in (*_axes(panel), *_lines(panel, points))]
    root = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">'
    ground = f'<rect width="{width}" height="{height}" fill="white"/>'
    return "\n".join([root, ground, *body, *_legend(height - 18), "</svg>\n"])


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" text-anchor="{anchor}">{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _axes(panel: Panel) -> Iterator[str]:
    bottom, right = TOP + HEIGHT, panel.left + WIDTH
    yield _text(panel.left + WIDTH / 2, TOP - 14, panel.title)
    for decade in range(panel.x_decades[0], panel.x_decades[1] + 1):
        x = panel.x(10.0**decade)
        yield _line(x, TOP, x, bottom)
        yield _text(x, bottom + 18, f"{10**decade:,}")
    for decade in range(panel.y_decades[0], panel.y_decades[1] + 1):
        y = panel.y(10.0**decade)
        yield _line(panel.left, y, right, y)
        yield _text(panel.left - 8, y + 4, f"{10.0**decade:g}", "end")
    yield _text(panel.left + WIDTH / 2, bottom + 36, "entries")


def _lines(panel: Panel, points: Sequence[Point]) -> Iterator[str]:
    for kind, colour in COLOURS.items():
        places = [(panel.x(p.entries), panel.y(panel.value(p))) for p in points if p.kind == kind]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in places)


def _legend(y: float) -> Iterator[str]:
    for number, (kind, colour) in enumerate(COLOURS.items()):
        x = LEFT + 150 * number
        yield f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{colour}"/>'
        yield _text(x + 10, y, kind, "start")
