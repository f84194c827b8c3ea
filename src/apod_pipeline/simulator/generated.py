"""Generated entries: what a day's page says, before any service has worded or spoilt it.

Takes a day and a seed, gives the same `Sketch` for them on every machine, never holds a sentence of APOD's
own. Texts of different days differ, favourites aside that are shown again years later. Pure: a sketch takes
about 13 microseconds, the old service's record of it 20, and nothing but the titles of neighbouring days is
remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2b

from apod_pipeline.errors import SettingsError
from apod_pipeline.simulator import sentences, words
from apod_pipeline.simulator.dirt import FIRST_ORDINAL, GAP_ORDINALS, shape_of
from apod_pipeline.simulator.reruns import Rerun, rerun_of

_BODY = (
    sentences.SETTING,
    sentences.LIGHT,
    sentences.PHYSICS,
    sentences.SCALE,
    sentences.HISTORY,
    sentences.CLOSING,
)
_PLATE_STEP, _PLATE_MODULUS = (
    7_368_787,
    9_999_991,
)  # both prime: the product runs through every plate number once
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_BEGINNING = 400  # letters that a rerun repeats at least
_CATALOGUES = ("NGC", "IC", "Arp", "LBN")


@dataclass(slots=True)
class Sketch:
    """One day as its authors meant it: clean, in plain text, without any service's wording."""

    day: date
    media: str
    """`image`, `youtube`, `vimeo`, `film` (an mp4 file), `page` (a web page called a video) or `none`."""
    claimed: bool
    """Whether the credit line claims a copyright."""
    dirts: frozenset[str]
    title: str
    explanation: str
    """Plain text, one blank between sentences."""
    credit: str
    """A person where a copyright is claimed or a licence given, else agencies."""
    stem: str
    """Base name of the picture's file, unique within its month."""
    picture_day: date
    """The day whose folder holds the picture: another one where a picture is shown again."""
    video: str
    """Identifier at YouTube (11 characters) or Vimeo (digits)."""
    links: tuple[str, ...]
    """Phrases of the explanation that the new service makes into links."""
    luck: int
    """A byte that services may use for small decisions about this day."""


def has_entry(day: date) -> bool:
    """Whether an entry exists for the day: all days since 1995-06-16 but four."""
    ordinal = day.toordinal()
    return ordinal >= FIRST_ORDINAL and ordinal not in GAP_ORDINALS


def month_name(day: date) -> str:
    """The English month in lower case, as it stands in the new service's addresses."""
    return _MONTHS[day.month - 1]


def _digest(ordinal: int, seed: int) -> bytes:
    return blake2b(b"%d %d" % (ordinal, seed), digest_size=48).digest()


def _vocabulary(digest: bytes, ordinal: int) -> dict[str, str]:
    """The day's own words, by the names that the templates use."""
    name, kind = words.NAMES[digest[0] % len(words.NAMES)], words.KINDS[digest[1] % len(words.KINDS)]
    neighbour = words.NAMES[(digest[0] + 1 + digest[2] % 50) % len(words.NAMES)]
    neighbour_kind = words.KINDS[digest[3] % len(words.KINDS)][0]
    adjective, colour = (
        words.ADJECTIVES[digest[8] % len(words.ADJECTIVES)],
        words.COLOURS[digest[9] % len(words.COLOURS)],
    )
    return {
        "Name": name,
        "Obj": f"{name} {kind[0]}",
        "obj": f"the {name} {kind[0]}",
        "Cap": f"The {name} {kind[0]}",
        "kin": kind[1],
        "Nbr": f"{neighbour} {neighbour_kind}",
        "nbr": f"the {neighbour} {neighbour_kind}",
        "cat": f"{_CATALOGUES[digest[4] % 4]} {100 + digest[5] * 28 + digest[4] % 28}",
        "con": words.CONSTELLATIONS[digest[6] % len(words.CONSTELLATIONS)],
        "place": words.PLACES[digest[7] % len(words.PLACES)],
        "adj": adjective,
        "Adj": adjective.capitalize(),
        "col": colour,
        "Col": colour.capitalize(),
        "gas": words.GASES[digest[10] % len(words.GASES)],
        "tool": words.TOOLS[digest[11] % len(words.TOOLS)],
        "sea": words.SEASONS[digest[12] % len(words.SEASONS)],
        "ly": f"{(digest[13] + 3) * 100:,}",
        "num": str(digest[14] + 12),
        "hrs": str(2 + digest[15] % 40),
        "who": _person(digest),
        "plate": str(ordinal * _PLATE_STEP % _PLATE_MODULUS),
    }


def _person(digest: bytes) -> str:
    return (
        f"{words.FIRST_NAMES[digest[16] % len(words.FIRST_NAMES)]} "
        f"{words.LAST_NAMES[digest[17] % len(words.LAST_NAMES)]}"
    )


def _explanation(digest: bytes, vocabulary: dict[str, str]) -> str:
    """Seven or eight sentences: an opener, how the picture was made, and the other themes."""
    dropped = digest[18] % 12
    chosen = [sentences.OPENERS[digest[20] % len(sentences.OPENERS)]]
    for place, theme in enumerate(_BODY):
        if place != dropped:
            chosen.append(theme[digest[21 + place] % len(theme)])
    chosen.insert(4, sentences.MAKING[digest[28] % len(sentences.MAKING)])
    return " ".join(chosen) % vocabulary


def _stem(ordinal: int, digest: bytes) -> str:
    day = date.fromordinal(ordinal)
    last = words.LAST_NAMES[digest[17] % len(words.LAST_NAMES)].encode("ascii", "ignore").decode()
    return f"{words.NAMES[digest[0] % len(words.NAMES)]}{day.day:02d}_{last}"


def _shown_before(ordinal: int) -> int:
    """An earlier day with an ordinary picture, months or years ago, for a day that shows a picture again."""
    ago = 200 + ordinal * 37 % 1500
    earlier = ordinal - ago if ordinal - ago > FIRST_ORDINAL else ordinal
    while True:
        earlier -= 1
        if earlier <= FIRST_ORDINAL:
            return FIRST_ORDINAL
        shape = shape_of(earlier)
        if shape.media == "image" and "repeated_url" not in shape.dirts:
            return earlier


def _video(digest: bytes, media: str) -> str:
    if media == "vimeo":
        return str(20_000_000 + int.from_bytes(digest[30:34], "little") % 900_000_000)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return "".join(alphabet[byte & 63] for byte in digest[30:41])


def _title(digest: bytes, vocabulary: dict[str, str]) -> str:
    return words.TITLES[digest[29] % len(words.TITLES)] % vocabulary


@lru_cache(maxsize=64)  # each day of a list is asked for thrice: for itself and for its neighbours
def title_of(day: date, seed: int) -> str:
    """The clean title of a day's entry; cheaper than its whole sketch."""
    ordinal = day.toordinal()
    if ordinal >= FIRST_ORDINAL and "script_words" in shape_of(ordinal).dirts:
        return _SCRIPT_TITLE
    digest = _digest(ordinal, seed)
    return _title(digest, _vocabulary(digest, ordinal))


_SCRIPT_TITLE = "Reading <script> in the Sky"
_SCRIPT_END = "Early printouts marked such lines as <script>alert('bright star')</script>, and the joke has stayed."
_COSMOS_LEAD = "Discover the cosmos! Such is the motto above the door of the museum that keeps this plate."


def _worded(dirts: frozenset[str], digest: bytes, vocabulary: dict[str, str]) -> tuple[str, str]:
    """Title and explanation, with the two oddities that the authors themselves may have written."""
    title, explanation = _title(digest, vocabulary), _explanation(digest, vocabulary)
    if "script_words" in dirts:
        return _SCRIPT_TITLE, f"{explanation.rpartition('. ')[0]}. {_SCRIPT_END}"
    if "discover_cosmos" in dirts:
        return title, f"{_COSMOS_LEAD} {explanation.rpartition('. ')[0]}."
    return title, explanation


def _told_again(again: Rerun, explanation: str, seed: int) -> str:
    """The text of an earlier day, whole or with this day's own end."""
    digest = _digest(again.of, seed)
    text = _explanation(digest, _vocabulary(digest, again.of))
    if again.whole:
        return text
    own_end, kept = explanation.rpartition(". ")[2], text.rpartition(". ")[0]
    return f"{kept}. {own_end}" if len(kept) >= _BEGINNING else f"{text} {own_end}"


def sketch_of(day: date, seed: int = 0) -> Sketch:
    """One day's entry before any service has worded it.

    Args:
        day: A day with an entry, from 1995-06-16 to the end of the calendar.
        seed: Another seed gives other words, never other dirts or another kind of medium.

    Raises:
        SettingsError: The day has no entry.
    """
    ordinal = day.toordinal()
    if ordinal < FIRST_ORDINAL or ordinal in GAP_ORDINALS:
        raise SettingsError(f"{day} has no entry; ask for a day since 1995-06-16 that is none of the four real gaps")
    media, claimed, dirts = shape_of(ordinal)
    digest = _digest(ordinal, seed)
    vocabulary = _vocabulary(digest, ordinal)
    title, explanation = _worded(dirts, digest, vocabulary)
    again, told = rerun_of(ordinal), vocabulary
    if again:
        told = _vocabulary(_digest(again.of, seed), again.of)
        explanation = _told_again(again, explanation, seed)
    agency = words.AGENCIES[digest[41] % len(words.AGENCIES)]
    shown = _shown_before(ordinal) if "repeated_url" in dirts else ordinal
    if again and again.picture and shown == ordinal and media == "image" and shape_of(again.of).media == "image":
        shown = again.of
    return Sketch(
        day=day,
        media=media,
        claimed=claimed,
        dirts=dirts,
        title=title,
        explanation=explanation,
        credit=vocabulary["who"] if claimed or "licence_only" in dirts else agency,
        stem=_stem(shown, digest if shown == ordinal else _digest(shown, seed)),
        picture_day=day if shown == ordinal else date.fromordinal(shown),
        video=_video(digest, media) if media in {"youtube", "vimeo"} else "",
        links=(told["obj"], told["con"], told["nbr"], told["gas"]),
        luck=digest[42],
    )
