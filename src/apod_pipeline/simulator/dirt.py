"""Which days exist, and which irregularities of the real archive each of them carries.

Takes days, gives their shape (kind of medium, credit, dirts), never depends on a seed: a test may name a
day and rely on it. The frequencies are those counted in 11,382 recorded answers of the old service; kinds
seen only once or twice are pinned to a day, and every kind occurs at least once between 1995-06-16 and
1999-12-31.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from hashlib import blake2b
from itertools import accumulate
from struct import Struct
from typing import NamedTuple

FIRST_DAY = date(1995, 6, 16)
GAPS = frozenset({date(1995, 6, 17), date(1995, 6, 18), date(1995, 6, 19), date(2020, 6, 10)})
FIRST_ORDINAL = FIRST_DAY.toordinal()
GAP_ORDINALS = frozenset(day.toordinal() for day in GAPS)

_ROWS = 11_382  # recorded answers that the counts below were made in
_CLAIMED_ROWS = 5_589
_FULL = 1 << 16
_ROLLS = Struct("<6H")

_TEXT_ROWS = {
    "page_script": 752,
    "lost_letter": 173,
    "eaten_letters": 152,
    "carriage_returns": 138,
    "navigation_text": 96,
    "no_break_space": 27,
    "empty_explanation": 18,
    "explanation_in_copyright": 6,
    "cut_short": 3,
    "script_words": 3,
}
_CREDIT_ROWS = {"copyright_newlines": 739, "copyright_blanks": 356}
_IMAGE_ROWS = {
    "repeated_url": 431,
    "film_hdurl": 14,
    "hdurl_trailing_blank": 11,
    "url_blank": 1,
    "foreign_host": 1,
}
_MEDIA_ROWS = {"image": 10_952, "youtube": 237, "vimeo": 90, "film": 60, "page": 8, "none": 35}
_TITLE_ROWS = 195
_PROTOCOL_RELATIVE_SHARE = 31 / 237
_DOUBLE_BLANK_SHARE = 7_134 / _ROWS
_LICENCE_SHARE = 0.05
_CLAIMED_SHARE = 0.46

KINDS: tuple[str, ...] = (
    *_TEXT_ROWS,
    *_CREDIT_ROWS,
    *_IMAGE_ROWS,
    "title_credit_line",
    "double_blanks",
    "no_url",
    "protocol_relative_url",
    "web_page_video",
    "licence_only",
    "first_row_lead",
    "discover_cosmos",
)
TEXT_DIRTS = frozenset({*_TEXT_ROWS, "double_blanks", "explanation_in_copyright", "first_row_lead", "discover_cosmos"})


class Shape(NamedTuple):
    """What a day is made of: its medium, whether a copyright is claimed, and its dirts."""

    media: str
    """`image`, `youtube`, `vimeo`, `film`, `page` or `none`."""
    claimed: bool
    dirts: frozenset[str]


def _thresholds(rows: dict[str, int], total: int) -> tuple[list[int], tuple[str, ...]]:
    """Upper ends of each kind's share of a 16-bit roll; a roll above the last end means none of them."""
    return [round(end * _FULL / total) for end in accumulate(rows.values())], (*rows, "")


_TEXT = _thresholds(_TEXT_ROWS, _ROWS)
_CREDIT = _thresholds(_CREDIT_ROWS, _CLAIMED_ROWS)
_IMAGE = _thresholds(_IMAGE_ROWS, _MEDIA_ROWS["image"])
_MEDIA = _thresholds(_MEDIA_ROWS, _ROWS)


def _pin(media: str, *dirts: str, claimed: bool = False) -> Shape:
    return Shape(media, claimed, frozenset(dirts))


PINNED: dict[int, Shape] = {
    date.fromisoformat(day).toordinal(): shape
    for day, shape in {
        "1995-06-16": _pin("image", "first_row_lead", "double_blanks"),
        "1995-09-01": _pin("image", "explanation_in_copyright", claimed=True),
        "1995-09-13": _pin("image", "eaten_letters"),
        "1995-10-25": _pin("image", "empty_explanation"),
        "1995-12-22": _pin("image", "cut_short"),
        "1996-05-14": _pin("image", "url_blank"),
        "1996-07-19": _pin("image", "foreign_host"),
        "1996-09-26": _pin("image", "title_credit_line", "carriage_returns"),
        "1997-02-11": _pin("image", "film_hdurl"),
        "1997-08-14": _pin("image", "discover_cosmos"),
        "1997-11-05": _pin("youtube", "protocol_relative_url"),
        "1998-03-03": _pin("image", "navigation_text"),
        "1998-06-21": _pin("page", "web_page_video"),
        "1998-12-20": _pin("image", "hdurl_trailing_blank"),
        "1999-04-09": _pin("image", "script_words"),
        "1999-08-17": _pin("none", "no_url"),
        "2001-11-04": _pin("image", "url_blank"),
        "2003-03-28": _pin("image", "lost_letter"),
        "2006-05-29": _pin("none", "no_url"),
        "2006-12-04": _pin("image", "film_hdurl"),
        "2008-02-03": _pin("image", "page_script"),
        "2013-06-12": _pin("youtube", "protocol_relative_url"),
        "2018-03-05": _pin("page", "web_page_video"),
        "2018-08-06": _pin("image", "foreign_host"),
    }.items()
}


def _pick(table: tuple[list[int], tuple[str, ...]], roll: int) -> str:
    return table[1][bisect_right(table[0], roll)]


def shape_of(ordinal: int) -> Shape:
    """What the day with this proleptic ordinal is made of (about 3 microseconds)."""
    pinned = PINNED.get(ordinal)
    if pinned is not None:
        return pinned
    digest = blake2b(ordinal.to_bytes(4, "little"), digest_size=12, key=b"apod shape").digest()
    text_roll, credit_roll, detail_roll, media_roll, claim_roll, blank_roll = _ROLLS.unpack(digest)
    media = _pick(_MEDIA, media_roll) or "image"
    text_dirt = _pick(_TEXT, text_roll)
    claimed = claim_roll < _CLAIMED_SHARE * _FULL or text_dirt == "explanation_in_copyright"
    dirts = {text_dirt, _media_dirt(media, detail_roll)}
    if claimed:
        dirts.add(_pick(_CREDIT, credit_roll) if text_dirt != "explanation_in_copyright" else "")
    elif credit_roll < _LICENCE_SHARE * _FULL:
        dirts.add("licence_only")
    if blank_roll < _DOUBLE_BLANK_SHARE * _FULL:
        dirts.add("double_blanks")
    elif blank_roll > _FULL - _TITLE_ROWS * _FULL // _ROWS:
        dirts.add("title_credit_line")
    dirts.discard("")
    return Shape(media, claimed, frozenset(dirts))


def _media_dirt(media: str, roll: int) -> str:
    if media == "image":
        return _pick(_IMAGE, roll)
    if media == "youtube":
        return "protocol_relative_url" if roll < _PROTOCOL_RELATIVE_SHARE * _FULL else ""
    return {"page": "web_page_video", "none": "no_url"}.get(media, "")


def dirt_of(day: date) -> frozenset[str]:
    """The irregularities of the old service's answer for a day, by name (see `KINDS`)."""
    ordinal = day.toordinal()
    if ordinal < FIRST_ORDINAL or ordinal in GAP_ORDINALS:
        return frozenset()
    return shape_of(ordinal).dirts


def days_with(kind: str, first: date, last: date) -> list[date]:
    """The days from `first` to `last`, both included and ascending, that carry a dirt.

    Raises:
        ValueError: `kind` is none of `KINDS`.
    """
    if kind not in KINDS:
        raise ValueError(f"no dirt is called {kind!r}; known are {', '.join(sorted(KINDS))}")
    every = (first + timedelta(days=step) for step in range((last - first).days + 1))
    return [day for day in every if kind in dirt_of(day)]
