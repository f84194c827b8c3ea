"""What a picture's file name says: how large it is, in which format, and which view it shows.

Takes names and addresses' paths, gives plain values, never draws and never imports what draws.

The same name shows the same view for ever. A name may also show *the view of another name*, a little changed:

- `Harp12_Quill_crop` (any name with an ending of `VARIATIONS`) shows the view of `Harp12_Quill`, cropped; tests and
  benchmarks make their near duplicates so;
- one name in 25 shows one of a few favourites, varied by an ending that its name decides: near duplicates such as a
  long history has by itself.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

VARIATIONS = ("again", "crop", "bright", "mirror")
"""Encoded once more (the same pixels, other bytes); cropped by some hundredths; brighter; left and right swapped."""

FORMATS = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png", "gif": "gif"}
"""Which format a file of this extension is in; its content type is `image/` and that."""

_TOLD_SIZES = ((480, 360), (400, 400), (360, 480), (512, 288))
_FAVOURITES = 16  # of each shape
_ONE_IN = 25  # names shows a favourite


class View(NamedTuple):
    """What a name shows.

    Attributes:
        name: whose looks it has.
        variation: one of `VARIATIONS`, or nothing.
    """

    name: str
    variation: str = ""


def size_of(stem: str) -> tuple[int, int]:
    """Width and height, in pixels, that entries tell of a picture with this file name (without extension)."""
    return _TOLD_SIZES[_shape(_split(stem).name)]


def full_size_of(stem: str) -> tuple[int, int]:
    """Width and height of the original file: twice what entries tell, who ask for a rendition."""
    wide, high = size_of(stem)
    return 2 * wide, 2 * high


def stem_of(path: str) -> str:
    """The name that a picture's looks hang on: without folder, extension, and the old service's size mark."""
    return path.rpartition("/")[2].rpartition(".")[0].removesuffix("_1024")


def format_of(path: str) -> str | None:
    """The format that a path's extension promises: `jpeg`, `png` or `gif`; None if it is no picture's."""
    return FORMATS.get(path.rpartition(".")[2].lower())


def view_of(stem: str) -> View:
    """Whose view a name shows, and how it is varied.

    Example:
        >>> view_of("Harp12_Quill_mirror")
        View(name='Harp12_Quill', variation='mirror')
    """
    own = _split(stem)
    luck = blake2b(own.name.encode(), digest_size=4, person=b"favourite").digest()
    if luck[0] * 256 + luck[1] >= 65_536 // _ONE_IN:
        return own
    name = f"favourite {luck[2] % _FAVOURITES} of shape {_shape(own.name)}"
    return View(name, own.variation or ("", *VARIATIONS)[luck[3] % 5])


def fitted(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """The largest size of the same shape within a wish (0: none); pictures are never made larger."""
    wishes = zip((width, height), size, strict=True)
    scale = min([1.0, *(wish / have for wish, have in wishes if wish > 0)])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _split(stem: str) -> View:
    name, _, ending = stem.rpartition("_")
    return View(name, ending) if name and ending in VARIATIONS else View(stem)


def _shape(name: str) -> int:
    return blake2b(name.encode(), digest_size=1).digest()[0] % len(_TOLD_SIZES)
