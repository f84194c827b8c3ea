"""Bytes in, a judged picture out: what it is, how large, what it looks like, and its thumbnail, all of one decode.

Takes a file that nobody vouches for, gives facts and a WebP file, or says what is wrong. It runs as a process of its
own, with a limit to its memory: a picture that kills its decoder kills nothing else. One question a line comes on
standard input, answers go to standard output: first what the header claims, then, when the parent lets it go on, the
result.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from apod_pipeline.extras.pictures.perceptual import SIDE, perceptual_hash

if TYPE_CHECKING:
    from PIL.Image import Image

TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
}
LEAST = 16  # pixels of a side: what is smaller is a spacer, and no picture
THUMBNAIL = 640  # pixels of a thumbnail's longer side
QUALITY = 80
TURNED = range(5, 9)  # values of EXIF's orientation that lie on their side
ORIENTATION = 0x0112


class Unsound(Exception):
    """The file is no picture that can be kept; in words."""


def opened(path: str, most: int) -> Image:
    """The picture of a file, of which only the header was read.

    Raises:
        Unsound: it is none, or claims a size that none has.
    """
    from PIL import Image, UnidentifiedImageError

    _import_formats()
    Image.MAX_IMAGE_PIXELS = None  # judged here, by our own limit
    try:
        picture = Image.open(path, formats=[name for name in TYPES if name != "MPO"])  # which is opened as a JPEG
    except UnidentifiedImageError as error:
        raise Unsound("its bytes are no picture's") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise Unsound(f"its header is damaged ({_in_short(error)})") from error
    width, height = picture.size
    if min(width, height) < LEAST:
        raise Unsound(f"{width} x {height} pixels are no picture")
    if width * height > most:
        raise Unsound(f"it claims {width} x {height} pixels, and at most {most / 1e6:.0f} million are taken")
    return picture


def _import_formats() -> None:
    """Only those that are taken: Pillow knows forty more, each of which would be tried."""
    from importlib import import_module

    for plugin in ("Avif", "Bmp", "Gif", "Jpeg", "Png", "Tiff", "WebP"):
        import_module(f"PIL.{plugin}ImagePlugin")


def inspected(picture: Image, size: tuple[int, int], thumbnail: str, most: int) -> dict[str, Any]:
    """What a picture is, after a decode of all of it; its thumbnail is written.

    Args:
        picture: of which only the header was read.
        size: its width and height, however few pixels it is decoded to.
        thumbnail: where that is written.
        most: pixels that all of its frames may have.

    Raises:
        Unsound: it cannot be decoded to its end.
    """
    kind, turn, (width, height) = picture.format or "", _orientation(picture), size
    try:
        for _ in _frames(picture, most):
            picture.load()
        picture.seek(0)
        small = _small(picture, size)
    except MemoryError as error:
        raise Unsound("it takes more memory than a picture may") from error
    except Exception as error:  # decoders say what is wrong with damaged bytes in every way there is
        raise Unsound(f"it cannot be decoded to its end ({_in_short(error)})") from error
    if turn in TURNED:
        width, height = height, width
    small = _upright(small, turn)
    small.save(thumbnail, "WEBP", quality=QUALITY, icc_profile=picture.info.get("icc_profile") or b"")
    # As the field's library has it, of the thumbnail: reduced to so few pixels, it looks as the picture does.
    grey = small.convert("L").resize((SIDE, SIDE), 1)
    hashed = perceptual_hash(list(grey.tobytes()))
    return {"type": TYPES[kind], "width": width, "height": height, "perceptual_hash": hashed}


def drafted(picture: Image) -> int:
    """Let a JPEG be decoded to no more pixels than its thumbnail needs; gives how many pixels' memory a decode takes.

    All of its bytes are decoded all the same, and damage is found as ever: it is the last step alone, from frequencies
    to pixels, that is done for fewer of them.
    """
    # A progressive one is held in frequencies, all at one time: 6 bytes a pixel, where pixels take 4.
    frequencies = picture.size[0] * picture.size[1] * 3 // 2 if picture.info.get("progressive") else 0
    if max(picture.size) > THUMBNAIL:
        picture.draft(None, _within(picture.size, THUMBNAIL))
    return frequencies or picture.size[0] * picture.size[1]


def _within(size: tuple[int, int], most: int) -> tuple[int, int]:
    """The same shape with a longer side of so many pixels."""
    scale = most / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _frames(picture: Image, most: int) -> Iterator[int]:
    """Every frame of a film of pictures, until they are more pixels than a picture may have."""
    yield 0
    seen = picture.size[0] * picture.size[1]
    for frame in range(1, getattr(picture, "n_frames", 1)):
        seen += picture.size[0] * picture.size[1]
        if seen > most or picture.format in {"MPO", "TIFF"}:  # further pages, and not the picture
            return
        picture.seek(frame)
        yield frame


def _small(picture: Image, size: tuple[int, int]) -> Image:
    """The whole picture of some size in few pixels, of three or four colours."""
    if picture.mode in {"I", "I;16", "I;16B", "I;16L", "F"}:
        low, high = (float(value) for value in picture.getextrema())  # type: ignore[arg-type] # of one band
        scale = 255 / (high - low) if high > low else 0.0
        picture = picture.convert("F").point(lambda value: value * scale - low * scale).convert("L")
    elif picture.mode in {"P", "PA", "LA", "1"}:
        picture = picture.convert("RGBA" if "transparency" in picture.info or picture.mode in {"PA", "LA"} else "RGB")
    wanted = _within(size, THUMBNAIL) if max(size) > THUMBNAIL else None
    small = picture.resize(wanted, 1, reducing_gap=2.0) if wanted else picture.copy()  # Lanczos
    return small if small.mode in {"RGB", "RGBA"} else small.convert("RGBA" if small.mode == "RGBa" else "RGB")


def _orientation(picture: Image) -> int:
    try:
        return int(picture.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - damaged EXIF says nothing about the picture
        return 1


def _upright(small: Image, turn: int) -> Image:
    from PIL.Image import Transpose

    way = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(turn)
    return small if way is None else small.transpose(way)


def _in_short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


# ---- the process ---------------------------------------------------------------------------
def main() -> None:
    """Answer questions until there are no more."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a decoder prints is no answer

        def say(told: dict[str, Any]) -> None:
            answers.write(json.dumps(told) + "\n")
            answers.flush()

        limit = json.loads(sys.stdin.readline())
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        _import_formats()  # before the first picture is there
        for line in sys.stdin:
            _answer(json.loads(line), say)


def _answer(asked: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> None:
    try:
        with opened(asked["path"], asked["most"]) as picture:
            size = picture.size
            say({"pixels": size[0] * size[1], "held": drafted(picture)})
            if json.loads(sys.stdin.readline()) == "go":
                say(inspected(picture, size, asked["thumbnail"], asked["most"]))
    except Unsound as error:
        say({"unsound": str(error)})
    except Exception as error:  # noqa: BLE001 - whatever it is, this file is not taken, and the next one is looked at
        say({"unsound": f"it cannot be judged ({type(error).__name__}: {_in_short(error)})"})


if __name__ == "__main__":
    main()
