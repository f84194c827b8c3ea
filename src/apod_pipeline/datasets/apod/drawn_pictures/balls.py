"""Round worlds: a flat surface on a ball, lit from one side.

Takes a surface of `MAP`'s size, gives a picture with an alpha that rounds it.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.brushes import Colour, bent, enlarged, tinted
from apod_pipeline.datasets.apod.drawn_pictures.lights import disc

if TYPE_CHECKING:
    from PIL.Image import Image

MAP = (512, 256)  # half of a ball's surface, from limb to limb and from pole to pole


def sunlight(rng: Random) -> tuple[float, float, float]:
    """Where the light comes from: a side, and a little from before or behind."""
    turn, before = rng.uniform(0, math.tau), rng.uniform(0.05, 0.8)
    side = math.sqrt(1 - before * before)
    return side * math.cos(turn), side * math.sin(turn) * 0.6, before


def ball_of(
    surface: Image, radius: float, tilt: float, light: tuple[float, float, float], air: Colour = (0, 0, 0)
) -> Image:
    """A surface on a ball, lit from one side, with an alpha that rounds it."""
    from PIL import Image, ImageChops

    side = 2 * math.ceil(radius) + 3
    middle, cos, sin = side / 2, math.cos(tilt), math.sin(tilt)

    def whence(x: float, y: float) -> tuple[float, float]:
        x, y = (x - middle) / radius, (y - middle) / radius
        x, y = x * cos + y * sin, y * cos - x * sin
        far = math.hypot(x, y)
        if far > 0.999:
            x, y = x / far * 0.999, y / far * 0.999
        around = math.asin(max(-1, min(1, x / math.sqrt(1 - y * y))))
        return (0.5 + around / math.pi) * (MAP[0] - 1), (0.5 + math.asin(y) / math.pi) * (MAP[1] - 1)

    ball = bent(surface, (side, side), whence, (24, 24))
    shade, rim = _shade(side, radius, light)
    ball = ImageChops.multiply(ball, Image.merge("RGB", [shade] * 3))
    if any(air):
        ball = ImageChops.screen(ball, tinted(ImageChops.multiply(rim, shade), air))
    ball.putalpha(disc((side, side), (middle, middle), radius))
    return ball


def _shade(side: int, radius: float, light: tuple[float, float, float]) -> tuple[Image, Image]:
    """How bright each place of a ball is, and how near to its edge; computed on a coarse grid."""
    from PIL import Image

    coarse = 56
    bright, rim = bytearray(), bytearray()
    for row in range(coarse):
        y = ((row + 0.5) / coarse - 0.5) * side / radius
        for column in range(coarse):
            x = ((column + 0.5) / coarse - 0.5) * side / radius
            far = x * x + y * y
            z = math.sqrt(1 - far) if far < 1 else 0.0
            facing = max(0.0, min(1.0, (x * light[0] + y * light[1] + z * light[2] + 0.04) / 1.04))
            bright.append(round(255 * min(1.0, 1.25 * facing**0.7)))
            rim.append(round(255 * max(0.0, 1 - z) ** 2.2 * 0.9))
    fields = (Image.frombytes("L", (coarse, coarse), bytes(one)) for one in (bright, rim))
    lit, edge = (enlarged(field, (side, side)) for field in fields)
    return lit, edge


def hung(sky: Image, ball: Image, centre: tuple[float, float], radius: float) -> None:
    """Paint a ball on a sky, its middle at a place."""
    reach = math.ceil(radius) + 1.5
    sky.paste(ball.convert("RGB"), (round(centre[0] - reach), round(centre[1] - reach)), ball.getchannel("A"))
