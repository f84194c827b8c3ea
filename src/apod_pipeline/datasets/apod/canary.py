"""What of a record of APOD cannot be, or is odd, whatever its day.

Takes a settled record of either service, gives why it is no entry, or whether it needs a closer look. Pure.
The rules come from what the services were seen doing: a placeholder as a success for every date, one entry repeated
for weeks.
"""

from __future__ import annotations

from collections.abc import Iterator

from apod_pipeline.dataset.doubts import Doubts, Limits, Telltale
from apod_pipeline.dataset.readings import Record, short_hash
from apod_pipeline.datasets.apod.rules.addresses import is_article, is_generic, is_logo

# What real days share, counted over 11,382 of them from 1995 to 2026: the first 400 letters of a text stand on up to
# 12 days (blanks aside), a whole text on up to 4, a picture on up to 5. These are favourites, shown again years later:
# over the 8,597 days to 2018, of any 366 days no more than 2 carry the same beginning or the same picture, of any
# 1,000 no more than 3. A service that lies tells the same of every day it is asked for.
LIMITS = Limits(of_a_year=10, at_once=25, to_the_letter=10, edits=3)
USUAL_LENGTH = 5000  # letters; the longest real field has 1,846, of the new service's page aside


def implausible(record: Record) -> str | None:
    """Why no entry can look like this, whatever its day; None when it can."""
    title = record.get("title")
    if title == "NASA Science":
        return 'the placeholder: its title is "NASA Science"'
    if not isinstance(title, str) or not title.strip():
        return "it has no title"
    for address in _addresses(record):
        if is_logo(address):
            return "the placeholder: its picture is NASA's logo"
        if is_article(address):
            return "its address is the page of an entry, not what the page shows"
    return None


def looks_odd(record: Record) -> bool:
    """True where a plausible record is not as plain as nearly all are, so that it must be looked at more closely."""
    title = str(record["title"])
    if "<" in title or "&" in title or not title.isprintable():
        return True
    for value in record.values():
        if type(value) is str:
            if len(value) > USUAL_LENGTH:
                return True
        elif not isinstance(value, bool) and not (isinstance(value, list | tuple) and all(map(_is_text, value))):
            return True
    return any(address[:4] != "http" for address in _addresses(record) if address)


def _is_text(value: object) -> bool:
    return type(value) is str and len(value) <= USUAL_LENGTH


def _addresses(record: Record) -> Iterator[str]:
    for name in ("url", "hdurl"):
        if isinstance(address := record.get(name), str):
            yield address
    pictures = record.get("pictures")
    if isinstance(pictures, list | tuple):
        yield from (picture for picture in pictures if isinstance(picture, str))


def _beginning(record: Record) -> str:
    # The beginning only: the new service ends every text with the next day's title.
    text = _whole_text(record)
    return short_hash(text[:400]) if text else ""


def _whole_text(record: Record) -> str | None:
    text = record.get("explanation")
    return text if isinstance(text, str) and len(text) > 40 else None


def _picture(record: Record) -> str:
    picture = record.get("pictures") or record.get("url")
    said = picture if isinstance(picture, str) else str(picture or "")
    return short_hash(said) if said and not is_generic(said) else ""


DOUBTS = Doubts(
    implausible,
    looks_odd,
    (Telltale("explanation", _beginning, _whole_text), Telltale("picture", _picture)),
    LIMITS,
)
