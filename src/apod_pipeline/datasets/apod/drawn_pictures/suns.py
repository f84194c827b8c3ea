"""The Sun with its spots and flames.

Takes a seeded generator and a size, gives a picture.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.brushes import Size, coloured, curve, gamma, noise, step
from apod_pipeline.datasets.apod.drawn_pictures.lights import disc, glow
from apod_pipeline.datasets.apod.drawn_pictures.streamers import around

if TYPE_CHECKING:
    from PIL.Image import Image

_SUNS = (
    [(0, (3, 0, 0)), (0.35, (190, 52, 6)), (0.7, (250, 150, 30)), (1, (255, 246, 190))],
    [(0, (3, 2, 0)), (0.4, (190, 140, 30)), (0.75, (255, 224, 110)), (1, (255, 255, 235))],
    [(0, (3, 0, 1)), (0.4, (170, 20, 24)), (0.75, (240, 84, 50)), (1, (255, 214, 160))],
    [(0, (0, 2, 3)), (0.4, (16, 110, 96)), (0.75, (96, 214, 150)), (1, (236, 255, 220))],
)


def sun(rng: Random, size: Size) -> Image:
    """The Sun in the light of one element: grains, bright faculae, dark spots, flames at its edge."""
    from PIL import Image, ImageChops

    half = (size[0] // 2, size[1] // 2)
    close = rng.random() < 0.35
    radius = min(half) * (rng.uniform(0.6, 0.95) if close else rng.uniform(0.32, 0.4))
    centre = (half[0] * rng.uniform(0.2, 0.8), half[1] * 1.05) if close else (half[0] / 2, half[1] / 2)
    tones = rng.choice(_SUNS)
    grains = Image.blend(noise(rng, half, (90, 70), 2, 0.5), noise(rng, half, (7, 6), 5, 0.6), 0.6)
    active = step(noise(rng, half, (5, 6), 5, 0.55), 0.66, 0.96)
    limb = glow(half, centre, (radius, radius), 0, lambda far: max(0.0, 1 - far * far) ** 0.28)
    face = curve(grains, lambda level: 0.42 + 0.36 * level)
    face = ImageChops.add(face, curve(active, lambda level: 0.4 * level))
    _spots(rng, face, centre, radius)
    face = ImageChops.multiply(face, limb)
    corona = glow(
        half,
        centre,
        (radius * 1.7, radius * 1.7),
        0,
        lambda far: max(0, 0.34 * (1 - (far - 0.58) / 0.42) ** 2.4) if far > 0.58 else 0.34,
    )
    flames = around(rng, half, centre, radius, 1.28, (70, 4), 2.6)
    outside = ImageChops.add(gamma(corona, 1), curve(flames, lambda level: 0.75 * level))
    whole = ImageChops.lighter(face, ImageChops.multiply(outside, ImageChops.invert(disc(half, centre, radius - 1.5))))
    return coloured(whole, tones).resize(size, Image.Resampling.BICUBIC)


def _spots(rng: Random, face: Image, centre: tuple[float, float], radius: float) -> None:
    """Groups of spots on both sides of the equator: a dark core in a half-dark veil."""
    for _ in range(rng.randrange(2, 6)):
        x = centre[0] + radius * rng.uniform(-0.7, 0.7)
        y = centre[1] + radius * rng.choice((-1, 1)) * rng.uniform(0.1, 0.42)
        for _ in range(rng.randrange(1, 6)):
            reach = radius * rng.uniform(0.012, 0.055)
            side = round(2 * reach) + 5
            for share, level in ((1.0, 92), (0.55, 14)):
                radii = (reach * share, reach * share * rng.uniform(0.7, 1))
                turn = rng.uniform(0, 3)
                mask = glow((side, side), (side / 2, side / 2), radii, turn, lambda far: min(1.0, 3.5 * (1 - far)))
                face.paste(level, (round(x), round(y)), mask)
            x, y = x + rng.gauss(0, radius * 0.06), y + rng.gauss(0, radius * 0.03)
