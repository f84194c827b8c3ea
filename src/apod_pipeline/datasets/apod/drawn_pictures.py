"""Pictures for made-up entries: small night skies, drawn from a file's name alone.

Takes an address' path and a wished size, gives a PNG, never two different ones for the same wish. Each
colour has a glow of its own; a glow is a product of a curve across and a curve down, so that a row of
pixels is one table look-up in C.
"""

from __future__ import annotations

import math
import struct
import zlib
from functools import lru_cache
from hashlib import blake2b

_SIZES = ((480, 360), (400, 400), (360, 480), (512, 288))
_LEVELS = 64  # brightness steps of a glow across; few enough for quick tables, enough for smooth skies
_LARGEST = 1024


def size_of(stem: str) -> tuple[int, int]:
    """Width and height, in pixels, of the original picture with this file name (without extension)."""
    return _SIZES[blake2b(stem.encode(), digest_size=1).digest()[0] % len(_SIZES)]


def stem_of(path: str) -> str:
    """The name that a picture's looks hang on: without folder, extension, and the old service's size mark."""
    return path.rpartition("/")[2].rpartition(".")[0].removesuffix("_1024")


def fitted(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """The largest size of the same shape within a wish (0: none); pictures are never made larger."""
    wishes = zip((width, height), size, strict=True)
    scale = min([1.0, *(wish / have for wish, have in wishes if wish > 0)])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


@lru_cache(maxsize=64)
def picture(stem: str, width: int = 0, height: int = 0) -> bytes:
    """A PNG of the picture with this name, scaled down to fit into `width` times `height` (0: as it is)."""
    wide, high = fitted(size_of(stem), min(width, _LARGEST), min(height, _LARGEST))
    digest = blake2b(stem.encode(), digest_size=64, person=b"apod night sky").digest()
    middles = [0.25 + digest[axis] / 512 for axis in range(2)]
    spreads = [0.10 + digest[2 + channel] / 1600 for channel in range(3)]
    across = [_glow(wide, middles[0] + digest[5 + i] / 1500, spreads[i]) for i in range(3)]
    down = [_glow(high, middles[1] + digest[8 + i] / 1500, spreads[i] * 1.2) for i in range(3)]
    rows = bytearray()
    for y in range(high):
        row = bytearray(3 * wide)
        for channel, (dimmest, darkness) in enumerate(((60, 6), (30, 9), (90, 22))):
            strength = down[channel][y] * (dimmest + digest[11 + channel] // 2) / (_LEVELS - 1) ** 2
            table = bytes(int(darkness + level * strength) for level in range(_LEVELS))
            row[channel::3] = across[channel].translate(table.ljust(256, b"\0"))
        rows += b"\0" + row
    _scatter_stars(rows, wide, high, digest)
    return _png(wide, high, bytes(rows))


def _glow(length: int, centre: float, spread: float) -> bytes:
    """A bell curve along one direction, as levels from 0 to 63."""
    middle, width = centre * length, spread * length
    curve = (math.exp(-(((place - middle) / width) ** 2) / 2) for place in range(length))
    return bytes(round((_LEVELS - 1) * height) for height in curve)


def _scatter_stars(rows: bytearray, wide: int, high: int, digest: bytes) -> None:
    """Some stars for every picture, a few of them with a cross of light."""
    stream = b"".join(blake2b(digest, digest_size=64, salt=b"%d" % part).digest() for part in range(12))
    for star in range(0, len(stream) - 6, 6):
        x = int.from_bytes(stream[star : star + 2], "little") * wide >> 16
        y = int.from_bytes(stream[star + 2 : star + 4], "little") * high >> 16
        light = 90 + stream[star + 4] * 165 // 255
        arm = 3 if stream[star + 5] > 242 else 0
        for step in range(-arm, arm + 1):
            shine = bytes((light * (4 - abs(step)) // 4,)) * 3
            for across, down in ((x + step, y), (x, y + step)):
                if 0 <= across < wide and 0 <= down < high:
                    place = down * (3 * wide + 1) + 1 + 3 * across
                    rows[place : place + 3] = bytes(map(max, shine, rows[place : place + 3]))


def _png(wide: int, high: int, rows: bytes) -> bytes:
    """Eight-bit RGB rows, each led by its filter byte, as a PNG file."""
    header = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
