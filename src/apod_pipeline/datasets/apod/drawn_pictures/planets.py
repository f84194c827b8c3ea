"""Planets: bands or land and sea on a ball, lit from one side, some with rings, some with moons.

Takes a seeded generator and a size, gives a picture.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.balls import MAP, ball_of, hung, sunlight
from apod_pipeline.datasets.apod.drawn_pictures.brushes import (
    Colour,
    Size,
    Stops,
    bent,
    coloured,
    curve,
    enlarged,
    noise,
    relief,
    step,
    tinted,
)
from apod_pipeline.datasets.apod.drawn_pictures.lights import bell, glow, night
from apod_pipeline.datasets.apod.drawn_pictures.rings import near_half, ring_shade, rings_of

if TYPE_CHECKING:
    from PIL.Image import Image

_BANDS: tuple[Stops, ...] = (
    [(0, (92, 52, 34)), (0.35, (186, 132, 88)), (0.6, (232, 206, 168)), (0.8, (214, 170, 120)), (1, (255, 244, 226))],
    [(0, (150, 116, 66)), (0.4, (206, 176, 116)), (0.7, (238, 218, 166)), (1, (255, 246, 214))],
    [(0, (18, 44, 120)), (0.45, (44, 96, 196)), (0.8, (110, 168, 236)), (1, (226, 242, 255))],
    [(0, (70, 128, 140)), (0.5, (132, 194, 200)), (1, (214, 246, 244))],
    [(0, (70, 24, 60)), (0.4, (160, 60, 80)), (0.7, (226, 134, 104)), (1, (255, 222, 180))],
)
_GROUNDS: tuple[tuple[Stops, Colour], ...] = (
    (
        [
            (0, (8, 22, 66)),
            (0.5, (18, 62, 118)),
            (0.54, (190, 176, 120)),
            (0.6, (58, 104, 48)),
            (0.8, (112, 98, 64)),
            (1, (244, 246, 250)),
        ],
        (120, 170, 255),
    ),
    ([(0, (60, 22, 12)), (0.4, (140, 62, 34)), (0.7, (198, 112, 66)), (1, (240, 190, 140))], (240, 170, 120)),
    ([(0, (30, 34, 44)), (0.5, (110, 120, 136)), (0.8, (190, 204, 216)), (1, (250, 252, 255))], (180, 200, 230)),
    ([(0, (255, 214, 90)), (0.12, (220, 90, 20)), (0.3, (70, 24, 16)), (1, (120, 100, 96))], (255, 150, 80)),
)


def giant(rng: Random, size: Size) -> Image:
    """A gas giant with bands and a storm; two in three have rings."""
    from PIL import ImageChops

    sky = night(rng, size, (9, 10, 17), rng.randrange(60, 150), 6)
    ringed = rng.random() < 0.66
    radius = min(size) * (rng.uniform(0.19, 0.27) if ringed else rng.uniform(0.32, 0.44))
    centre = (size[0] * rng.uniform(0.4, 0.6), size[1] * rng.uniform(0.42, 0.58))
    tilt, light = rng.uniform(-0.6, 0.6), sunlight(rng)
    ball = ball_of(_banded(rng), radius, tilt, light)
    if not ringed:
        _moons(rng, sky, centre, radius, light)
        hung(sky, ball, centre, radius)
        return sky
    flat = rng.uniform(0.16, 0.5)
    rings, tone = rings_of(rng, size, centre, radius, tilt, flat)
    near = ImageChops.multiply(rings, near_half(size, centre, tilt))
    sky.paste(tone, (0, 0), ImageChops.subtract(rings, near))
    hung(sky, ring_shade(ball, radius, tilt, flat), centre, radius)
    sky.paste(tone, (0, 0), near)
    return sky


def rocky(rng: Random, size: Size) -> Image:
    """A world with ground, seas or lava, in a thin shine of air; large, or cut by the picture's edge."""
    from PIL import ImageChops

    sky = night(rng, size, (8, 9, 16), rng.randrange(80, 160), 7)
    near = rng.random() < 0.4
    radius = min(size) * (rng.uniform(0.46, 0.62) if near else rng.uniform(0.27, 0.38))
    centre = (size[0] * rng.uniform(0.3, 0.7), size[1] * (rng.uniform(0.66, 0.9) if near else rng.uniform(0.42, 0.58)))
    light, (ground, air) = sunlight(rng), rng.choice(_GROUNDS)
    half = (size[0] // 2, size[1] // 2)
    rim, reach = radius / 2, radius / 2 * 1.16
    shine = glow(
        half, (centre[0] / 2, centre[1] / 2), (reach, reach), 0, lambda far: 0 if far < 0.8 else 0.8 * (1 - far) / 0.2
    )
    lit = glow(half, (centre[0] / 2 + light[0] * rim, centre[1] / 2 + light[1] * rim), (rim * 2, rim * 2), 0, bell(2))
    sky = ImageChops.screen(sky, tinted(enlarged(ImageChops.multiply(shine, lit), size), air))
    _moons(rng, sky, centre, radius, light)
    hung(sky, ball_of(_landed(rng, ground), radius, rng.uniform(-0.5, 0.5), light, air), centre, radius)
    return sky


def _banded(rng: Random) -> Image:
    """Bands along the latitudes, stirred at their borders, with one large storm."""
    from PIL import Image, ImageChops

    bands = noise(rng, (MAP[1], 1), (rng.randrange(5, 12), 1), 4, 0.6).transpose(Image.Transpose.ROTATE_270).resize(MAP)
    fine = noise(rng, MAP, (3, 14), 5, 0.62)
    waves = [(rng.uniform(0.02, 0.08), rng.uniform(0, 6.3), rng.uniform(1.0, 4.0)) for _ in range(3)]

    def whence(x: float, y: float) -> tuple[float, float]:
        down = sum(high * math.sin(often * x + turn + y / 9) for often, turn, high in waves)
        return x, min(MAP[1] - 1, max(0, y + down))

    flow = bent(Image.blend(bands, fine, 0.36), MAP, whence, (48, 32))
    storm = (rng.uniform(0.25, 0.75) * MAP[0], rng.uniform(0.55, 0.72) * MAP[1])
    wide = rng.uniform(16, 40)
    eye = glow(
        MAP,
        storm,
        (wide * 1.5, wide * 0.8),
        0,
        lambda far: 0.75 * (1 - far) ** 0.6 + 0.2 * math.sin(7 * far) * (1 - far),
    )
    around = glow(MAP, storm, (wide * 1.7, wide), 0, lambda far: min(1, 3 * (1 - far)))
    flow = ImageChops.composite(
        ImageChops.add(eye, Image.new("L", MAP, 40)), flow, curve(around, lambda level: 0.8 * level)
    )
    return coloured(flow, rng.choice(_BANDS))


def _landed(rng: Random, ground: Stops) -> Image:
    """Heights as colours, lit from the side, under clouds."""
    from PIL import ImageChops

    heights = noise(rng, MAP, (4, 3), 6, 0.52)
    lit = curve(relief(heights, 2, 2, 1.5), lambda level: 0.35 + level)
    land = ImageChops.multiply(coloured(heights, ground), tinted(lit, (255, 255, 255)))
    clouds = step(noise(rng, MAP, (3, 6), 6, 0.58), 0.55, 0.95)
    land.paste((245, 247, 250), (0, 0), curve(clouds, lambda level: 0.85 * level))
    return land


def _moons(
    rng: Random, sky: Image, centre: tuple[float, float], radius: float, light: tuple[float, float, float]
) -> None:
    """None to three small moons, lit as their planet is."""
    for _ in range(rng.randrange(4)):
        turn, far, small = rng.uniform(0, math.tau), radius * rng.uniform(1.3, 2.2), rng.uniform(4, radius * 0.09 + 5)
        grey = noise(rng, (64, 32), (8, 4), 3).resize(MAP)
        tones = [(0, (90, 84, 78)), (1, rng.choice(((230, 224, 214), (236, 208, 160), (206, 214, 226))))]
        place = (centre[0] + far * math.cos(turn), centre[1] + far * math.sin(turn) * 0.5)
        hung(sky, ball_of(coloured(grey, tones), small, 0, light), place, small)
