"""One reading becomes one entry.

Takes a settled reading of any source, gives an entry with the names of what was repaired and of what stays
damaged. Pure: the same reading gives the same entry, on every machine and day. Never invents: a field that
the source did not fill is None.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from apod_pipeline.datasets.apod.fields import Entry
from apod_pipeline.datasets.apod.rules.addresses import mend_address
from apod_pipeline.datasets.apod.rules.credit import claims, holder_of, mend_copyright, mend_title, name_of
from apod_pipeline.datasets.apod.rules.explanation import flag_damage, mend_explanation
from apod_pipeline.datasets.apod.rules.media import media_of_answer, media_of_page
from apod_pipeline.datasets.apod.rules.notes import Notes
from apod_pipeline.datasets.apod.rules.rights import conclude, in_public_hands
from apod_pipeline.datasets.apod.rules.text import clean, text_of_html, with_plain_quotes, without_gaps, without_markup
from apod_pipeline.errors import NoEntry

if TYPE_CHECKING:
    from apod_pipeline.dataset.readings import Reading, Record
    from apod_pipeline.datasets.apod.rules.media import Media


_LOST = "\ufffd"
_LEAD = re.compile(r"\s*Explanation\s*:\s*")
_NO_DESCRIPTION = "See Explanation"  # the page's own instruction to click begins so


def derive(reading: Reading) -> Entry:
    """The entry that a reading tells.

    Raises:
        NoEntry: when no title, or no day, can be had from it.
    """
    notes = Notes()
    day = _day(reading, notes)
    told = _of_page if reading.source == "science" else _of_answer
    fields = told(reading.record, day, notes)
    if not fields["title"]:
        raise NoEntry(
            f"{day}: the reading of {reading.source} has no title; nothing of it was stored. Request it again, or use "
            f"another source: apod run --date {day}",
            "it has no title, its markup aside",
        )
    if any(_LOST in fields[name] for name in ("title", "explanation", "copyright", "credit") if fields[name]):
        notes.flag("letters-lost")
    return Entry(date=day, source=reading.source, repairs=tuple(notes.repairs), flags=tuple(notes.flags), **fields)


def _of_answer(record: Record, day: dt.date, notes: Notes) -> dict[str, Any]:
    """The fields of a record of the old service, or of an archive in its form."""
    title, line = mend_title(_plain(record, "title", notes), day, notes)
    told = _plain(record, "explanation", notes)
    claim = _plain(record, "copyright", notes)
    holder, swallowed = mend_copyright(claim, told[:60].rstrip(), notes) if claim else ("", "")
    prose = mend_explanation(told, title, day, notes)
    if swallowed and not prose.text:
        notes.repair("explanation-from-copyright")
        prose = mend_explanation(swallowed, title, day, notes)
    flag_damage(prose, notes)
    credit = " ".join(_plain(record, "credit", notes).split())
    # The old service had no credit: where one stands, the copyright is only the same words again.
    claimed = claims(credit + claim) if credit else bool(claim)
    credit = credit or prose.credit or line
    if not claimed and claims(credit):
        claimed, holder = True, holder_of(credit)
    return {
        "title": title,
        "explanation": prose.text or None,
        **_media_fields(_media_of_answer(record, notes)),
        **_credit_fields(name_of(credit), holder if claimed else "", credit + claim, claimed=claimed),
        **_page_fields(record, notes),
    }


def _of_page(record: Record, day: dt.date, notes: Notes) -> dict[str, Any]:
    """The fields of a record of the new service: HTML, and what its page shows."""
    title, line = mend_title(_text_of(record, "title", notes), day, notes)
    told = _text_of(record, "explanation", notes)
    lead = _LEAD.match(told)
    prose = mend_explanation(told[lead.end() :] if lead else told, title, day, notes)
    flag_damage(prose, notes)
    credit, _ = mend_copyright(_text_of(record, "credit", notes), "", notes)
    holder, _ = mend_copyright(_text_of(record, "copyright", notes), "", notes)
    claimed = claims(credit + holder) or (
        record.get("claims_copyright") is True and not in_public_hands(name_of(credit or holder))
    )
    markup = _words(record, "credit", notes) + _words(record, "copyright", notes)
    media = _media_of_page(record, notes)
    notes.repairs.pop("blanks", None)  # in HTML they mean nothing
    return {
        "title": title,
        "explanation": prose.text or None,
        "explanation_html": _words(record, "explanation", notes).strip() or None,
        **_media_fields(media),
        **_credit_fields(
            name_of(credit or holder),
            holder_of(holder or credit) if claimed else "",
            markup,
            claimed=claimed or claims(line),
        ),
        **_page_fields(record, notes),
    }


def _media_of_answer(record: Record, notes: Notes) -> Media:
    return media_of_answer(
        _words(record, "media_type", notes).strip().lower(),
        _address(record.get("url"), notes),
        _address(record.get("hdurl"), notes),
        _address(record.get("thumbnail_url"), notes),
        notes,
    )


def _media_of_page(record: Record, notes: Notes) -> Media:
    told = record.get("players")
    players = told if isinstance(told, list | tuple) else ()
    return media_of_page(
        _words(record, "media_type", notes).strip().lower(),
        _address(record.get("shown"), notes) or "",
        _address(record.get("linked"), notes) or "",
        [address for player in players if (address := _address(player, notes))],
        _address(record.get("hdurl"), notes) or "",
        notes,
    )


def _media_fields(media: Media) -> dict[str, Any]:
    return {
        "url": media.url,
        "hdurl": media.hdurl,
        "media_type": media.media_type,
        "thumbnail_url": media.still,
    }


def _credit_fields(credit: str, holder: str, markup: str, *, claimed: bool) -> dict[str, Any]:
    rights, evidence = conclude(credit, holder, markup, claimed=claimed)
    return {
        "copyright": holder or None,
        "credit": credit or None,
        "rights": rights,
        "rights_evidence": evidence,
    }


def _page_fields(record: Record, notes: Notes) -> dict[str, Any]:
    alt = " ".join(text_of_html(_words(record, "alt", notes)).split()) if "alt" in record else ""
    return {
        "alt": alt if alt and not alt.startswith(_NO_DESCRIPTION) else None,
        "permalink": _address(record.get("permalink"), notes),
    }


def _day(reading: Reading, notes: Notes) -> dt.date:
    day: object = reading.day
    told = reading.record.get("date")
    if isinstance(day, dt.date):
        day = day.date() if isinstance(day, dt.datetime) else day
        if isinstance(told, str) and told.strip()[:10] != day.isoformat():
            notes.flag("other-date")
        return day
    try:
        return dt.date.fromisoformat(str(told).strip()[:10])
    except ValueError:
        raise NoEntry(
            f"a reading of {reading.source} does not say which day it is of; nothing of it was stored. Request the "
            "missing days again: apod run",
            "it tells no day",
        ) from None


def _words(record: Record, name: str, notes: Notes) -> str:
    """A field as text without control characters; empty where there is none."""
    value = record.get(name)
    if isinstance(value, str):
        return clean(value, notes)
    if value is None:
        return ""
    notes.flag("not-text")
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18
    return str(value) if whole else ""


def _plain(record: Record, name: str, notes: Notes) -> str:
    words = _words(record, name, notes)
    return without_markup(words, notes) if words else words


def _text_of(record: Record, name: str, notes: Notes) -> str:
    """What a reader sees of a field that holds HTML."""
    text = text_of_html(without_gaps(_words(record, name, notes), notes))
    return with_plain_quotes(without_markup(text, notes), notes)


def _address(value: object, notes: Notes) -> str | None:
    if isinstance(value, str):
        return mend_address(clean(value, notes), notes) if value else None
    if value is not None:
        notes.flag("not-text")
    return None
