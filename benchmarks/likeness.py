"""What the perceptual hash finds, and what it takes for alike that is not: `make bench-likeness`.

Takes how many pictures, prints of each kind of near duplicate how many were missed, and how many pairs of different
pictures were called alike, at some limits of differing bits. Keeps them in `likeness.md`. All pictures are generated.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from itertools import combinations

import stamps
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from apod_pipeline.datasets.apod.drawn_pictures import picture as drawn
from apod_pipeline.extras.pictures.perceptual import NEAR, SIDE, distance, perceptual_hash

LIMITS = (16, 24, NEAR, 48, 64)


def encoded(image: Image.Image, quality: int) -> Image.Image:
    """The picture after another encoding."""
    body = io.BytesIO()
    image.save(body, "JPEG", quality=quality)
    return Image.open(body)


def cropped(image: Image.Image, share: float) -> Image.Image:
    """Without a share of its width and height, half of it on each side."""
    wide, high = image.size
    left, top = round(wide * share / 2), round(high * share / 2)
    return image.crop((left, top, wide - left, high - top))


def captioned(image: Image.Image) -> Image.Image:
    """With a line of words in its lower corner, on a bar of a twentieth of its height."""
    copy = image.copy()
    wide, high = copy.size
    brush = ImageDraw.Draw(copy)
    brush.rectangle((0, high - high // 20, wide // 2, high), fill=(0, 0, 0))
    brush.text((6, high - high // 20), "A caption with a name and a year", fill=(255, 255, 255))
    return copy


KINDS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "encoded again, JPEG quality 40": lambda image: encoded(image, 40),
    "half as wide and high": lambda image: image.resize((image.size[0] // 2, image.size[1] // 2)),
    "a caption added": captioned,
    "a fifth brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "a third darker": lambda image: ImageEnhance.Brightness(image).enhance(0.67),
    "2 % of its sides cut off": lambda image: cropped(image, 0.02),
    "5 % of its sides cut off": lambda image: cropped(image, 0.05),
    "10 % of its sides cut off": lambda image: cropped(image, 0.10),
    "mirrored": ImageOps.mirror,
}


def hashed(image: Image.Image) -> str:
    """The hash as a sync makes it: of the thumbnail."""
    small = image.convert("RGB")
    small.thumbnail((640, 640), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return perceptual_hash(list(small.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS).tobytes()))


def main(count: int) -> None:
    """Measure, print, keep."""
    names = [f"Likeness{number:03d}_{'Quill' * (number % 3 + 1)}" for number in range(count)]
    images = [Image.open(io.BytesIO(drawn(name, form="png"))).convert("RGB") for name in names]
    wholes = [hashed(image) for image in images]
    lines = []
    for kind, change in KINDS.items():
        far = [distance(whole, hashed(change(image))) for whole, image in zip(wholes, images, strict=True)]
        missed = ", ".join(f"{sum(bits > limit for bits in far)} at {limit}" for limit in LIMITS)
        lines.append(f"{kind}: of {count} missed {missed} bits; the usual distance is {sorted(far)[count // 2]}")
    apart = [distance(one, other) for one, other in combinations(wholes, 2)]
    false = ", ".join(f"{sum(bits <= limit for bits in apart)} at {limit}" for limit in LIMITS)
    lines.append(
        f"{len(apart):,} pairs of different pictures: called alike {false} bits; the nearest differ in {min(apart)}"
    )
    stamps.write("likeness.md", "What near duplicates are found", "make bench-likeness", lines)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 200)
