"""The two bare loops that a sync of pictures is measured against.

Takes `download ADDRESS NAMES FOLDER` (httpx, with as many at a time as a sync) or `decode FOLDER` (Pillow: a full
decode, a thumbnail and its WebP file, on two processes); prints how many pictures that were.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

AT_ONCE, SIDE, QUALITY = 4, 640, 80


def download(address: str, names: list[str], folder: Path) -> int:
    """Every file, with so many connections."""
    import httpx

    with httpx.Client(limits=httpx.Limits(max_connections=AT_ONCE)) as client, ThreadPoolExecutor(AT_ONCE) as hands:

        def one(name: str) -> None:
            with client.stream("GET", f"{address}/{name}") as response, (folder / name).open("wb") as file:
                for piece in response.iter_bytes():
                    file.write(piece)

        return len(list(hands.map(one, names)))


def small(path: str) -> int:
    """One picture."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    with Image.open(path) as picture:
        picture.load()
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
        picture.convert("RGB").save(f"{path}.webp", "WEBP", quality=QUALITY)
    return 1


def main() -> None:
    """Do what was asked for."""
    if sys.argv[1] == "download":
        print(download(sys.argv[2], Path(sys.argv[3]).read_text().split(), Path(sys.argv[4])))
        return
    with ProcessPoolExecutor(2) as pool:
        paths = [str(path) for path in sorted(Path(sys.argv[2]).iterdir()) if path.suffix in {".jpg", ".png"}]
        print(sum(pool.map(small, paths)))


if __name__ == "__main__":
    main()
