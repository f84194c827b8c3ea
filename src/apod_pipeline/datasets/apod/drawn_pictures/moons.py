"""The Moon with its seas and craters, in any phase.

Takes a seeded generator and a size, gives a picture.
"""

from __future__ import annotations

import math
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.brushes import (
    Size,
    bent,
    coloured,
    curve,
    enlarged,
    noise,
    relief,
    step,
)
from apod_pipeline.datasets.apod.drawn_pictures.lights import disc, glow, night

if TYPE_CHECKING:
    from PIL.Image import Image


def moon(rng: Random, size: Size) -> Image:
    """The Moon between crescent and full, with maria and craters that throw shadows at the terminator."""
    from PIL import Image, ImageChops

    close = rng.random() < 0.45
    radius = min(size) * (rng.uniform(0.62, 0.95) if close else rng.uniform(0.3, 0.43))
    centre = [size[0] / 2, size[1] / 2]
    if close:
        centre = [size[0] * rng.choice((0.1, 0.9)), size[1] * rng.uniform(0.3, 0.9)]
    side = (512, 512)
    seas = step(noise(rng, side, (3, 3), 5, 0.45), 0.45, 0.72)
    heights = Image.blend(noise(rng, side, (12, 12), 5, 0.6), Image.new("L", side, 128), 0.7)
    _craters(rng, heights, 260)
    lit = curve(relief(heights, *rng.choice(((2, 0), (2, 1), (-2, 0), (-2, 1))), 1.6), lambda level: 0.3 + 1.0 * level)
    ground = ImageChops.multiply(curve(seas, lambda level: 1 - 0.55 * level), lit)
    reach = math.ceil(radius) + 2

    def whence(x: float, y: float) -> tuple[float, float]:
        x, y = (x - reach) / radius, (y - reach) / radius
        far = min(1.0, math.hypot(x, y))
        bulge = math.asin(far) / (math.pi / 2) / max(far, 1e-6)
        return 256 + x * bulge * 250, 256 + y * bulge * 250

    whole = bent(ground, (2 * reach, 2 * reach), whence, (20, 20))
    whole = ImageChops.multiply(whole, _phase(rng, 2 * reach, radius, 0.4 if close else -0.3))
    tones = rng.choice(
        (
            [(0, (0, 0, 0)), (1, (250, 247, 240))],
            [(0, (0, 0, 1)), (0.5, (128, 116, 108)), (1, (255, 240, 214))],
            [(0, (3, 5, 12)), (1, (226, 234, 250))],
        )
    )
    sky = night(rng, size, (5, 6, 10), 25 if close else 60, 4)
    sky.paste(
        coloured(whole, tones),
        (round(centre[0]) - reach, round(centre[1]) - reach),
        disc((2 * reach, 2 * reach), (reach, reach), radius),
    )
    return sky


def _craters(rng: Random, heights: Image, count: int) -> None:
    """Rings of hills around holes, small ones many, some with rays."""
    for _ in range(count):
        hole, rim = _crater(round(2 + 30 * rng.random() ** 7))
        place = (rng.randrange(heights.width) - hole.width // 2, rng.randrange(heights.height) - hole.height // 2)
        heights.paste(40, place, hole)
        heights.paste(225, place, rim)


@lru_cache(maxsize=32)
def _crater(radius: int) -> tuple[Image, Image]:
    """Where a crater lies low, and where its rim stands up."""
    side = 3 * radius + 3
    middle = (side / 2, side / 2)
    hole = glow((side, side), middle, (radius, radius), 0, lambda far: 0.8 * min(1.0, 2.2 * (1 - far)))
    rim = glow(
        (side, side), middle, (radius * 1.5, radius * 1.5), 0, lambda far: 0.5 * math.exp(-(((far - 0.66) / 0.1) ** 2))
    )
    return hole, rim


def _phase(rng: Random, side: int, radius: float, least: float) -> Image:
    """Sunlight on a ball, coarse and scaled up."""
    from PIL import Image

    coarse, before, turn = 64, rng.uniform(least, 0.95), rng.choice((0.0, math.pi)) + rng.uniform(-0.5, 0.5)
    x_, y_ = (math.sqrt(1 - before * before) * part for part in (math.cos(turn), math.sin(turn)))
    levels = bytearray()
    for row in range(coarse):
        y = ((row + 0.5) / coarse - 0.5) * side / radius
        for column in range(coarse):
            x = ((column + 0.5) / coarse - 0.5) * side / radius
            z = math.sqrt(max(0.0, 1 - x * x - y * y))
            facing = max(0.0, min(1.0, x * x_ + y * y_ + z * before))
            levels.append(round(255 * (0.02 + 0.98 * min(1.0, 1.15 * facing**0.5))))
    return enlarged(Image.frombytes("L", (coarse, coarse), bytes(levels)), (side, side))
