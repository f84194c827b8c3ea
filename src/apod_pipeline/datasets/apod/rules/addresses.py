"""Rules for addresses: made absolute and clean, and told apart by what stands behind them.

Takes addresses as pages write them, gives http(s) addresses that a browser can open, or nothing. Never asks
anybody: an address is judged by its own words.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from apod_pipeline.datasets.apod.rules.notes import Notes

PAGES = "https://apod.nasa.gov/apod/"  # what relative addresses of the classic page are relative to
GENERIC_PICTURE = "news-thumbnail"  # stands in for whatever the new service has no picture of
_ENDINGS = {
    "picture": "jpg jpeg jpe jfif gif png tif tiff bmp webp svg avif jp2 heic",
    "film": "mp4 m4v mpg mpeg mpe mov qt avi wmv webm ogv mkv flv swf",
    "page": "html htm shtml xhtml php asp aspx jsp cgi pdf",
}
_KINDS = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}
_PLAYERS = (
    "youtube.com",
    "youtube-nocookie.com",
    "youtu.be",
    "vimeo.com",
    "dailymotion.com",
    "ustream.tv",
    "video.ibm.com",
    "livestream.com",
    "twitch.tv",
    "brightcove.net",
    "jwplatform.com",
)
_PLAYER_PATH = re.compile(r"(?:^|/)(?:embed|players?\b|plugins/video)")
_ARTICLE = re.compile(r"/image-article/|(?:^|/)(?:ap\d{6}|astropix)\.html$|/apod/$|//science\.nasa\.gov/apod$")
_ARTICLE_ENDS = (".html", "/apod/", "/apod")
_SIZING = "w h width height fit crop q quality fm format auto dpr resize ver v"  # parameters of a rendition
_RENDITION = frozenset(_SIZING.split())
_CLEAN = re.compile(r"https?://[\w.:-]+(?:[/?#]\S*)?\Z", re.IGNORECASE)
WHOLE_ADDRESS = r"^https?://[^\s/?#]\S*$"  # what an entry may hold: rules and quality gate share it
_USABLE = re.compile(WHOLE_ADDRESS)
_HOST = re.compile(r"[a-z]+://(?:[^/?#\s]*@)?[^/?#\s]*", re.IGNORECASE)
_USER = re.compile(r"//.*@")
_STACKED = re.compile(r"https?://apod\.nasa\.gov/(?:apod/)?((?:https?:)?//[^\s/].*)", re.IGNORECASE)
_RELATIVE = re.compile(r"(?:\.{0,2}/|image/)\w")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d)")
_YOUTUBE = re.compile(
    r"(?:youtube(?:-nocookie)?\.com/(?:(?:embed|v|shorts|live)/|watch\?(?:[^#]*&)?v=)|youtu\.be/)"
    r"(?!videoseries)([\w-]{11})(?![\w-])"
)


def suffix(address: str) -> str:
    """The ending of the file an address names, in small letters; empty where it names none."""
    path = address.partition("#")[0].partition("?")[0].partition("://")[2]
    _, slash, name = path.rpartition("/")
    return name.rpartition(".")[2].lower() if slash and "." in name else ""


@lru_cache(maxsize=256)  # each is asked for several times on the way from a page to its entry
def kind(address: str) -> str:
    """`picture`, `film`, `page`, or `unknown` where the address does not tell."""
    told = _KINDS.get(suffix(address), "unknown")
    if told in {"picture", "film"}:
        return told
    if _plays(address):
        return "film"
    bare = address.partition("#")[0].partition("?")[0]
    return "page" if bare.endswith("/") or bare.count("/") < 3 else told


def _plays(address: str) -> bool:
    host, _, path = address.partition("://")[2].partition("/")
    host = host.lower().removeprefix("www.")
    return host.endswith(_PLAYERS) or host.startswith(("player.", "embed.")) or bool(_PLAYER_PATH.search(path))


def is_article(address: str) -> bool:
    """True for a page about an entry: the new site's article, the old site's `apYYMMDD.html`, either's newest day."""
    bare = address.partition("#")[0].partition("?")[0]
    # Nearly every address is a picture's: asking for the ending first takes a fifth of the pattern's time.
    return (bare.endswith(_ARTICLE_ENDS) or "/image-article/" in bare) and bool(_ARTICLE.search(bare))


def is_generic(address: str) -> bool:
    """True for the picture that stands where an entry has none."""
    return GENERIC_PICTURE in address


def is_logo(address: str) -> bool:
    """True for NASA's logo, which the placeholder shows."""
    return "nasa-logo" in address


def youtube_still(address: str) -> str | None:
    """The still that YouTube keeps of a film; None for other films."""
    found = _YOUTUBE.search(address)
    return f"https://img.youtube.com/vi/{found[1]}/0.jpg" if found else None


def without_rendition(address: str) -> str:
    """The address of the picture itself: parameters that only size and crop it are gone."""
    if "?" not in address or _KINDS.get(suffix(address), "page") == "page":
        return address
    path, _, query = address.partition("?")
    query, mark, fragment = query.partition("#")
    kept = [part for part in query.split("&") if part.partition("=")[0] not in _RENDITION]
    return path + ("?" + "&".join(kept) if any(kept) else "") + mark + fragment


def mend_address(address: str, notes: Notes, base: str = PAGES) -> str | None:
    """An address that can be opened, or None where there is none.

    Args:
        address: as the page or the parser had it.
        notes: where the rules write themselves down.
        base: what an address beginning with a slash is relative to.
    """
    if "?" in address:
        address = notes.mended("address-rendition", address, without_rendition(address))
    if _CLEAN.match(address) and address.find("//", 8) < 0:
        return _in_small_letters(address, notes)
    address = notes.mended("address-blanks", address, re.sub(r"[\t\r\n]+", "", address).strip().replace(" ", "%20"))
    if not address:
        return None
    if address.startswith(("//", "www.")):
        notes.repair("address-protocol")
        address = "https:" + address if address[0] == "/" else "https://" + address
    elif found := _STACKED.fullmatch(address):
        notes.repair("address-stacked")
        address = found[1] if found[1][0] != "/" else "https:" + found[1]
    elif _RELATIVE.match(address) or (not _SCHEME.match(address) and _names_file(address)):
        notes.repair("address-relative")
        address = _joined(address, base)
    return _checked(_in_small_letters(address, notes), notes)


def _in_small_letters(address: str, notes: Notes) -> str:
    found = _HOST.match(address)
    if found is None or found[0].islower() or _USER.search(found[0]):  # a user's name may be written in any way
        return address
    return notes.mended("address-case", address, found[0].lower() + address[found.end() :])


def _names_file(address: str) -> bool:
    return kind(f"x://x/{address}") in {"picture", "film"}


def _joined(address: str, base: str) -> str:
    try:
        return urljoin(base if address.startswith("/") else PAGES, address)
    except ValueError:  # no rule of the web can read it: it is judged as it is
        return address


def _checked(address: str, notes: Notes) -> str | None:
    try:
        usable = _USABLE.match(address) is not None and bool(urlsplit(address).hostname)
    except ValueError:  # brackets in the host that are no IPv6 address
        usable = False
    if not usable:
        notes.flag("address-unusable")
    return address if usable else None
