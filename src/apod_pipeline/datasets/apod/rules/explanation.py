"""Rules for the explanation: what the page had around it goes, what NASA wrote stays.

Takes plain text with its own blanks (two of them, or a line break, part the page's blocks), gives one line.
Never cuts prose: every rule asks for the page's own wording at the place where the page has it.
Source: the irregularities counted over 11,382 recorded answers of the old API, and the new API's layout.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.rules.credit import LABEL, name_of
from apod_pipeline.datasets.apod.rules.text import in_words, one_line

if TYPE_CHECKING:
    import datetime as dt

    from apod_pipeline.datasets.apod.rules.notes import Notes

HEAD_LIMIT = 700  # characters within which the page's head can lie
_S = "(?:'|\u2019|`)"

_SCRIPT = re.compile(r"(?:\bvar\s+)?\b[A-Za-z_$][\w$.]*+\s*+=\s*+(?:'[^'\n]{0,300}'|\"[^\"\n]{0,300}\")\s*+;")
# Name of the rule, words without which it cannot apply, and where the page's lower part begins; the lowest first.
_TRAILERS = (
    (
        "trailer-navigation",
        "Archive",
        (
            r"(?:<\s*)?(?:\|\s*)?\b(?:Chronological\s+)?Archive\s*\|\s*"
            r"(?:Submissions|Index|Search|Calendar|Glossary|Subject)\b"
        ),
    ),
    ("trailer-authors", "Nemiroff", r"\bAuthors\s*(?:&|and)\s*[Ee]ditors\s*:\s*Robert\s+Nemiroff"),
    (
        "trailer-archive",
        "We keep an",
        r"\bWe keep an\s+archive\s+(?:file|of\s+(?:previous\s+)?Astronomy Pictures of the Day)\b(?=.{0,900}\Z)",
    ),
    (
        "trailer-archive",
        "Astronomy Picture of the Day",
        (
            r"\bAstronomy Picture of the Day(?:\s*\(TM\))?\s+is\s+"
            r"(?:brought to you by|created and copyrighted)\b(?=.{0,60}Nemiroff)(?=.{0,500}\Z)"
        ),
    ),
)
_TRAILER_STARTS = tuple((name, words, re.compile(start, re.DOTALL)) for name, words, start in _TRAILERS)
_TOMORROW = re.compile(rf"\bTomorrow{_S}s\s+[Pp]icture\s*:[^\n]{{0,160}}\Z")
_CLOSED = ".!?)]\"'\u2019\u201d"
_TWO_SENTENCES = re.compile(r"[.!?]\s+\S.*[.!]$")
_LABEL = re.compile(r"\bExplanation\s*:\s*")
_TODAYS = re.compile(rf"Today{_S}s\s+[Pp]icture\s*:")
_SENTENCE_END = re.compile(r"[^\W\d_]{3}[.!?]\s+[A-Z]")
_ENDED = re.compile(r"[.!?\u2026]['\")\]\u2019\u201d]*$")
_BLOCKS = re.compile(r"\n|\s{3,}")
_LAST_SENTENCE = re.compile(r"(?:[.!?]['\")\]\u2019\u201d]*\s+)(?=\S)")


@dataclass(frozen=True, slots=True)
class Prose:
    """What is left of an explanation.

    Attributes:
        text: one line; empty where nothing but page frame was there.
        credit: the credit line that stood in the page's head, with its label; often empty.
        blocks: the same text with its original blanks.
    """

    text: str
    credit: str
    blocks: str


def mend_explanation(text: str, title: str, day: dt.date, notes: Notes) -> Prose:
    """The explanation without what the page had around it."""
    if "=" in text:
        text = notes.mended("page-script", text, _SCRIPT.sub("", text))
    for name, words, start in _TRAILER_STARTS:
        if words in text and (found := start.search(text)):
            text = notes.mended(name, text, text[: found.start()].rstrip())
    if "omorrow" in text:
        text = notes.mended("trailer-tomorrow", text, _without_tomorrow(text))
    credit = ""
    if "Explanation" in text or f"{day.year}" in text[:60]:
        text, credit = _without_head(text, title, day, notes)
    return Prose(one_line(text, notes), credit, text)


def flag_damage(prose: Prose, notes: Notes) -> None:
    """Flag what is missing from an explanation and cannot be had back."""
    line = prose.text
    if not line:
        notes.flag("explanation-missing")
        return
    if line[0].islower() and not _is_name(line):
        notes.flag("leading-letters-lost")
    if not _ENDED.search(line, max(0, len(line) - 8)) and _cut_short(prose.blocks):
        notes.flag("explanation-cut-short")


def _without_tomorrow(text: str) -> str:
    found = _TOMORROW.search(text.rstrip())
    # The next picture's title may be a question, or hold dots; a train of sentences is prose.
    if found is None or _TWO_SENTENCES.search(found[0]):
        return text
    before = text[: found.start()]
    prose = before.rstrip()
    gap = before[len(prose) :]
    apart = not prose or len(gap) > 1 or gap == "\n" or (gap and prose[-1] in _CLOSED)
    return prose if apart else text


def _without_head(text: str, title: str, day: dt.date, notes: Notes) -> tuple[str, str]:
    label = _LABEL.search(text, 0, HEAD_LIMIT)
    if label is None:
        return _lost_behind_head(text, day, notes)
    head, rest = text[: label.start()], text[label.end() :]
    if not head.strip():
        notes.repair("explanation-label")
        return rest, ""
    if _is_head(head, title, day):
        notes.repair("explanation-head")
        return rest, _credit_line(head)
    # Prose, an epigraph perhaps: it stays, and the label goes if it stood apart as the page's label does.
    if head[-2:].isspace() or head.endswith("\n"):
        notes.repair("explanation-label")
        return head + rest, ""
    return text, ""


def _lost_behind_head(text: str, day: dt.date, notes: Notes) -> tuple[str, str]:
    """The head of the page without an explanation behind it: the explanation was lost."""
    label = LABEL.search(text) if _begins_with_day(text, day) else None
    if label is None or len(text) - label.end() > 200 or _SENTENCE_END.search(text, label.end()):
        return text, ""
    notes.repair("explanation-head")
    return "", _credit_line(text)


def _is_head(head: str, title: str, day: dt.date) -> bool:
    if _TODAYS.match(head.lstrip()) or _begins_with_day(head, day) or LABEL.search(head):
        return True
    head = " ".join(head.split()).casefold()
    return title.casefold() in head and len(head) < len(title) + 30


def _begins_with_day(text: str, day: dt.date) -> bool:
    start = _TODAYS.sub("", text[:80].lstrip(), count=1).lstrip()
    return any(start.startswith(way) and not start[len(way) : len(way) + 1].isdigit() for way in in_words(day))


def _credit_line(head: str) -> str:
    label = LABEL.search(head)
    line = " ".join(head[label.start() :].split()) if label else ""
    return line if label and name_of(line) else ""


def _is_name(line: str) -> bool:
    """True for a first word that is spelt with a small letter: eROSITA, vdB 152."""
    word = line.split(None, 1)[0]
    return any(letter.isupper() or letter.isdigit() for letter in word)


def _cut_short(text: str) -> bool:
    """True when the last block is prose that breaks off: no announcement, no heading, no list of links."""
    text = text.strip()
    if _BLOCKS.search(text):
        return False
    last = _LAST_SENTENCE.split(text)[-1]
    words = [word for word in last.split() if len(word) > 3]
    titled = sum(word[0].isupper() for word in words)
    return ":" not in last and "|" not in last and not (len(words) > 2 and titled * 5 >= len(words) * 3)
