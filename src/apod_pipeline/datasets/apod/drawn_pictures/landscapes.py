"""The night sky above a landscape: aurorae, the Milky Way, and lakes that mirror them.

Takes a seeded generator and a size, gives a picture.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.brushes import (
    Colour,
    Size,
    bent,
    coloured,
    curve,
    dimmed,
    enlarged,
    gamma,
    noise,
    step,
    tinted,
)
from apod_pipeline.datasets.apod.drawn_pictures.grounds import before_hills
from apod_pipeline.datasets.apod.drawn_pictures.lights import glow, night, stars

if TYPE_CHECKING:
    from PIL.Image import Image

_CURTAINS: tuple[tuple[Colour, Colour], ...] = (
    ((70, 255, 140), (150, 60, 200)),
    ((90, 255, 190), (60, 90, 220)),
    ((120, 255, 110), (220, 60, 110)),
    ((60, 240, 200), (200, 70, 160)),
)


def aurora(rng: Random, size: Size) -> Image:
    """Curtains of green light with purple above them, over hills or a lake."""
    from PIL import Image, ImageChops

    half = (size[0] // 2, size[1] // 2)
    low, high = rng.choice(_CURTAINS)
    sky = night(rng, size, (10, 18, 34), rng.randrange(80, 180), 4)
    light = Image.new("RGB", half)
    for _ in range(rng.randrange(2, 4)):
        below, above = _curtain(rng, half)
        light = ImageChops.screen(light, ImageChops.add(tinted(below, low), tinted(above, high)))
    down = Image.linear_gradient("L").resize(half)
    light = ImageChops.add(light, tinted(gamma(down, 1.6, 0.35), dimmed(low, 2)))
    whole = ImageChops.screen(sky, enlarged(light, size))
    tone: Colour = (low[0] // 12, low[1] // 12, low[2] // 10)
    if rng.random() < 0.5:
        return _mirrored(rng, whole, tone)
    return before_hills(rng, whole, (3, 6, 9), (tone[0] + 8, tone[1] + 14, tone[2] + 16), rng.uniform(0.22, 0.34))


def _curtain(rng: Random, size: Size) -> tuple[Image, Image]:
    """One fold of light: rays that stand on a winding hem; its lower part, and its upper."""
    from PIL import Image, ImageChops

    wide, high = size
    rays = Image.blend(noise(rng, size, (46, 1), 3, 0.6), noise(rng, size, (5, 1), 3, 0.5), 0.5)
    low, top = ([], [])
    for row in range(high):
        up = (high * 0.8 - row) / (high * 0.62)
        low.append(
            round(
                255 * (math.exp(-(((up - 0.06) / 0.2) ** 2)) if up > 0.06 else math.exp(-(((up - 0.06) / 0.035) ** 2)))
            )
        )
        top.append(round(200 * math.exp(-(((up - 0.5) / 0.28) ** 2))))
    rays = curve(rays, lambda level: min(1, 0.12 + 1.1 * level**1.7))
    fields = [
        ImageChops.multiply(rays, Image.frombytes("L", (1, high), bytes(column)).resize(size)) for column in (low, top)
    ]
    fold = Image.merge("RGB", [*fields, Image.new("L", size)])
    waves = [
        (rng.uniform(0.8, 3.6) / wide * 3, rng.uniform(0, 6.3), rng.uniform(0.03, 0.085) * min(high, wide * 0.8))
        for _ in range(3)
    ]
    lift, slope, sway = rng.uniform(-0.05, 0.34) * high, rng.uniform(-0.3, 0.3) * high / wide, rng.uniform(0.1, 0.25)

    def whence(x: float, y: float) -> tuple[float, float]:
        hem = sum(tall * math.sin(often * x + turn) for often, turn, tall in waves)
        down = y + lift + hem + slope * (x - wide / 2)
        aside = sum(math.cos(often * x + turn) for often, turn, _ in waves) * wide * 0.05
        inner = (x + aside + sway * (high * 0.5 - y)) / wide * 0.6 + 0.2
        return max(0.0, min(wide - 1.0, inner * wide)), min(high - 1.0, max(0.0, down))

    below, above, _ = bent(fold, size, whence, (36, 10)).split()
    return below, above


def _mirrored(rng: Random, sky: Image, tone: Colour) -> Image:
    """The sky once more, upside down in a lake with a shore between."""
    from PIL import Image, ImageChops, ImageFilter

    wide, high = sky.size
    shore = round(high * rng.uniform(0.62, 0.72))
    upper = sky.crop((0, high - shore, wide, high))
    upper = before_hills(rng, upper, (3, 6, 9), (tone[0] + 6, tone[1] + 10, tone[2] + 12), rng.uniform(0.14, 0.26))
    lake = (
        upper.resize((wide // 2, shore // 2))
        .transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        .crop((0, 0, wide // 2, (high - shore) // 2 + 1))
    )
    ripples = [(rng.uniform(0.5, 1.1), rng.uniform(0, 6.3)) for _ in range(2)]
    rows = (4, max(8, lake.height // 4))

    def whence(x: float, y: float) -> tuple[float, float]:
        far = y / lake.height
        aside = (0.5 + 2.5 * far) * sum(math.sin(often * y + turn) for often, turn in ripples)
        return max(0.0, min(lake.width - 1.0, x + aside)), y

    lake = bent(lake, lake.size, whence, rows).filter(ImageFilter.BoxBlur((0, 2)))
    lake = ImageChops.multiply(lake, Image.new("RGB", lake.size, (165, 180, 205)))
    whole = Image.new("RGB", sky.size)
    whole.paste(upper, (0, 0))
    whole.paste(lake.resize((wide, high - shore), Image.Resampling.BICUBIC), (0, shore))
    return whole


def milky_way(rng: Random, size: Size) -> Image:
    """The band of the Milky Way, with its dark lanes and pink clouds, standing over hills."""
    from PIL import Image, ImageChops

    half = (size[0] // 2, size[1] // 2)
    centre = (half[0] * rng.uniform(0.35, 0.65), half[1] * rng.uniform(0.4, 0.6))
    angle = rng.choice((-1, 1)) * rng.uniform(0.6, 1.4)
    long = math.hypot(*half)
    band = glow(half, centre, (long * 1.1, min(half) * rng.uniform(0.3, 0.42)), angle, lambda far: (1 - far) ** 1.3)
    core = glow(
        half,
        (centre[0] + 0.2 * long * math.cos(angle), centre[1] + 0.2 * long * abs(math.sin(angle))),
        (long * 0.42, long * 0.22),
        angle,
        lambda far: (1 - far) ** 1.6,
    )
    clouds = noise(rng, half, (5, 5), 6, 0.58)
    lanes = step(noise(rng, half, (6, 7), 6, 0.62), 0.46, 0.74)
    dark = ImageChops.multiply(lanes, gamma(band, 0.5))
    shine = ImageChops.multiply(curve(clouds, lambda level: min(1, 0.25 + level)), band)
    light = ImageChops.add(
        coloured(shine, [(0, (0, 0, 0)), (0.5, (92, 96, 130)), (1, (226, 214, 220))]), tinted(core, (255, 206, 150))
    )
    light = ImageChops.multiply(light, tinted(curve(dark, lambda level: 1 - 0.88 * level), (255, 255, 255)))
    pink = ImageChops.multiply(step(noise(rng, half, (16, 14), 4, 0.55), 0.76, 1.05), gamma(band, 0.8))
    light = ImageChops.add(light, tinted(pink, (190, 50, 90)))
    down = Image.linear_gradient("L").resize(half)
    ground_shine = rng.choice(((170, 110, 50), (60, 140, 90), (70, 90, 160), (150, 70, 90)))
    light = ImageChops.add(light, tinted(gamma(down, 3.0, 0.6), ground_shine))
    sky = night(rng, size, (9, 12, 26), 150, 5)
    stars(rng, sky, 60, 4, 0.9)
    whole = ImageChops.screen(sky, enlarged(light, size))
    if rng.random() < 0.3:
        return _mirrored(rng, whole, (8, 10, 16))
    return before_hills(rng, whole, (4, 5, 8), dimmed(ground_shine, 5), rng.uniform(0.18, 0.32))
