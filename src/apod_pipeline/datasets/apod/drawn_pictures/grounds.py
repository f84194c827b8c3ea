"""What stands below a sky: ranges of hills in the haze, trees before them.

Takes a seeded generator and a picture, gives the picture with a ground.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.brushes import Colour

if TYPE_CHECKING:
    from PIL.Image import Image


def outline(rng: Random, points: int, rough: float) -> list[float]:
    """A line as a range of hills has it, from 0 to 1: halved again and again, each half moved a little less."""
    line, high = [rng.random(), rng.random()], 0.7
    while len(line) < points:
        between = [(a + b) / 2 + rng.uniform(-high, high) / 2 for a, b in pairwise(line)]
        line = [place for pair in zip(line, between, strict=False) for place in pair] + [line[-1]]
        high *= rough
    low, top = min(line), max(line)
    return [(place - low) / max(top - low, 1e-6) for place in line]


def before_hills(
    rng: Random, sky: Image, near: Colour, far: Colour, share: float = 0.3, *, trees: bool | None = None
) -> Image:
    """A sky behind three ranges of hills.

    Args:
        rng: Decides their outlines.
        sky: What is behind them; it is painted on.
        near: Colour of the first.
        far: Colour of the last.
        share: How high they may reach, as a share of the picture.
        trees: Whether trees stand on the first; decided by `rng` unless given.
    """
    for place, (low, high, rough) in enumerate(((0.55, 1.0, 0.55), (0.32, 0.75, 0.5), (0.08, 0.4, 0.42))):
        part = place / 2
        tone = tuple(round(b + (a - b) * part) for a, b in zip(near, far, strict=True))
        heights = [share * (low + (high - low) * level) for level in outline(rng, 160, rough)]
        _range(sky, heights, tone)
    wanted = rng.random() < 0.6 if trees is None else trees
    if wanted:
        _trees(rng, sky, heights, near)
    return sky


def _range(sky: Image, heights: list[float], tone: tuple[int, ...]) -> None:
    """One range, its edge smooth: drawn twice as large over the rows that it can reach."""
    from PIL import Image, ImageDraw

    wide, high = sky.size
    top = max(0, int(high * (1 - max(heights))) - 2)
    mask = Image.new("L", (2 * wide, 2 * (high - top)))
    line = [(2 * wide * x / (len(heights) - 1), 2 * (high * (1 - level) - top)) for x, level in enumerate(heights)]
    ImageDraw.Draw(mask).polygon([*line, (2 * wide, 2 * high), (0, 2 * high)], 255)
    sky.paste(tone, (0, top), mask.reduce(2))


def _trees(rng: Random, sky: Image, heights: list[float], tone: Colour) -> None:
    """Firs along the first range, in groups."""
    from PIL import Image, ImageDraw

    wide, high = sky.size
    top = int(high * (1 - max(heights) - 0.16))
    mask = Image.new("L", (2 * wide, 2 * (high - top)))
    draw = ImageDraw.Draw(mask)
    crowd = outline(rng, 64, 0.7)
    for _ in range(wide // 7):
        at = rng.random()
        if crowd[int(at * (len(crowd) - 1))] < 0.4 + 0.3 * rng.random():
            continue
        tall = high * rng.uniform(0.03, 0.11)
        x, foot = 2 * wide * at, 2 * (high * (1 - heights[int(at * (len(heights) - 1))]) - top) + 8
        for storey in range(4):
            peak, low, broad = (
                foot - 2 * tall * (1 - 0.2 * storey),
                foot - 2 * tall * (0.62 - 0.2 * storey),
                tall * (0.16 + 0.11 * storey),
            )
            draw.polygon([(x, peak), (x + broad, low), (x - broad, low)], 255)
        draw.rectangle((x - 1, foot - tall, x + 1, foot + 4), 255)
    sky.paste(tone, (0, top), mask.reduce(2))
