"""A planet's rings, and the shadow that they throw on it.

Takes a seeded generator and the planet's place, gives masks.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.brushes import Colour, Size
from apod_pipeline.datasets.apod.drawn_pictures.lights import glow

if TYPE_CHECKING:
    from PIL.Image import Image


def rings_of(
    rng: Random, size: Size, centre: tuple[float, float], radius: float, tilt: float, flat: float
) -> tuple[Image, Colour]:
    """How much of the rings covers each place, and their colour."""
    from PIL import ImageChops

    outer = rng.uniform(2.0, 2.5)
    profile = [0.45 + 0.55 * rng.random() for _ in range(46)]
    gap = rng.uniform(0.55, 0.8)

    def fade(far: float) -> float:
        at = far * outer
        if at < 1.22 or far > 0.985:
            return 0
        part = (at - 1.22) / (outer - 1.22)
        if abs(part - gap) < 0.03:
            return 0.06
        place = part * 44
        low = int(place)
        level = profile[low] + (profile[low + 1] - profile[low]) * (place - low)
        return min(1, level * min(1, 7 * part, 9 * (1 - part)) * (1.1 if part < gap else 0.7))

    reach = radius * outer
    rings = glow(size, centre, (reach, reach * flat), tilt, fade)
    fine = glow(size, centre, (reach, reach * flat), tilt, lambda far: 0.86 + 0.14 * math.sin(far * 150))
    return ImageChops.multiply(rings, fine), rng.choice(
        ((226, 206, 170), (200, 190, 180), (214, 224, 236), (236, 190, 160))
    )


def near_half(size: Size, centre: tuple[float, float], tilt: float) -> Image:
    """White where a tilted ring passes before its planet."""
    from PIL import Image, ImageDraw

    mask, far = Image.new("L", size), 3 * max(size)
    x, y = far * math.cos(tilt), far * math.sin(tilt)
    corners = [(centre[0] - x, centre[1] - y), (centre[0] + x, centre[1] + y)]
    corners += [(centre[0] + x - y, centre[1] + y + x), (centre[0] - x - y, centre[1] - y + x)]
    ImageDraw.Draw(mask).polygon(corners, 255)
    return mask


def ring_shade(ball: Image, radius: float, tilt: float, flat: float) -> Image:
    """The shadow of the rings across the ball."""
    from PIL import Image

    middle = (ball.width / 2 + math.sin(tilt) * radius * 0.16, ball.height / 2 - math.cos(tilt) * radius * 0.16)
    shadow = glow(ball.size, middle, (radius * 2, radius * 2 * flat), tilt, lambda far: 0.6 if 0.66 < far < 0.97 else 0)
    near = near_half(ball.size, middle, tilt)
    dark = Image.composite(shadow, Image.new("L", ball.size), near)
    alpha = ball.getchannel("A")
    shaded = ball.convert("RGB")
    shaded.paste((6, 5, 8), (0, 0), dark)
    shaded.putalpha(alpha)
    return shaded
