"""The Moon before the Sun: wholly, with the corona around it, or in part, low in a hazy sky.

Takes a seeded generator and a size, gives a picture.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.brushes import Size, coloured, curve, enlarged, gamma, noise, tinted
from apod_pipeline.datasets.apod.drawn_pictures.lights import bell, disc, glow, night
from apod_pipeline.datasets.apod.drawn_pictures.streamers import around

if TYPE_CHECKING:
    from PIL.Image import Image


def eclipse(rng: Random, size: Size) -> Image:
    """A total eclipse: the Moon's black disc, red flames, and the corona's streamers; now and then a diamond ring."""
    from PIL import Image, ImageChops

    half = (size[0] // 2, size[1] // 2)
    radius = min(half) * rng.uniform(0.11, 0.19)
    centre = (half[0] * rng.uniform(0.45, 0.55), half[1] * rng.uniform(0.45, 0.55))
    fine = around(rng, half, centre, radius, rng.uniform(2.8, 3.8), (36, 1), 1.7)
    broad = around(rng, half, centre, radius, rng.uniform(3.6, 4.8), (7, 1), 1.3)
    inner = glow(half, centre, (radius * 2.3, radius * 2.3), 0, lambda far: min(1.0, 1.25 * (1 - far) ** 2.2 * 2.2))
    veil = glow(half, centre, (radius * 5, radius * 5), 0, lambda far: 0.4 * (1 - far) ** 3)
    light = ImageChops.add(
        ImageChops.add(curve(fine, lambda level: 0.62 * level**1.2), curve(broad, lambda level: 0.5 * level**1.2)), veil
    )
    light = ImageChops.screen(light, inner)
    sky = night(rng, size, rng.choice(((10, 14, 30), (16, 14, 24), (6, 18, 30))), 60, 5)
    tones = rng.choice(
        (
            [(0, (0, 0, 0)), (0.5, (110, 128, 160)), (1, (255, 255, 255))],
            [(0, (0, 0, 0)), (0.5, (140, 124, 116)), (1, (255, 250, 238))],
        )
    )
    whole = ImageChops.screen(sky, coloured(light, tones).resize(size, Image.Resampling.BICUBIC))
    flames = around(rng, half, centre, radius, 1.22, (30, 2), 4.5)
    whole = ImageChops.screen(whole, tinted(enlarged(flames, size), (255, 70, 90)))
    black = disc(size, (2 * centre[0], 2 * centre[1]), 2 * radius)
    whole.paste((4, 4, 7), (0, 0), black)
    if rng.random() < 0.4:
        turn, reach = rng.uniform(0, math.tau), round(2 * radius * 0.9)
        spark = glow(
            (2 * reach, 2 * reach),
            (reach, reach),
            (reach, reach),
            0,
            lambda far: min(1.0, 2.2 * math.exp(-9 * far) * (1 - far)),
        )
        x, y = (
            2 * place + 2 * radius * part for place, part in zip(centre, (math.cos(turn), math.sin(turn)), strict=True)
        )
        whole.paste((255, 252, 246), (round(x) - reach, round(y) - reach), spark)
    return whole


def partial_eclipse(rng: Random, size: Size) -> Image:
    """A bitten Sun low in a hazy sky."""
    from PIL import Image, ImageChops

    half = (size[0] // 2, size[1] // 2)
    radius = min(half) * rng.uniform(0.2, 0.34)
    centre = (half[0] * rng.uniform(0.4, 0.6), half[1] * rng.uniform(0.35, 0.55))
    haze = noise(rng, half, (2, 9), 5, 0.5)
    down = Image.linear_gradient("L").resize(half)
    tones = rng.choice(
        (
            [(0, (20, 10, 30)), (0.5, (140, 44, 30)), (1, (250, 140, 50))],
            [(0, (10, 10, 36)), (0.5, (110, 50, 80)), (1, (250, 160, 110))],
        )
    )
    sky = coloured(Image.blend(down, haze, 0.25), tones)
    halo = glow(half, centre, (radius * 4, radius * 4), 0, bell(5))
    sky = ImageChops.screen(sky, tinted(gamma(halo, 1, 0.6), (255, 190, 110)))
    turn = rng.uniform(0, math.tau)
    shift = radius * rng.uniform(0.35, 1.0)
    bite = disc(half, (centre[0] + shift * math.cos(turn), centre[1] + shift * math.sin(turn)), radius * 1.02)
    face = ImageChops.subtract(disc(half, centre, radius), bite)
    sky.paste((255, 236, 170), (0, 0), ImageChops.multiply(face, curve(haze, lambda level: min(1, 1.15 - 0.5 * level))))
    return sky.resize(size, Image.Resampling.BICUBIC)
