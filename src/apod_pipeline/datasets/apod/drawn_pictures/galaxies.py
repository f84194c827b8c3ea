"""Spiral galaxies: arms that are straight in polar coordinates, bent round a bright middle.

Takes a seeded generator and a size, gives a picture.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.brushes import (
    Size,
    bent,
    coloured,
    curve,
    gamma,
    noise,
    random_field,
    step,
    tinted,
)
from apod_pipeline.datasets.apod.drawn_pictures.lights import bell, glow, night, point_of_light

if TYPE_CHECKING:
    from PIL.Image import Image

_ROUND, _OUT = 448, 160  # the arms' own map: pixels once round, and from the middle to the edge
_DISCS = (
    [(0, (0, 0, 0)), (0.3, (38, 44, 84)), (0.6, (112, 134, 196)), (0.85, (198, 214, 246)), (1, (255, 250, 240))],
    [(0, (0, 0, 0)), (0.3, (54, 40, 62)), (0.6, (156, 128, 150)), (0.85, (236, 214, 198)), (1, (255, 250, 230))],
    [(0, (0, 0, 0)), (0.3, (24, 48, 72)), (0.6, (88, 146, 182)), (0.85, (186, 226, 238)), (1, (255, 252, 240))],
    [(0, (0, 0, 0)), (0.3, (58, 42, 34)), (0.6, (172, 136, 98)), (0.85, (240, 214, 172)), (1, (255, 248, 228))],
)
_CORES = ((255, 226, 170), (255, 214, 150), (255, 236, 200))


def spiral_galaxy(rng: Random, size: Size) -> Image:
    """A spiral galaxy, from nearly face-on to nearly edge-on, with dust lanes and glowing clouds in its arms."""
    from PIL import Image, ImageChops

    half = (size[0] // 2, size[1] // 2)
    tilt, angle = rng.choice((0.9, 0.72, 0.55, 0.38, 0.2)), rng.uniform(0, math.pi)
    radius = min(half) * rng.uniform(0.72, 0.92) * (1.25 - 0.3 * tilt)
    centre = (half[0] * rng.uniform(0.44, 0.56), half[1] * rng.uniform(0.44, 0.56))
    light, dust, clouds = _arms(rng)
    map_ = Image.merge("RGB", (light, dust, clouds))
    cos, sin = math.cos(angle), math.sin(angle)

    def whence(x: float, y: float) -> tuple[float, float]:
        x, y = x - centre[0], y - centre[1]
        along, across = x * cos + y * sin, (y * cos - x * sin) / tilt
        far = math.hypot(along, across) / radius
        return math.atan2(across, along) / math.tau * _ROUND + _ROUND, min(1.0, far**0.7) * (_OUT - 1)

    light, dust, clouds = bent(map_, half, whence, (28, 24), _ROUND).split()
    ellipse = (radius, radius * tilt)
    veil = glow(half, centre, ellipse, angle, lambda far: (1 - far) ** 1.5)
    disc = ImageChops.add(ImageChops.multiply(light, gamma(veil, 0.62)), gamma(veil, 1.5, 0.6))
    disc = ImageChops.multiply(disc, dust)
    galaxy = coloured(disc, rng.choice(_DISCS))
    pink = ImageChops.multiply(clouds, gamma(veil, 0.6))
    galaxy = ImageChops.add(galaxy, tinted(pink, (235, 70, 120)))
    core = (radius * 0.52, radius * (0.2 + 0.32 * tilt))
    bulge = glow(half, centre, core, angle, point_of_light(11))
    if tilt < 0.5:
        bulge = ImageChops.multiply(bulge, gamma(dust, 0.7))
    galaxy = ImageChops.screen(galaxy, tinted(curve(bulge, lambda level: min(1, 1.7 * level)), rng.choice(_CORES)))
    sky = night(rng, size, (12, 13, 22), rng.randrange(90, 220), rng.randrange(6, 11))
    _far_away(rng, sky)
    whole = ImageChops.screen(sky, galaxy.resize(size, Image.Resampling.BICUBIC))
    knots = ImageChops.multiply(
        random_field(rng, size).point([0] * 244 + [150 + 9 * n for n in range(12)]), disc.resize(size)
    )
    whole.paste((190, 212, 255), (0, 0), knots)
    return whole


def _arms(rng: Random) -> tuple[Image, Image, Image]:
    """Light, dust (white where there is none) and glowing clouds, over angle and distance."""
    from PIL import Image, ImageChops

    size = (_ROUND, _OUT)
    arms, wound = rng.choice((2, 2, 2, 3, 4)), rng.uniform(0.7, 1.5) * rng.choice((-1, 1))
    sharp, uneven = rng.uniform(1.2, 3.0), rng.uniform(0.5, 0.9)
    phase = [math.tau * arms * place / _ROUND for place in range(_ROUND)]
    light = bytes(round(255 * (0.10 + 0.9 * (0.5 + 0.5 * math.cos(turn)) ** sharp)) for turn in phase)
    lanes = bytes(round(255 * (0.5 + 0.5 * math.cos(turn + 0.8)) ** 6) for turn in phase)
    rows = Image.merge("RGB", [_row(light), _row(lanes), Image.new("L", size)])
    texture = Image.merge(
        "RGB",
        [
            noise(rng, size, (10, 3), 5, 0.55, round_=True),
            noise(rng, size, (14, 4), 5, 0.6, round_=True),
            noise(rng, size, (24, 8), 4, 0.65, round_=True),
        ],
    )
    rows, texture = _sheared(rows, wound * 2), _sheared(texture, wound * 2)
    (arms_, lanes_, _), (cloudy, dusty, knotty) = rows.split(), texture.split()
    rough = curve(cloudy, lambda level: 1 - uneven + uneven * level**1.1 * 1.6)
    dark = ImageChops.add(
        ImageChops.multiply(lanes_, gamma(dusty, 0.7)), step(dusty, 0.62, 0.95).point([n // 2 for n in range(256)])
    )
    clouds = ImageChops.multiply(step(knotty, 0.66, 0.95), arms_)
    return ImageChops.multiply(arms_, rough), curve(dark, lambda level: 1 - 0.8 * level), clouds


def _row(profile: bytes) -> Image:
    from PIL import Image

    return Image.frombytes("L", (_ROUND, 1), profile).resize((_ROUND, _OUT))


def _sheared(flat: Image, turns: float) -> Image:
    """Each distance from the middle turned a little further; thrice side by side, so that a bend may cross the seam."""
    from PIL import Image

    wide = Image.new(flat.mode, (7 * _ROUND, _OUT))
    for left in range(0, 7 * _ROUND, _ROUND):
        wide.paste(flat, (left, 0))
    slope = turns * _ROUND / _OUT * 0.5
    return wide.transform(
        (3 * _ROUND, _OUT), Image.Transform.AFFINE, (1, slope, 2 * _ROUND, 0, 1, 0), Image.Resampling.BILINEAR
    )


def _far_away(rng: Random, sky: Image) -> None:
    """A few more galaxies, too far away for more than a smudge."""
    for _ in range(rng.randrange(3, 9)):
        long = rng.uniform(5, 22)
        side = round(2 * long + 3)
        smudge = glow(
            (side, side), (side / 2, side / 2), (long, long * rng.uniform(0.25, 0.8)), rng.uniform(0, 3), bell(5)
        )
        tone = rng.choice(((200, 190, 170), (160, 170, 200), (210, 180, 150)))
        sky.paste(tone, (rng.randrange(sky.width), rng.randrange(sky.height)), gamma(smudge, 1, rng.uniform(0.3, 0.8)))
