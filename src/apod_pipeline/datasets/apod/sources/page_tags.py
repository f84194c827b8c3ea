"""What of a page's HTML tells of pictures and films, and its words.

Takes HTML, gives tags with their addresses, in order, and the text between all tags. A page that is written plainly, as
nearly all are, is read by one expression, which is much quicker than Python's parser; any other is read by that
parser. Both understand a plain page alike: a test compares them.
"""

from __future__ import annotations

import re
from contextlib import suppress
from html import unescape
from html.parser import HTMLParser
from typing import NamedTuple

from apod_pipeline.datasets.apod.rules.text import well_formed

ADDRESS = {"a": "href", "img": "src", "iframe": "src", "video": "src", "source": "src", "embed": "src"}

_BLANK = r"[ \t\n\r\f]"
_VALUE = rf"""{_BLANK}*={_BLANK}*(?:"[^"<>]*"|'[^'<>]*'|[\w.#%:+-]++(?=[ \t\n\r\f>]))"""
_ATTRIBUTE = rf"[a-zA-Z][a-zA-Z0-9_:-]*+(?:{_VALUE})?"
_PLAIN = re.compile(
    rf"<(/?)([a-zA-Z][a-zA-Z0-9]*+)((?:{_BLANK}++{_ATTRIBUTE})*+){_BLANK}*(/?)>",
)
_ATTRIBUTES = re.compile(rf"""([a-zA-Z][a-zA-Z0-9_:-]*)(?:{_BLANK}*={_BLANK}*(?:"([^"]*)"|'([^']*)'|([\w.#%:+-]+)))?""")
_ODD_REFERENCE = re.compile(r"&[#\w]*<|&#\w{9}")  # one that a tag cuts, or of more digits than a number may have
_NO_MARKUP_INSIDE = frozenset(
    ["script", "style", "textarea", "title", "xmp", "plaintext", "noembed", "noframes", "noscript"]
)
_FRAME = re.compile(rf"<iframe\b[^>]*>(?!{_BLANK}*</iframe>)", re.IGNORECASE)  # with something inside, or no end


class Tag(NamedTuple):
    """A tag that may tell of a picture or a film.

    Attributes:
        name: in small letters, one of `ADDRESS`.
        address: as it is written there; empty where none is, or where the tag ends an element.
        ends: whether it ends an element.
    """

    name: str
    address: str = ""
    ends: bool = False


class PageTags:
    """Reads the parts of one page, one after the other.

    Attributes:
        words: the text between the tags of all parts.
    """

    def __init__(self) -> None:
        self.words = ""
        self._parser: PythonsParser | None = None  # what a part leaves open, the next one is in

    def read(self, html: str) -> list[Tag]:
        """The tags of a part. Broken markup: what was understood before it counts."""
        html = well_formed(html)
        if self._parser is None and (found := read_plainly(html)):
            self.words += found[1]
            return found[0]
        self._parser = self._parser or PythonsParser()
        tags, words = self._parser.read(html)
        self.words += words
        return tags


def read_plainly(html: str) -> tuple[list[Tag], str] | None:
    """Tags and text of a page that is plain; None of any other."""
    text = _PLAIN.sub("", html)
    if "<" in text or ("&" in html and _ODD_REFERENCE.search(html)):
        return None
    tags = []
    for slash, written, attributes, closed in _PLAIN.findall(html):
        name = written.lower()
        if name in ADDRESS:
            if not slash:
                tags.append(Tag(name, _value(attributes, ADDRESS[name])))
            if slash or closed:
                tags.append(Tag(name, ends=True))
        elif name in _NO_MARKUP_INSIDE:
            return None
    if any(tag.name == "iframe" for tag in tags) and _FRAME.search(html):
        return None
    return tags, unescape(text)


def _value(attributes: str, wanted: str) -> str:
    """Of several attributes of one name the last counts."""
    value = ""
    for name, *values in _ATTRIBUTES.findall(attributes):
        if name.lower() == wanted:
            value = unescape("".join(values))
    return value


class PythonsParser(HTMLParser):
    """Python's own, for pages that are not plain."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._tags: list[Tag] = []
        self._words: list[str] = []

    def read(self, html: str) -> tuple[list[Tag], str]:
        """Tags and text of a part; what it leaves open, the next one is in."""
        self._tags, self._words = [], []
        with suppress(ValueError):  # int() refuses references of thousands of digits
            self.feed(html)
            self.close()
        return self._tags, "".join(self._words)

    def updatepos(self, i: int, j: int) -> int:  # noqa: ARG002 - the parser's signature
        """Lines and columns are of no interest here, and counting them took a tenth of the time."""
        return j

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        self._words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that begins an element; of several attributes of one name the last counts."""
        if tag in ADDRESS:
            self._tags.append(Tag(tag, dict(attrs).get(ADDRESS[tag]) or ""))

    def handle_endtag(self, tag: str) -> None:
        """A tag that ends an element."""
        if tag in ADDRESS:
            self._tags.append(Tag(tag, ends=True))
