"""Comets: a green head, a broad bent tail of dust, a straight blue one of gas.

Takes a seeded generator and a size, gives a picture.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.brushes import (
    Size,
    Stops,
    bent,
    coloured,
    enlarged,
    gamma,
    noise,
    tinted,
)
from apod_pipeline.datasets.apod.drawn_pictures.grounds import before_hills
from apod_pipeline.datasets.apod.drawn_pictures.lights import glow, night

if TYPE_CHECKING:
    from PIL.Image import Image

_MAP = (256, 192)  # a fan of directions, and the way from the head to the tails' ends
_DUSKS: tuple[Stops, ...] = (
    [(0, (4, 7, 22)), (0.6, (20, 34, 70)), (1, (210, 120, 70))],
    [(0, (6, 6, 20)), (0.6, (40, 28, 66)), (1, (230, 130, 110))],
    [(0, (2, 10, 20)), (0.6, (10, 52, 74)), (1, (240, 190, 120))],
    [(0, (8, 5, 16)), (0.6, (64, 22, 48)), (1, (250, 120, 60))],
)
_OPEN = 1.5  # radians to each side


def comet(rng: Random, size: Size) -> Image:
    """A comet before stars, now and then above hills at dusk."""
    from PIL import Image, ImageChops

    half = (size[0] // 2, size[1] // 2)
    dusk = rng.random() < 0.4
    right = rng.choice((-1, 1))
    head = (half[0] * (0.5 - right * rng.uniform(0.1, 0.26)), half[1] * rng.uniform(0.56, 0.74))
    course = math.atan2(-rng.uniform(0.2, 1.7), right)
    reach = math.hypot(*half) * rng.uniform(0.66, 0.9)
    fan = Image.merge("RGB", [_dust(rng, rng.choice((-1, 1))), _gas(rng), Image.new("L", _MAP)])

    def whence(x: float, y: float) -> tuple[float, float] | None:
        x, y = x - head[0], y - head[1]
        aside = (math.atan2(y, x) - course + math.pi) % math.tau - math.pi
        if abs(aside) > 2.4:
            return None
        return (0.5 + aside / _OPEN / 2) * _MAP[0], (math.hypot(x, y) / reach) ** 0.6 * _MAP[1]

    dust, gas, _ = bent(fan, half, whence, (30, 24)).split()
    tails = ImageChops.add(tinted(dust, (255, 226, 178)), tinted(gas, rng.choice(((80, 150, 255), (90, 190, 240)))))
    tones = rng.choice(((90, 230, 170), (120, 240, 200), (190, 230, 170)))
    coma = glow(
        half, head, (min(half) * 0.24,) * 2, 0, lambda far: min(1.0, 0.9 * math.exp(-5.5 * far) * (1 - far) * 1.6)
    )
    core = glow(half, head, (min(half) * 0.055,) * 2, 0, lambda far: min(1.0, 1.8 * math.exp(-5 * far) * (1 - far)))
    light = ImageChops.screen(ImageChops.screen(tails, tinted(coma, tones)), tinted(core, (255, 255, 244)))
    sky = night(rng, size, (9, 11, 22), rng.randrange(120, 260), 6)
    if dusk:
        down = Image.linear_gradient("L").resize(half)
        stops = rng.choice(_DUSKS)
        sky = ImageChops.screen(sky, enlarged(coloured(gamma(down, 1.5), stops), size))
    whole = ImageChops.screen(sky, enlarged(light, size))
    return before_hills(rng, whole, (6, 8, 16), (44, 34, 52)) if dusk else whole


def _dust(rng: Random, side: int) -> Image:
    """A broad tail that leaves its course to one side, in streaks."""
    from PIL import Image, ImageChops

    streaks = noise(rng, _MAP, (26, 2), 3, 0.6)
    rows = bytearray()
    wide, bow = rng.uniform(0.05, 0.09), rng.uniform(0.05, 0.16) * side
    for row in range(_MAP[1]):
        far = row / _MAP[1]
        middle, spread = 0.5 + bow * far * far + 0.03 * side, wide * (1.25 - 0.5 * far)
        strength = 255 * min(1.0, 0.25 + 3 * far) * (1 - far) ** 1.1
        rows += bytes(round(strength * math.exp(-(((x / _MAP[0] - middle) / spread) ** 2))) for x in range(_MAP[0]))
    flat = Image.frombytes("L", _MAP, bytes(rows))
    return ImageChops.multiply(flat, streaks.point([110 + 145 * n // 255 for n in range(256)]))


def _gas(rng: Random) -> Image:
    """A narrow tail of rays, straight away from the Sun, with knots in it."""
    from PIL import Image, ImageChops

    across = [0.0] * _MAP[0]
    for _ in range(rng.randrange(6, 12)):
        middle, spread, high = 0.5 + rng.gauss(0, 0.022), rng.uniform(0.004, 0.014), rng.uniform(0.3, 0.9)
        across = [have + high * math.exp(-(((x / _MAP[0] - middle) / spread) ** 2)) for x, have in enumerate(across)]
    rays = Image.frombytes("L", (_MAP[0], 1), bytes(round(255 * min(1.0, level)) for level in across)).resize(_MAP)
    fade = Image.linear_gradient("L").resize(_MAP).point([round(255 * (1 - n / 255) ** 0.9) for n in range(256)])
    knots = noise(rng, _MAP, (40, 7), 3, 0.5).point([120 + 135 * n // 255 for n in range(256)])
    return ImageChops.multiply(ImageChops.multiply(rays, fade), knots)
