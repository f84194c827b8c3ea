"""What leaves a disc on all sides: a corona's streamers, the flames at the Sun's edge.

Takes a seeded generator and a disc, gives a field of brightness.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.brushes import Size, bent, gamma, noise

if TYPE_CHECKING:
    from PIL.Image import Image


def around(
    rng: Random, size: Size, centre: tuple[float, float], radius: float, reach: float, cells: Size, power: float
) -> Image:
    """Streamers that leave a disc on all sides and fade on their way."""
    from PIL import Image, ImageChops

    map_ = (512, 96)
    streams = noise(rng, map_, cells, 4, 0.62, round_=True)
    fade = Image.linear_gradient("L").resize(map_).point([round(255 * (1 - n / 255) ** 1.4) for n in range(256)])
    flat = ImageChops.multiply(gamma(streams, power), fade)
    wide = Image.new("L", (3 * map_[0], map_[1]))
    for left in range(0, wide.width, map_[0]):
        wide.paste(flat, (left, 0))

    def whence(x: float, y: float) -> tuple[float, float]:
        x, y = x - centre[0], y - centre[1]
        far = (math.hypot(x, y) / radius - 0.98) / (reach - 0.98)
        return (math.atan2(y, x) / math.tau + 1) * map_[0] + map_[0] / 2, max(-1.0, far) * map_[1]

    return bent(wide, size, whence, (32, 26), map_[0])
