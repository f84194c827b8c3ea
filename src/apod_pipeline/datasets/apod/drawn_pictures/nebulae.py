"""Nebulae and star clusters: clouds of gas in two or three lights, dust before them, stars in between.

Takes a seeded generator and a size, gives a picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.brushes import (
    Colour,
    Size,
    bent,
    curve,
    dimmed,
    enlarged,
    gamma,
    noise,
    ridges,
    step,
    tinted,
)
from apod_pipeline.datasets.apod.drawn_pictures.lights import bell, glow, night, stars

if TYPE_CHECKING:
    from PIL.Image import Image

_LIGHTS: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((220, 50, 70), (40, 120, 200), (255, 190, 150)),
    ((240, 130, 40), (30, 150, 170), (255, 230, 180)),
    ((150, 60, 190), (230, 70, 110), (200, 200, 255)),
    ((40, 90, 200), (90, 160, 230), (230, 240, 255)),
    ((210, 60, 40), (230, 150, 60), (255, 225, 190)),
    ((30, 150, 120), (200, 60, 90), (210, 255, 230)),
)


def nebula(rng: Random, size: Size) -> Image:
    """Glowing gas with dark clouds before it, in one of six lights."""
    from PIL import Image, ImageChops

    half = (size[0] // 2, size[1] // 2)
    outer, inner, core = rng.choice(_LIGHTS)
    whence = _stirred(rng, half)
    fields = [noise(rng, half, cells, octaves, 0.56) for cells, octaves in (((3, 2), 6), ((4, 3), 6), ((5, 4), 6))]
    gas, second, dust = bent(Image.merge("RGB", fields), half, whence, (20, 16)).split()
    centre = (half[0] * rng.uniform(0.3, 0.7), half[1] * rng.uniform(0.3, 0.7))
    reach = max(half) * rng.uniform(0.62, 0.95)
    heart = glow(half, centre, (reach, reach * rng.uniform(0.6, 1)), rng.uniform(0, 3), lambda far: (1 - far) ** 1.2)
    heart = bent(heart, half, _stirred(rng, half, 0.16), (16, 12))
    shine = ImageChops.multiply(curve(gas, lambda level: min(1, 1.25 * level**1.6 + 0.04)), gamma(heart, 0.75))
    threads = ImageChops.multiply(gamma(ridges(second), 3.0), shine)
    within = ImageChops.multiply(gamma(second, 1.8, 1.1), gamma(heart, 1.5))
    light = ImageChops.add(tinted(shine, outer), tinted(within, inner))
    light = ImageChops.add(light, tinted(ImageChops.multiply(gamma(heart, 3.6, 0.8), gamma(gas, 1.2)), core))
    light = ImageChops.add(light, tinted(gamma(threads, 1, 0.8), core))
    lane = step(dust, 0.5, 0.86)
    clear = curve(
        ImageChops.multiply(lane, curve(heart, lambda level: 1 - 0.35 * level)), lambda level: 1 - 0.93 * level
    )
    light = ImageChops.multiply(light, tinted(clear, (255, 255, 255)))
    sky = night(rng, size, (14, 10, 20), rng.randrange(120, 300), rng.randrange(7, 12))
    return ImageChops.screen(enlarged(light, size), sky)


def planetary_nebula(rng: Random, size: Size) -> Image:
    """The shells of a dying star: rings of gas around a white dot."""
    from PIL import ImageChops

    half = (size[0] // 2, size[1] // 2)
    centre, angle = (half[0] / 2, half[1] / 2), rng.uniform(0, math.pi)
    reach, flat = min(half) * rng.uniform(0.36, 0.48), rng.uniform(0.62, 1.0)
    whence = _stirred(rng, half, 0.02)
    threads = bent(gamma(ridges(noise(rng, half, (7, 6), 5, 0.55)), 1.6), half, whence, (16, 12))
    outer, inner, core = rng.choice(_LIGHTS)

    def shell(at: float, thick: float, veil: float) -> Image:
        ring = glow(
            half,
            centre,
            (reach, reach * flat),
            angle,
            lambda far: min(1.0, math.exp(-(((far - at) / thick) ** 2)) + (veil if far < at else 0)),
        )
        return bent(ring, half, whence, (16, 12))

    wide, near = shell(0.72, 0.16, 0.25), shell(0.5, 0.11, 0.45)
    rough = curve(threads, lambda level: 0.45 + 0.75 * level)
    light = ImageChops.add(
        tinted(ImageChops.multiply(wide, rough), outer), tinted(ImageChops.multiply(near, rough), inner)
    )
    light = ImageChops.add(light, tinted(glow(half, centre, (reach * 0.5,) * 2, 0, bell(3)), dimmed(inner, 3)))
    halo = ImageChops.multiply(glow(half, centre, (reach * 2.2,) * 2, 0, lambda far: (1 - far) ** 2), threads)
    light = ImageChops.add(light, tinted(gamma(halo, 1, 0.55), outer))
    sky = night(rng, size, (8, 9, 16), rng.randrange(90, 200), 9)
    whole = ImageChops.screen(sky, enlarged(light, size))
    dot = glow((49, 49), (24.5, 24.5), (20, 20), 0, lambda far: min(1, 1.6 * math.exp(-14 * far)))
    whole.paste(core, (size[0] // 2 - 24, size[1] // 2 - 24), dot)
    return whole


def star_cluster(rng: Random, size: Size) -> Image:
    """Thousands of stars around one middle, or some dozens of blue ones in a veil."""
    from PIL import Image, ImageChops

    sky = night(rng, size, (10, 11, 20), 180, 7)
    centre = (size[0] * rng.uniform(0.42, 0.58), size[1] * rng.uniform(0.42, 0.58))
    if rng.random() < 0.5:
        return _globular(rng, sky, centre)
    half = (size[0] // 2, size[1] // 2)
    veil = gamma(bent(noise(rng, half, (3, 5), 6, 0.6), half, _stirred(rng, half), (16, 12)), 1.6)
    heart = glow(half, (centre[0] / 2, centre[1] / 2), (max(half) * 0.7,) * 2, 0, lambda far: (1 - far) ** 1.2)
    light = tinted(ImageChops.multiply(veil, heart), rng.choice(((60, 110, 220), (70, 130, 200), (110, 100, 210))))
    whole = ImageChops.screen(sky, enlarged(light, size))
    for _ in range(rng.randrange(7, 14)):
        place = (rng.gauss(centre[0], size[0] / 7), rng.gauss(centre[1], size[1] / 7))
        reach = rng.randrange(40, 120)
        side = 2 * reach + 1
        halo = glow(
            (side, side),
            (reach + 0.5,) * 2,
            (reach, reach),
            0,
            lambda far: 0.9 * min(1, 3 * math.exp(-19 * far) + 0.5 * (1 - far) ** 4),
        )
        whole.paste((190, 212, 255), (round(place[0]) - reach, round(place[1]) - reach), halo)
        stars_ = glow((side, side), (reach + 0.5,) * 2, (reach * 0.8, 1.7), 0, lambda far: (1 - far) ** 2)
        for spike in (stars_, stars_.transpose(Image.Transpose.ROTATE_90)):
            whole.paste((225, 235, 255), (round(place[0]) - reach, round(place[1]) - reach), spike)
    return whole


def _globular(rng: Random, sky: Image, centre: tuple[float, float]) -> Image:
    from PIL import Image, ImageChops, ImageDraw

    spread = min(sky.size) / rng.uniform(4.2, 7)
    for tone, count, grow in (((255, 214, 160), 1400, 1.0), ((215, 225, 255), 900, 1.1), ((255, 250, 240), 500, 0.7)):
        layer = Image.new("L", sky.size)
        draw = ImageDraw.Draw(layer)
        for _ in range(count // 4):
            shine = rng.randrange(70, 256)
            some = []
            for _ in range(4):
                far = spread * grow * abs(rng.gauss(0, 1)) ** 1.6
                turn = rng.random() * math.tau
                some.append((round(centre[0] + far * math.cos(turn)), round(centre[1] + far * math.sin(turn))))
            draw.point(some, shine)
            if shine > 205:
                x, y = some[0]
                draw.ellipse((x - 1, y - 1, x + 1, y + 1), shine)
        sky = ImageChops.add(sky, tinted(layer, tone))
    quarter = (sky.width // 4, sky.height // 4)
    heart = glow(
        quarter,
        (centre[0] / 4, centre[1] / 4),
        (spread * 0.8,) * 2,
        0,
        lambda far: 0.85 * math.exp(-7 * far) * (1 - far),
    )
    sky = ImageChops.screen(sky, tinted(enlarged(heart, sky.size), (255, 226, 180)))
    stars(rng, sky, 40, 8, 0)
    return sky


def _stirred(rng: Random, size: Size, strength: float = 0.07) -> Callable[[float, float], tuple[float, float]]:
    """A rule that bends clouds as a wind would."""
    waves = [
        (rng.uniform(3, 9) / size[0], rng.uniform(3, 9) / size[0], rng.uniform(0, 6.3), rng.uniform(0, 6.3))
        for _ in range(3)
    ]
    most, half = strength * min(size) / 1.5, (size[0] / 2, size[1] / 2)
    inner = 1 - 2.6 * strength  # so that nothing from beyond the edge is asked for

    def whence(x: float, y: float) -> tuple[float, float]:
        aside = sum(math.sin(a * y + b * x / 2 + c) for a, b, c, _ in waves)
        down = sum(math.cos(b * x + a * y / 2 + d) for a, b, _, d in waves)
        return (x - half[0]) * inner + half[0] + most * aside / 2, (y - half[1]) * inner + half[1] + most * down / 2

    return whence
