"""What a file is by its first bytes; its name and what its host calls it count for nothing.

Takes a file's beginning, gives whether it may be a picture of a kind that is kept. Pure.
"""

from __future__ import annotations

_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"BM")
_BRANDS = (b"avif", b"avis", b"mif1", b"msf1")


def looks_like_a_picture(beginning: bytes) -> bool:
    """Whether a file that begins so may be a JPEG, PNG, GIF, TIFF, BMP, WebP or AVIF."""
    if beginning.startswith(_BEGINNINGS):
        return True
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return True
    return beginning[4:8] == b"ftyp" and any(brand in beginning[8:40] for brand in _BRANDS)
