"""A picture's bytes: the view is drawn, varied, scaled to what was asked for, and written in its format.

Takes a file's name and a wished size, gives the same bytes for them with the same Pillow. Nothing is read, and
nothing is random: each view hangs on its name alone. What draws is imported by the function that does.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures.names import fitted, full_size_of, view_of

if TYPE_CHECKING:
    from PIL.Image import Image

_KEPT = 6  # drawn views that are kept for another size or format, of two megabytes each
_BRIGHTER = [min(255, level * 115 // 100 + 6) for level in range(256)]


@lru_cache(maxsize=64)
def picture(stem: str, width: int = 0, height: int = 0, form: str = "png") -> bytes:
    """A file of the picture with this name, scaled down to fit into `width` times `height` (0: as it is).

    Args:
        stem: The file's name without extension; `names` tells which names show the same view.
        width: Pixels at most.
        height: Pixels at most.
        form: `jpeg`, `png` or `gif`.
    """
    full = full_size_of(stem)
    view = view_of(stem)
    drawn = _varied(_drawn(view.name, full), view.variation, stem)
    size = fitted(full, width, height)
    if drawn.size != size:
        from PIL.Image import Resampling

        drawn = drawn.resize(size, Resampling.LANCZOS, reducing_gap=2.0)
    return _written(drawn, form, 76 if view.variation == "again" else 88)


@lru_cache(maxsize=_KEPT)
def _drawn(name: str, size: tuple[int, int]) -> Image:
    from apod_pipeline.datasets.apod.drawn_pictures.kinds import KINDS
    from apod_pipeline.datasets.apod.drawn_pictures.lights import grain

    digest = blake2b(name.encode(), digest_size=16, person=b"apod sky").digest()
    rng = Random(int.from_bytes(digest, "little"))
    return grain(rng, rng.choice(KINDS)(rng, size))


def _varied(drawn: Image, variation: str, stem: str) -> Image:
    """The same view as somebody else would publish it; how much is cropped hangs on the name."""
    if variation == "crop":
        from PIL.Image import Resampling

        luck = blake2b(stem.encode(), digest_size=4, person=b"crop").digest()
        left, top, right, bottom = (0.01 + byte / 255 * 0.03 for byte in luck)
        wide, high = drawn.size
        box = (left * wide, top * high, (1 - right) * wide, (1 - bottom) * high)
        return drawn.resize(drawn.size, Resampling.BICUBIC, box)
    if variation == "bright":
        return drawn.point(_BRIGHTER * 3)
    if variation == "mirror":
        from PIL.Image import Transpose

        return drawn.transpose(Transpose.FLIP_LEFT_RIGHT)
    return drawn


def _written(drawn: Image, form: str, quality: int) -> bytes:
    file = BytesIO()
    if form == "jpeg":
        drawn.save(file, "JPEG", quality=quality)
    elif form == "gif":
        from PIL.Image import Dither, Quantize

        drawn.quantize(256 if quality > 80 else 160, Quantize.FASTOCTREE, dither=Dither.NONE).save(file, "GIF")
    else:
        drawn.save(file, "PNG", compress_level=1 if quality > 80 else 2)
    return file.getvalue()
