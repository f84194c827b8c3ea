"""Single lights on a dark ground: glows, discs, stars, a whole night sky, and a camera's grain.

Takes a seeded generator, sizes and places, gives masks or paints on a picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.brushes import (
    Colour,
    Size,
    coloured,
    curve,
    enlarged,
    gamma,
    random_field,
)

if TYPE_CHECKING:
    from PIL.Image import Image

_AT_THE_SIDES = 179 / 255


def glow(
    size: Size, centre: tuple[float, float], radii: tuple[float, float], angle: float, fade: Callable[[float], float]
) -> Image:
    """An ellipse of light.

    Args:
        size: Of the field.
        centre: In pixels.
        radii: Where it ends, along its own two axes.
        angle: By which it is turned, in radians.
        fade: Brightness at a distance from 0 (centre) to 1 (end).
    """
    from PIL import Image

    cos, sin = math.cos(angle), math.sin(angle)
    (x, y), (wide, high) = centre, radii
    a, b, d, e = 127 * cos / wide, 127 * sin / wide, -127 * sin / high, 127 * cos / high
    places = (a, b, 128 - a * x - b * y, d, e, 128 - d * x - e * y)
    # Pillow's gradient is white in its corners only; where its sides are touched, it has come to this share of it.
    source = curve(
        Image.radial_gradient("L"), lambda level: fade(level / _AT_THE_SIDES) if level < _AT_THE_SIDES else 0
    )
    return source.transform(size, Image.Transform.AFFINE, places, Image.Resampling.BILINEAR)


def bell(sharp: float = 4.0) -> Callable[[float], float]:
    """A bell curve that has reached nothing at distance 1."""
    edge = math.exp(-sharp)
    return lambda distance: (math.exp(-sharp * distance * distance) - edge) / (1 - edge)


def point_of_light(sharp: float = 9.0) -> Callable[[float], float]:
    """A bright core in a wide veil."""
    return lambda distance: max(0.0, (1 / (1 + sharp * distance) - 1 / (1 + sharp)) * (1 + 1 / sharp))


def disc(size: Size, centre: tuple[float, float], radius: float) -> Image:
    """A round mask with a smooth edge: drawn thrice as large around the disc alone."""
    from PIL import Image, ImageDraw

    reach = math.ceil(radius) + 2
    left, top = math.floor(centre[0]) - reach, math.floor(centre[1]) - reach
    large = Image.new("L", (6 * reach, 6 * reach))
    x, y, r = 3 * (centre[0] - left), 3 * (centre[1] - top), 3 * radius
    ImageDraw.Draw(large).ellipse((x - r, y - r, x + r, y + r), 255)
    mask = Image.new("L", size)
    mask.paste(large.reduce(3), (left, top))
    return mask


_STAR_COLOURS: tuple[Colour, ...] = (
    (255, 255, 255),
    (200, 216, 255),
    (170, 196, 255),
    (255, 240, 220),
    (255, 214, 170),
    (255, 190, 140),
)


@lru_cache(maxsize=128)
def _sprite(radius: int, spikes: bool, shine: float) -> Image:
    """One star: a core, a veil, and the cross of a telescope's struts."""
    from PIL import ImageChops

    side = 2 * radius + 1
    middle = (radius + 0.5, radius + 0.5)
    star = glow(
        (side, side),
        middle,
        (radius * 0.8, radius * 0.8),
        0,
        lambda far: min(1.0, 1.25 * math.exp(-22 * far * far) + 0.34 * (1 - far) ** 4),
    )
    if spikes:
        for thin in ((radius, 1.1 + radius / 26), (1.1 + radius / 26, radius)):
            star = ImageChops.add(star, glow((side, side), middle, thin, 0, lambda far: 0.75 * (1 - far) ** 2))
    return gamma(star, 1, shine)


def stars(rng: Random, sky: Image, count: int, largest: int = 9, dust: float = 0.6) -> None:
    """Scatter stars over a picture: a dust of faint ones, many small ones, few that shine.

    Args:
        rng: Where they stand.
        sky: The picture that is painted on.
        count: How many that one sees as such.
        largest: Radius of the brightest, in pixels.
        dust: How bright the faint ones are.
    """
    from PIL import Image, ImageChops

    faint = random_field(rng, sky.size).point([0] * 253 + [round(dust * bright) for bright in (110, 170, 230)])
    veil = random_field(rng, (9, 7)).resize(sky.size, Image.Resampling.BILINEAR)
    sky.paste((235, 235, 255), (0, 0), ImageChops.multiply(faint, veil))
    for _ in range(count):
        bright = rng.random() ** 9
        radius = max(2, round(1.6 + largest * bright))
        spikes = radius > largest * 0.68 and largest > 6
        shine = (0.35, 0.55, 0.8, 1.0)[rng.randrange(4)] if radius < 4 else 1.0
        sprite = _sprite(radius * (3 if spikes else 1), spikes, shine)
        place = (rng.randrange(sky.width) - sprite.width // 2, rng.randrange(sky.height) - sprite.height // 2)
        sky.paste(rng.choice(_STAR_COLOURS), place, sprite)


def night(rng: Random, size: Size, tone: Colour = (10, 12, 22), count: int = 160, largest: int = 8) -> Image:
    """A dark sky, a little uneven, with stars."""
    sky = enlarged(coloured(random_field(rng, (4, 3)), [(0, (2, 2, 5)), (1, tone)]), size)
    stars(rng, sky, count, largest)
    return sky


def grain(rng: Random, picture: Image) -> Image:
    """A trace of noise, as every camera adds it: it also hides the steps of long gradients."""
    from PIL import Image, ImageChops

    tile = random_field(rng, (256, 256)).point([level * 5 >> 8 for level in range(256)])
    whole = Image.new("L", picture.size)
    for left in range(0, picture.width, 256):
        for top in range(0, picture.height, 256):
            whole.paste(tile, (left, top))
    return ImageChops.add(picture, Image.merge("RGB", [whole] * 3), 1, -2)
