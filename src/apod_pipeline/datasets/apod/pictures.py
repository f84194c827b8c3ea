"""The pictures of an entry, and the addresses at which NASA has, had or may have each of them.

Takes an entry as a row, gives its pictures. Pure. NASA's old picture host leads to a page since the move, so an
address there is followed by that of the same file at the new site; where an original is away, the site's renditions
may be there still (of a GIF there are none).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from apod_pipeline.dataset.pictures import ORIGINAL, POSTER, RENDITION, Candidate, Picture
from apod_pipeline.datasets.apod.rules.addresses import is_generic, is_logo, suffix

if TYPE_CHECKING:
    from apod_pipeline.dataset.readings import Row

MOVED = {
    "https://apod.nasa.gov": "https://assets.science.nasa.gov",
    "http://apod.nasa.gov": "https://assets.science.nasa.gov",
}
ORIGINALS, RENDITIONS = "/content/dam/science/cds/apod/apod", "/dynamicimage/assets/science/cds/apod/apod"
WIDEST = 2048  # pixels that are asked of a rendition
_OLD = re.compile(r"/apod/image/(\d\d)(\d\d)/([^/?#]+)$")


def pictures_of(entry: Row) -> Iterator[Picture]:
    """The picture of an entry, or a film's poster; none where the entry shows neither.

    Its candidates: the largest picture, the picture that its page shows, the same files at the new site, and last what
    the new site makes of them.
    """
    shown, largest, still = entry.get("url"), entry.get("hdurl"), entry.get("thumbnail_url")
    if entry.get("media_type") == "image" and (best := largest or shown):
        yield from _picture("largest" if largest else "shown", best, partial(_of_image, shown, largest))
    elif still:
        yield from _picture("still", still, lambda: [*_places(still, POSTER)])


def _of_image(shown: str | None, largest: str | None) -> list[Candidate]:
    originals = [*_places(largest or shown, ORIGINAL)]
    smaller = [*_places(shown, RENDITION)] if largest and shown != largest else []
    return [*originals, *smaller, *(one for place in (largest, shown) for one in _rendered(place))]


def _picture(role: str, best: str, candidates: Callable[[], list[Candidate]]) -> Iterator[Picture]:
    def told() -> tuple[Candidate, ...]:
        by_address: dict[str, Candidate] = {}
        for one in candidates():
            if not is_generic(one.address) and not is_logo(one.address):
                by_address.setdefault(one.address, one)
        return tuple(by_address.values())

    if not is_generic(best) and not is_logo(best):
        yield Picture(role, best, told)
    elif others := told():
        yield Picture(role, others[0].address, told)


def _places(address: str | None, kind: str) -> Iterator[Candidate]:
    if address:
        yield Candidate(address, kind, address)
        if moved := _moved(address):
            yield Candidate(moved, kind, address)


def _moved(address: str) -> str | None:
    """Where the new site has a file of the old one; None for any other."""
    if "/apod/image/" not in address:
        return None
    site, path = address[: address.find("/", 8)], urlsplit(address).path
    found = _OLD.match(path)
    if found is None or not 1 <= int(found[2]) <= 12:
        return None
    year = int(found[1]) + (1900 if int(found[1]) >= 95 else 2000)
    month = calendar.month_name[int(found[2])].lower()
    return f"{MOVED.get(site, site)}{ORIGINALS}/{year}/{month}/{found[3]}"


def _rendered(address: str | None) -> Iterator[Candidate]:
    place = address and (_moved(address) or address)
    if address and place and ORIGINALS in place and suffix(place) != "gif":
        bare = place.partition("?")[0].replace(ORIGINALS, RENDITIONS)
        yield Candidate(f"{bare}?w={WIDEST}&fit=clip", RENDITION, address)
