"""What is shown: picture, film or something else, and where it lies.

Takes addresses that were made usable, gives the four media fields of an entry. Never believes a declared
media type against the address: a page is no film, whatever it is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.rules.addresses import is_article, kind, youtube_still

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apod_pipeline.datasets.apod.rules.notes import Notes


@dataclass(frozen=True, slots=True)
class Media:
    """The media fields of an entry.

    Attributes:
        media_type: `image`, `video` or `other`.
        url: the picture as the page shows it, the film, or the page that is shown instead.
        hdurl: the largest picture; only with an image.
        still: a picture that stands for the film.
    """

    media_type: str
    url: str | None = None
    hdurl: str | None = None
    still: str | None = None


def media_of_answer(declared: str, url: str | None, hdurl: str | None, still: str | None, notes: Notes) -> Media:
    """The media of a record of the old service.

    Args:
        declared: the record's `media_type`; may be empty.
        url: what is shown; the old service's later versions give the article here.
        hdurl: the largest picture, sometimes a film.
        still: the record's `thumbnail_url`.
        notes: where the rules write themselves down.
    """
    if hdurl and kind(hdurl) == "film" and url and kind(url) == "picture":
        notes.repair("film-as-picture")
        hdurl = url
    if hdurl and (url is None or is_article(url)):
        notes.repair("page-as-picture")
        url = hdurl
    if url and is_article(url):
        url = None
    found = _judged(declared, url, hdurl, still, notes)
    if not declared:
        notes.repair("media-type-missing")
    elif declared != found.media_type:
        notes.repair("media-type-mended")
    return found


def _judged(declared: str, url: str | None, hdurl: str | None, still: str | None, notes: Notes) -> Media:
    if url is None:
        if declared in {"image", "video"}:
            notes.flag("media-missing")
        return Media("other", still=still)
    shown = kind(url)
    if shown == "film":
        return Media("video", url, still=still or youtube_still(url))
    # An address without a telling end is a picture only where the record calls it one.
    if shown == "picture" or (shown == "unknown" and (declared == "image" or hdurl)):
        return Media("image", url, hdurl)
    notes.flag("page-instead-of-film")
    return Media("other", url, still=still)


def media_of_page(declared: str, shown: str, linked: str, players: Sequence[str], featured: str, notes: Notes) -> Media:
    """The media of a record of the new service.

    Args:
        declared: the record's `media_type` (`image`, `video`, `iframe`); may be empty.
        shown: the first picture on the page, empty where there is none.
        linked: the picture behind it.
        players: addresses of films and frames on the page.
        featured: the picture that the record features: the largest one, or a film's still.
        notes: where the rules write themselves down.
    """
    films = [player for player in players if kind(player) == "film"]
    films += [address for address in (featured,) if address and kind(address) == "film" and not shown]
    still = featured if featured and kind(featured) != "film" else ""
    if films and (declared != "image" or not shown):
        found = Media("video", films[0], still=youtube_still(films[0]) or still or None)
    elif shown or (still and declared != "video" and not players):
        found = _pictured(shown, linked, still)
    elif players:
        notes.flag("page-instead-of-film")
        found = Media("other", players[0], still=still or None)
    else:
        notes.flag("media-missing")
        found = Media("other", still=still or None)
    if declared in {"image", "video"} and found.media_type != declared:
        notes.repair("media-type-mended")
    if not declared:
        notes.repair("media-type-missing")
    return found


def _pictured(shown: str, linked: str, featured: str) -> Media:
    """An image; of two addresses of one file the page's own is taken, it is the original."""
    largest = linked or featured or shown
    shown = shown or largest
    return Media("image", shown, shown if _file(largest) == _file(shown) else largest)


def _file(address: str) -> str:
    return address.partition("?")[0].rpartition("/")[2]
