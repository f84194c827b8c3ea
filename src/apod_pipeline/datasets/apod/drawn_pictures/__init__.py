"""Pictures for made-up entries: galaxies, planets, comets, aurorae and more, drawn from a file's name alone.

    names (sizes, formats, views) ─► drawing (bytes) ─► kinds ─► galaxies, planets, skies, … ─► brushes (Pillow)

Takes names, gives bytes, never reads a file. Pillow is imported by what draws, not before.
"""

from apod_pipeline.datasets.apod.drawn_pictures.drawing import picture
from apod_pipeline.datasets.apod.drawn_pictures.names import (
    FORMATS,
    VARIATIONS,
    View,
    fitted,
    format_of,
    full_size_of,
    size_of,
    stem_of,
    view_of,
)

__all__ = [
    "FORMATS",
    "VARIATIONS",
    "View",
    "fitted",
    "format_of",
    "full_size_of",
    "picture",
    "size_of",
    "stem_of",
    "view_of",
]
