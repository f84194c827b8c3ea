"""What may be done with a picture, as far as its credit says so.

Takes credit and copyright in plain text, and their HTML (licences often stand in links only), gives a short
name and the words it was concluded from. Never concludes freedom from silence: without words the rights are
unknown.
Source: NASA's media usage guidelines (NASA's content is not under copyright; that of others on its pages
is), and the same of the Space Telescope Science Institute for what it makes for NASA.
"""

from __future__ import annotations

import re

# Whoever keeps to their terms (the holder is named, with nc nothing is earned, with nd nothing is changed) may pass a
# picture with these rights on as it is. What is not named here is not free: `unknown`, and names nobody foresaw.
_FREE = "public-domain cc0 cc-by cc-by-sa cc-by-nd cc-by-nc cc-by-nc-sa cc-by-nc-nd"
REDISTRIBUTABLE = tuple(_FREE.split())

_DEED = re.compile(r"creativecommons\.org/(?:licen[cs]es|publicdomain)/([a-z-]+)", re.IGNORECASE)
_SHORT = re.compile(r"\bCC(?:[ -]?(?:0|ZERO)\b|[ -]BY(?:[ -](?:NC|SA|ND))*\b)(?:[ -]?\d\.\d)?", re.IGNORECASE)
_LONG = re.compile(r"\bCreative Commons[^.;()<\"]*", re.IGNORECASE)
_PUBLIC = re.compile(r"\bpublic[ -]domain\b", re.IGNORECASE)
# Licences of the music under a film, or of a text, are not the picture's.
_OTHER_WORK = re.compile(r"\b(?:Music|Sound|Audio|Soundtrack|Song|Text|Poem|Narration)\b")
_PARTS = re.compile(r"[,;/&|():]|\band\b|\bof\b|\bthe\b")
_TERMS = (("by", "attribution"), ("nc", "noncommercial"), ("sa", "sharealike"), ("nd", "noderiv"))

# Who works for NASA, or for the United States, so that their pictures are not under copyright.
_AGENCIES = """
    nasa, jpl, jpl-caltech, jet propulsion laboratory, gsfc, goddard, goddard space flight center, msfc,
    ksc, kennedy space center, jsc, johnson space center, arc, ames, ames research center, larc, grc, hq, svs, noaa,
    scientific visualization studio, usgs, stsci, space telescope science institute
"""
_MISSIONS = """
    hubble, hst, hubble space telescope, hubble heritage team, wfpc2, jwst, webb, spitzer, wise, sdo, lro,
    mer, cobe, cobe project, compton gamma ray observatory, voyager, voyager project, voyager team, viking project,
    cassini, galileo project, magellan project, skylab, apollo program, crew
"""
_PUBLIC_HANDS = frozenset(name.strip() for name in (_AGENCIES + "," + _MISSIONS).split(","))
_CREWS = re.compile(
    r"(?:crew )?(?:apollo|gemini|mercury|sts|expedition)[- ]\d+[a-z]?(?: crew)?"
    r"|(?:viking|voyager|mariner) \d+"
)
# Their share in a NASA mission's picture is published under NASA's terms; alone they have terms of their own.
_PARTNERS = frozenset({"esa", "csa"})
_SHARED = frozenset({"hubble", "hst", "stsci", "jwst", "webb", "hubble space telescope", "hubble heritage team"})


def conclude(credit: str, holder: str, markup: str, *, claimed: bool) -> tuple[str, str | None]:
    """The rights and the words that say so.

    Args:
        credit: who made the picture; empty where the source does not tell.
        holder: who claims a copyright; may be empty although one is claimed.
        markup: credit and copyright with their links, as the source wrote them.
        claimed: whether a copyright is claimed at all.
    """
    if "ommons" in markup or "CC" in markup or "cc" in markup:
        licence = _licence(_OTHER_WORK.split(markup, maxsplit=1)[0])
        if licence:
            return licence
    if claimed:
        return "copyrighted", f"copyright: {holder}" if holder else "copyright claimed in the credit line"
    if found := _PUBLIC.search(markup):
        return "public-domain", found[0]
    if credit and in_public_hands(credit):
        return "public-domain", f"credit: {credit}"
    return "unknown", None


def _licence(words: str) -> tuple[str, str] | None:
    if deed := _DEED.search(words):
        name = deed[1].lower()
        if name in {"zero", "mark"}:
            return ("cc0" if name == "zero" else "public-domain"), deed[0]
        return f"cc-{name}", deed[0]
    if short := _SHORT.search(words):
        name = re.sub(r"[ -]?\d\.\d$", "", short[0]).lower().replace(" ", "-")
        return ("cc0" if name.startswith(("cc0", "cc-0", "cczero", "cc-zero")) else name), short[0]
    if (long := _LONG.search(words)) and "ttribution" in long[0]:
        told = re.sub(r"[^a-z]", "", long[0].lower())
        return "cc-" + "-".join(short for short, word in _TERMS if word in told), " ".join(long[0].split())
    return None


def in_public_hands(credit: str) -> bool:
    """True when a credit names nobody but NASA and those whose work for it is not under copyright."""
    parts = [" ".join(part.split()).strip(" .").lower() for part in _PARTS.split(credit)]
    parts = [part for part in parts if part]
    shared = not _SHARED.isdisjoint(parts)
    return "nasa" in parts and all(
        part in _PUBLIC_HANDS or (shared and part in _PARTNERS) or _CREWS.fullmatch(part) for part in parts
    )
