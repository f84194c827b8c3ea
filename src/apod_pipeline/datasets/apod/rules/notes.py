"""The names of the rules: what was repaired, and what was found damaged and kept.

Takes names while a reading is worked on, gives them once each, in the order in which they were met. Never
explains itself elsewhere: the two tables are the documentation, and the tests hold every name to them.
"""

from __future__ import annotations

REPAIRS = {
    "control-characters": "control characters, lone surrogates and byte-order marks are removed",
    "cp1252-letters": "Windows-1252 letters that were read as control characters are letters again",
    "entities": "HTML character references in plain text become the letters they stand for",
    "tags": "HTML tags in plain text are removed",
    "gaps-at-links": "blanks between a link and a mark, put there when the texts moved to the new site, are removed",
    "curled-quotes": "quotes curled by the new site's software are straight again, as on the classic page",
    "blanks": "line breaks, tabs, no-break spaces and runs of blanks become one blank; outer ones go",
    "title-credit": "a credit line behind the title is cut off, and kept as the credit",
    "title-page-name": "the page's frame around the title (`APOD: date - `, ` - NASA Science`) is cut off",
    "page-script": "assignments of a page script are removed from the explanation",
    "explanation-label": "the label `Explanation:` is removed",
    "explanation-head": "date, title and credit before the explanation are cut off, the credit is kept",
    "trailer-navigation": "the page's navigation bar and all below it is cut off",
    "trailer-authors": "the page's lines about its authors and editors are cut off",
    "trailer-archive": "the page's note on its archive and on who brings it is cut off",
    "trailer-tomorrow": "the announcement of the next day's picture is cut off",
    "copyright-explanation": "an explanation that ran into the copyright is cut off there",
    "explanation-from-copyright": "an empty explanation is taken from the copyright it had run into",
    "copyright-edges": "a colon or comma at an edge, or a label without words, is cut off the copyright",
    "address-blanks": "blanks around an address go, blanks inside are encoded",
    "address-protocol": "an address without protocol gets https",
    "address-case": "scheme and host of an address are in small letters",
    "address-relative": "an address relative to APOD's pages is made absolute",
    "address-stacked": "of two addresses stacked into one the second is taken",
    "address-rendition": "size and crop of a rendition are taken off a picture's address",
    "film-as-picture": "a film is not the largest picture: hdurl is the picture again",
    "page-as-picture": "url was a page or missing, and the picture stands in hdurl",
    "media-type-missing": "a missing media type is concluded from the addresses",
    "media-type-mended": "a media type that the address contradicts follows the address",
}

FLAGS = {
    "explanation-missing": "there is no explanation, or nothing of it but page frame",
    "explanation-cut-short": "the explanation ends without the end of a sentence",
    "leading-letters-lost": "the explanation begins with a small letter: its first letters were eaten",
    "letters-lost": "letters were replaced by U+FFFD before they came to us",
    "page-instead-of-film": "what is shown is a web page, neither picture nor film",
    "media-missing": "a picture or film was shown, and its address is not told",
    "address-unusable": "an address is none that a browser could open; it was dropped",
    "not-text": "a field held something else than text",
    "other-date": "the record carries another date than the day it was asked for",
}


class Notes:
    """What was done to one reading."""

    __slots__ = ("flags", "repairs")

    def __init__(self) -> None:
        self.repairs: dict[str, None] = {}
        self.flags: dict[str, None] = {}

    def repair(self, name: str) -> None:
        """Note that a rule changed something."""
        self.repairs[name] = None

    def flag(self, name: str) -> None:
        """Note a damage that stays."""
        self.flags[name] = None

    def mended(self, name: str, before: str, after: str) -> str:
        """The text after a rule; the rule is noted if the text is another one now."""
        if after != before:
            self.repair(name)
        return after
