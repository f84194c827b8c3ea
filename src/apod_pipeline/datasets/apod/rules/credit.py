"""Rules for who made a picture: credit lines, copyright claims, and the titles they ran into.

Takes plain text, gives holders, credits and titles. Never concludes a claim from a name
alone: the words must say so.
Source: NASA's parser gave `copyright` only where the credit said so, and often took too much for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.rules.text import in_words, one_line

if TYPE_CHECKING:
    import datetime as dt

    from apod_pipeline.datasets.apod.rules.notes import Notes

_KIND = (
    "Image|Picture|Photo|Photograph|Video|Movie|Film|Illustration|Animation|Drawing|Painting|Artwork|Graphic|"
    "Research|Discovery|Data|Text|Poem|Composite|Mosaic|Visualization|Simulation|Rendering"
)
_AND_CLAIM = r"(?:\s*(?:and|&|/|,|\+)\s*(?:[Cc]opyrights?|[Ll]icen[cs]e|[Cc]redits?))*+"
_LABEL = rf"\b(?:Credits?|Courtesy|Copyright)\b{_AND_CLAIM}"
LABEL = re.compile(rf"(?:\b(?:{_KIND})s?\s+)?{_LABEL}\s*:")
_TITLE_LABEL = re.compile(rf"(?:\b(?P<kind>{_KIND})s?\s+)?{_LABEL}\s*(?P<colon>:|(?=[\r\n])|\Z)")
_PAGE_NAME = re.compile(r"\s+[-\u2013\u2014|]\s+NASA Science\s*$")
_CLAIM = re.compile(r"(?:\bCopyrights?\b|\u00a9|\([cC]\))(?:\s*(?:\([cC]\)|\u00a9))?\s*:?\s*(?:by\s+)?")
_EXPLANATION = re.compile(r"\bExplanation\s*:\s*")
_EDGES = ":;,& \t\r\n\u00a0"
_EMPTY_LABEL = re.compile(
    r"[\s;,]*\b(?:Music|Courtesy|Processing|Annotation|Text|Data|Narration|Sound|Audio|Inset|Credits?|Copyright)"
    r"(?:\s+\w+){0,2}\s*:$"
)


def mend_title(title: str, day: dt.date, notes: Notes) -> tuple[str, str]:
    """The title in one line, and the credit line that had run into it: its label, often without a name."""
    credit = ""
    if ("redit" in title or "Co" in title) and (end := _end_of_title(title)):
        title, credit = title[:end], title[end:]
        notes.repair("title-credit")
    title = one_line(title, notes)
    if "APOD" in title or title.endswith("NASA Science"):
        framed = _PAGE_NAME.sub("", title)
        framed = re.sub(rf"^APOD:?\s+{in_words(day)[1]}\s*[-\u2013\u2014:]\s*", "", framed)
        title = notes.mended("title-page-name", title, framed or title)
    return title, " ".join(credit.split())


def _end_of_title(title: str) -> int:
    """Where a title ends that a credit line ran into; 0 where none did."""
    for label in _TITLE_LABEL.finditer(title):
        words = title[: label.start()].rstrip()
        gap = title[len(words) : label.start()]
        # A title may speak of credit itself: there is a break before a credit line, or a gap, or it is a full label.
        full = label["kind"] or ("redit" in label[0] and claims(label[0]))
        apart = len(gap) > 1 or full or not title[label.end() :].strip()
        if words and ("\n" in gap or "\r" in gap or (gap and label["colon"] and apart)):
            return len(words)
    return 0


def claims(words: str) -> bool:
    """True when a credit line claims a copyright."""
    return "opyright" in words or "\u00a9" in words or "COPYRIGHT" in words


def name_of(credit: str) -> str:
    """The credit without its label (`Image Credit & Copyright:`)."""
    found = LABEL.match(credit)
    return (credit[found.end() :] if found else credit).strip(" ,;")


def holder_of(credit: str) -> str:
    """Whom a credit line that claims a copyright names as holder; the whole line where none is set apart."""
    credit = name_of(credit)
    ends = [found.end() for found in _CLAIM.finditer(credit)]
    holder = credit[ends[-1] :].strip(" ,;") if ends else ""
    return holder if holder[:1].isalpha() else credit


def mend_copyright(holder: str, explanation: str, notes: Notes) -> tuple[str, str]:
    """The holder in one line, and the explanation that had run into it.

    Args:
        holder: the field as NASA's parser gave it.
        explanation: how the same record's explanation begins, to know it again; may be empty.
        notes: where the rules write themselves down.
    """
    swallowed = ""
    found = _EXPLANATION.search(holder) if "Explanation" in holder else None
    if found:
        holder, swallowed = holder[: found.start()], holder[found.end() :]
        notes.repair("copyright-explanation")
    holder = one_line(holder, notes)
    if len(holder) > 200 and len(explanation) >= 40 and (at := holder.find(explanation)) >= 0:
        holder = notes.mended("copyright-explanation", holder, holder[:at].rstrip())
    if not holder or (holder[-1].isalnum() and holder[0].isalnum()):
        return holder, swallowed
    trimmed = _EMPTY_LABEL.sub("", holder.strip(_EDGES) if not holder.endswith(":") else holder.lstrip(_EDGES))
    return notes.mended("copyright-edges", holder, trimmed.strip(_EDGES)), swallowed
