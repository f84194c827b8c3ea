"""What all pictures are painted with: noise, and fields of brightness that are bent and coloured.

Takes a seeded generator and sizes, gives Pillow's images: `L` fields of brightness, `RGB` pictures. All that touches
every pixel happens in C; Python sees a few hundred points a picture. Noise is the generator's own bytes, scaled up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

Size = tuple[int, int]
Colour = tuple[int, int, int]
Stops = Sequence[tuple[float, Colour]]
BLACK: Colour = (0, 0, 0)


def random_field(rng: Random, size: Size) -> Image:
    """A field of bytes that know nothing of one another."""
    from PIL import Image

    return Image.frombytes("L", size, rng.randbytes(size[0] * size[1]))


def noise(
    rng: Random, size: Size, cells: Size = (4, 3), octaves: int = 5, rough: float = 0.5, *, round_: bool = False
) -> Image:
    """Clouds: layers of noise, each twice as fine and `rough` times as strong as the one before.

    Args:
        rng: Where the bytes come from.
        size: Of the field.
        cells: Of the coarsest layer, across and down.
        octaves: How many layers.
        rough: From 0 (smooth) to 1.
        round_: Let the right edge go on where the left begins.
    """
    from PIL import Image, ImageOps

    whole: Image.Image | None = None
    for octave in reversed(range(octaves)):
        across, down = min(cells[0] << octave, size[0]), min(cells[1] << octave, size[1])
        layer = random_field(rng, (across, down))
        if round_:
            ring = Image.new("L", (across + 4, down))
            ring.paste(layer.crop((across - 2, 0, across, down)), (0, 0))
            ring.paste(layer, (2, 0))
            ring.paste(layer.crop((0, 0, 2, down)), (across + 2, 0))
            layer = ring.resize(size, Image.Resampling.BICUBIC, (2, 0, across + 2, down))
        else:
            layer = layer.resize(size, Image.Resampling.BICUBIC)
        whole = layer if whole is None else Image.blend(layer, whole, rough)
    return ImageOps.autocontrast(whole or Image.new("L", size), cutoff=0.5)


def curve(field: Image, bend: Callable[[float], float]) -> Image:
    """A field with every brightness, from 0 to 1, replaced by another."""
    return field.point([max(0, min(255, round(255 * bend(level / 255)))) for level in range(256)])


def gamma(field: Image, power: float, strength: float = 1.0) -> Image:
    """A field with its middle tones darker (power above 1) or brighter, and all of it dimmed by `strength`."""
    return curve(field, lambda level: strength * level**power)


def step(field: Image, low: float, high: float) -> Image:
    """Black below `low`, white above `high`, and a soft way between."""

    def bend(level: float) -> float:
        share = max(0.0, min(1.0, (level - low) / (high - low)))
        return share * share * (3 - 2 * share)

    return curve(field, bend)


def ridges(field: Image) -> Image:
    """Bright threads where a field is neither dark nor bright."""
    return curve(field, lambda level: 1 - abs(2 * level - 1))


def relief(heights: Image, across: int, down: int, strength: float = 1.0) -> Image:
    """A landscape lit from the side: grey where it is flat, bright where it faces the light."""
    from PIL import ImageChops

    shifted = ImageChops.offset(heights, across, down)
    return curve(ImageChops.subtract(heights, shifted, 2, 128), lambda level: 0.5 + (level - 0.5) * 2 * strength)


def coloured(field: Image, stops: Stops) -> Image:
    """Brightness as colours: each stop says which colour a brightness from 0 to 1 gets."""
    from PIL import Image

    tables: tuple[list[int], ...] = ([], [], [])
    for level in range(256):
        share = level / 255
        after = next((place for place, (at, _) in enumerate(stops) if at >= share), len(stops) - 1)
        (low, dark), (high, light) = stops[max(0, after - 1)], stops[after]
        part = 1.0 if high == low else min(1.0, (share - low) / (high - low))
        for channel, table in enumerate(tables):
            table.append(round(dark[channel] + (light[channel] - dark[channel]) * part))
    return Image.merge("RGB", [field.point(table) for table in tables])


def tinted(field: Image, colour: Colour) -> Image:
    """Light of one colour."""
    return coloured(field, [(0, BLACK), (1, colour)])


def dimmed(colour: Colour, by: int) -> Colour:
    """A colour with a part of its light."""
    return colour[0] // by, colour[1] // by, colour[2] // by


def enlarged(field: Image, size: Size) -> Image:
    """A field that was drawn small, as large as the picture."""
    from PIL import Image

    return field.resize(size, Image.Resampling.BICUBIC)


def bent(
    source: Image,
    size: Size,
    whence: Callable[[float, float], tuple[float, float] | None],
    cells: Size = (24, 24),
    wrap: float = 0,
) -> Image:
    """A field bent by a rule, exact at the corners of a grid and straight between them.

    Args:
        source: What is bent.
        size: Of the result.
        whence: Which place of the source a place of the result shows; None: nothing.
        cells: Of the grid, across and down.
        wrap: Period of the source across, where it goes round.
    """
    from PIL import Image

    cells = min(cells[0], 1 + size[0] // 6), min(cells[1], 1 + size[1] // 6)
    xs = [round(size[0] * place / cells[0]) for place in range(cells[0] + 1)]
    ys = [round(size[1] * place / cells[1]) for place in range(cells[1] + 1)]
    corners = [[whence(x, y) for x in xs] for y in ys]
    mesh = []
    for row in range(cells[1]):
        for column in range(cells[0]):
            four = (
                corners[row][column],
                corners[row + 1][column],
                corners[row + 1][column + 1],
                corners[row][column + 1],
            )
            places = [corner for corner in four if corner is not None]
            if len(places) < len(four):
                continue
            first = places[0][0]
            quad: list[float] = []
            for x, y in places:
                quad += (x - wrap * round((x - first) / wrap) if wrap else x, y)
            mesh.append(((xs[column], ys[row], xs[column + 1], ys[row + 1]), tuple(quad)))
    return source.transform(size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
