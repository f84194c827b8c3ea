"""Rules for any text: characters, blanks, and HTML made plain.

Takes strings of whatever kind JSON can hold, gives plain text without control characters. Never drops a
visible letter.
"""

from __future__ import annotations

import html
import re
from html.entities import html5
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from apod_pipeline.datasets.apod.rules.notes import Notes

# What PostgreSQL (NUL), UTF-8 (surrogates) or a line of text (the others) cannot hold.
_UNPRINTED = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff\ufeff\ufffe\uffff]")
_IN_A_WORD = re.compile(r"(?<=[^\W\d_])[\x00-\x08\x0e-\x1b\x7f](?=[^\W\d_])")
_WINDOWS = re.compile("[\x80-\x9f]")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
# Bounds, because a hostile text may open a thousand tags and close none.
_INSIDE = r"""(?:[^<>"']++|"[^"]{0,1000}+"|'[^']{0,1000}+'){0,40}+>"""
_TAG = re.compile(rf"</?[a-zA-Z!?]{_INSIDE}")
_ANY_TAG = re.compile(r"</?[a-zA-Z!?][^<>]*>")  # with quotes that do not pair
_STRAY = re.compile(rf"<(?!/?[a-zA-Z]{_INSIDE})")
_BLOCK = re.compile(r"<(?:br|hr|/?(?:p|div|center|li|ul|ol|tr|td|th|h[1-6]|blockquote))\b[^<>]*>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(!--|script\b|style\b)", re.IGNORECASE)
_SEEN_AGAIN = {
    "!": re.compile("-->"),
    "sc": re.compile(r"</script\s*>", re.IGNORECASE),
    "st": re.compile(r"</style\s*>", re.IGNORECASE),
}
_GAP_BEHIND = re.compile(r"</a>[ ]+(?=[.,;:!?)\]](?!\.))")  # three dots keep their distance
_GAP_BEFORE = re.compile(r"(?<=[(\[])[ ]+(?=<a\b)")
# Plain text says "a < b": only what is surely a tag is taken for one.
_KNOWN_TAG = re.compile(
    r"</?(?:a|b|big|br|center|div|em|font|h[1-6]|hr|i|img|li|ol|p|small|span|strong|sub|sup|tt|u|ul)"
    r"""(?:\s[^<>]*)?/?>""",
    re.IGNORECASE,
)

_CURLED = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
# Not the locale's: the pages are English whatever machine reads them.
_YEAR = "January February March April May June July August September October November December"
_MONTHS = _YEAR.split()


def _windows_letter(found: re.Match[str]) -> str:
    return found[0].encode("latin-1").decode("cp1252", "ignore")


def _referred(found: re.Match[str]) -> str:
    name = found[0]
    return html.unescape(name) if name[1] == "#" else html5.get(name[1:], name)


def clean(text: str, notes: Notes) -> str:
    """The text without control characters; Windows-1252 letters taken for such are letters again."""
    if text.isprintable():
        return text
    text = notes.mended("cp1252-letters", text, _WINDOWS.sub(_windows_letter, text))
    if _IN_A_WORD.search(text):
        notes.flag("letters-lost")  # something stood there; what it was cannot be known
    return notes.mended("control-characters", text, _UNPRINTED.sub("", text))


def one_line(text: str, notes: Notes) -> str:
    """The text in one line: every run of blanks of any kind is one blank, none outside."""
    if text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " ":
        return text
    return notes.mended("blanks", text, " ".join(text.split()))


def without_gaps(source: str, notes: Notes) -> str:
    """HTML without the blanks that were put between a link and the mark behind it, or the bracket before it."""
    if "</a> " not in source and "( <a" not in source:
        return source
    return notes.mended("gaps-at-links", source, _GAP_BEFORE.sub("", _GAP_BEHIND.sub("</a>", source)))


def decode(text: str) -> str:
    """Character references become letters; what no reference is stays."""
    return _REFERENCE.sub(_referred, text) if "&" in text else text


def text_of_html(source: str) -> str:
    """What a reader sees of a piece of HTML: a line break where a block begins or ends, its own blanks."""
    if "<" in source:
        source = without_unseen(source.replace("\n", " ").replace("\r", " "))
        source = _TAG.sub("", _BLOCK.sub("\n", source))
        source = _ANY_TAG.sub("", source) if "<" in source else source
    return decode(source)


def without_unseen(source: str) -> str:
    """HTML without comments, scripts and styles; one that never ends is left."""
    seen: list[str] = []
    at = 0
    while opened := _UNSEEN.search(source, at):
        closed = _SEEN_AGAIN[opened[1][:2].lower().rstrip("-")].search(source, opened.end())
        if closed is None:
            break
        seen.append(source[at : opened.start()])
        at = closed.end()
    return "".join(seen) + source[at:] if at else source


def well_formed(source: str) -> str:
    """HTML whose every `<` begins a tag that ends: what a parser can read in one pass."""
    return _STRAY.sub("", without_unseen(source))


def without_markup(text: str, notes: Notes) -> str:
    """Plain text as it should be: HTML that slipped into it is read as HTML."""
    if "<" in text and _KNOWN_TAG.search(text):
        text = notes.mended("tags", text, _KNOWN_TAG.sub("", _BLOCK.sub("\n", text)))
    return notes.mended("entities", text, decode(text))


def with_plain_quotes(text: str, notes: Notes) -> str:
    """Quotes as NASA types them: the new site's software curls them, the old one's did not."""
    return text if text.isascii() else notes.mended("curled-quotes", text, text.translate(_CURLED))


def in_words(day: dt.date) -> tuple[str, str]:
    """A day as the pages spell it: `June 16, 1995` and `1995 June 16`."""
    month = _MONTHS[day.month - 1]
    return f"{month} {day.day}, {day.year}", f"{day.year} {month} {day.day}"
