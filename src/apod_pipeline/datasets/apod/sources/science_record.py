"""One item of the new service, settled: what it says of a day, without what changes from fetch to fetch.

Takes an item of the service's JSON (or of its feed), gives a record of strings. Pure. Never fails: what is
missing or of another kind is an empty string, and the canary decides what that is worth.
Oddities: `url` is the article, never the picture; pictures and films stand in `basic_html` only, a page in
the layout of the classic site; `hdurl` is a rendition with size parameters, false, or a stand-in that many
entries share; `copyright` repeats `credit` for everything, only the page's credit line says whether one is
claimed; ids in the page are new at every fetch; the text ends with the title of a next day that may not be
known yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from apod_pipeline.datasets.apod.rules.addresses import is_generic, is_logo, kind, mend_address
from apod_pipeline.datasets.apod.rules.credit import LABEL, claims
from apod_pipeline.datasets.apod.rules.notes import Notes
from apod_pipeline.datasets.apod.rules.text import clean
from apod_pipeline.datasets.apod.sources.page_tags import PageTags

if TYPE_CHECKING:
    from apod_pipeline.dataset.readings import Record

_SITE = "https://science.nasa.gov/"
_WORDS = ("date", "title", "explanation", "credit", "copyright", "alt", "permalink", "media_type")
# Pictures and credit stand above the explanation: only this much of a page is parsed, if they are in it.
_EXPLANATION = re.compile(r"Explanation\s*(?:</\w+>\s*)?:")
_BODY = re.compile(r"<body\b", re.IGNORECASE)  # the head of a page repeats its text in descriptions
_NEXT_DAY = re.compile(
    r"(?:\s|<br\s*/?>|<p>)*<(strong|b)>(?:\s|<br\s*/?>)*Tomorrow(?:'|\u2019|&#0?39;|&#8217;|&rsquo;)s\s+picture\b"
    r".{0,600}\Z",
    re.DOTALL | re.IGNORECASE,
)
_FRAMES = ("about:", "googletagmanager.")


def settle(item: Any) -> Record:  # noqa: ANN401 - whatever the service's JSON held
    """What one item says of its day.

    Returns:
        `date, title, explanation, credit, copyright, alt, permalink, media_type` as the service words them
        (HTML), `hdurl` the featured picture ('' where it is a stand-in), and from the page: `pictures` all of
        them in order, `shown` the first, `linked` the one behind it, `players` films and frames,
        `claims_copyright` whether its credit line does.
    """
    said = item if isinstance(item, Mapping) else {}
    record: dict[str, Any] = {name: _string(said.get(name)).strip() for name in _WORDS}
    record["explanation"] = _without_next_day(record["explanation"])
    record["permalink"] = record["permalink"] or _string(said.get("url")).strip()
    base = record["permalink"] if record["permalink"].startswith("http") else _SITE
    featured = _absolute(_string(said.get("hdurl")), base)
    record["hdurl"] = "" if is_generic(featured) else featured
    return record | _page_says(_string(said.get("basic_html")), base)


def _without_next_day(html: str) -> str:
    at = html.find("Tomorrow")
    found = _NEXT_DAY.search(html, max(0, at - 60)) if at >= 0 else None
    return html[: found.start()] if found else html


def _string(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int and abs(value) < 10**18 else ""


def _absolute(address: str, base: str) -> str:
    # Pages share addresses; and only one that begins with a slash depends on the page.
    return _mended(address, _SITE if address[:1] == "h" else base) if address else ""


@lru_cache(maxsize=256)
def _mended(address: str, base: str) -> str:
    return mend_address(clean(address, Notes()), Notes(), base) or ""


def _page_says(html: str, base: str) -> dict[str, Any]:
    body = _BODY.search(html)
    html = html[body.start() :] if body else html
    end = _EXPLANATION.search(html)
    page = _Page(base)
    page.read(html[: end.start()] if end else html)
    words = page.words
    if end and not (page.pictures or page.players):
        page.read(html[end.start() :])
    # A logo counts only where nothing else is shown: it is the placeholder's then, for the canary to see.
    real = [picture for picture in page.pictures if not is_logo(picture)]
    return {
        "pictures": real or page.pictures,
        "shown": page.shown,
        "linked": page.linked,
        "players": page.players,
        "claims_copyright": _claims(words),
    }


def _claims(words: str) -> bool:
    """Whether the credit's label claims a copyright: of labels in a row (the page's, its own) the last counts."""
    label = LABEL.search(words)
    while label and (own := LABEL.match(words, label.end() + words.startswith(" ", label.end()))):
        label = own
    return label is not None and claims(label[0])


class _Page:
    """What a page in the classic layout shows."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.pictures: list[str] = []
        self.players: list[str] = []
        self.shown = ""
        self.linked = ""
        self._around = ""
        self._tags = PageTags()

    @property
    def words(self) -> str:
        """All of its text, in one line."""
        return " ".join(self._tags.words.split())

    def read(self, html: str) -> None:
        """Take a part into account."""
        for tag in self._tags.read(html):
            if tag.name == "a":
                self._around = "" if tag.ends else self._picture(tag.address, linked=True)
            elif tag.ends:
                continue
            elif tag.name == "img":
                self._show(tag.address)
            else:
                self._play(tag.address)

    def _picture(self, address: str, *, linked: bool) -> str:
        found = _absolute(address, self.base)
        if not found or is_generic(found) or kind(found) not in ({"picture"} if linked else {"picture", "unknown"}):
            return ""
        if found not in self.pictures:
            self.pictures.append(found)
        return found

    def _show(self, address: str) -> None:
        if address and kind(address) == "film":
            self._play(address)
            return
        picture = self._picture(address, linked=False)
        if picture and not self.shown and not is_logo(picture):
            self.shown, self.linked = picture, self._around

    def _play(self, address: str) -> None:
        if not address or any(part in address for part in _FRAMES):
            return
        found = _absolute(address, self.base)
        if found and found not in self.players:
            self.players.append(found)
