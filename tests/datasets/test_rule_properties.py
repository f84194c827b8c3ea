"""What holds for every text and every JSON value, not only for those we thought of."""

from __future__ import annotations

import datetime as dt
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_each_rule import ANSWER, DAY

from apod_pipeline.archive.text_files import csv_line, json_line
from apod_pipeline.dataset.readings import Reading
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.fields import MEDIA_TYPES, OUTPUT_FIELDS, Entry
from apod_pipeline.datasets.apod.rules.derive import derive
from apod_pipeline.datasets.apod.rules.notes import FLAGS, REPAIRS
from apod_pipeline.datasets.apod.rules.text import text_of_html
from apod_pipeline.datasets.apod.sources import planetary_record, science_record
from apod_pipeline.errors import DataRefused

SETTLE = {"planetary": planetary_record.settle, "science": science_record.settle, "file": planetary_record.settle}
PIECES = st.sampled_from(
    ["Explanation:", " Tomorrow's picture: ", "< | Archive | Index | Search", "Credit:", "x = 'y';", "\r\n", "  ",
     "We keep an archive file.", "&amp;", "&#9999999;", "&#x110000;", "<b>", "</a> .", "<!--", "<![x[", "\u2028",
     "May 14, 2003 ", "https://", "//", "Copyright", "\udc80", "\x00", "\x96", "\ufffd", "?w=1", ".jpg", ".mp4",
     "image/a.png", "Authors & editors:", "Robert Nemiroff", "Astronomy Picture of the Day is brought to you by ",
     "NASA", "CC BY", "(", "[", "a", "E. "]
)  # fmt: skip
texts = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=14).map("".join))
others = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.just({"a": [1]}), st.lists(texts, max_size=3)
)
values = st.one_of(texts, texts, others)
FIELDS = (
    "title",
    "explanation",
    "url",
    "hdurl",
    "media_type",
    "copyright",
    "credit",
    "alt",
    "permalink",
    "thumbnail_url",
)
answers = st.dictionaries(st.sampled_from([*FIELDS, "date", "basic_html"]), values, max_size=8)
sources = st.sampled_from(sorted(SETTLE))


def entry_of(source: str, said: object) -> Entry | None:
    """The entry of whatever was said; None where it is refused for want of a title."""
    try:
        return derive(Reading(DAY, source, SETTLE[source](said)))
    except DataRefused:
        return None


def check(entry: Entry) -> None:
    """What the design promises of every entry."""
    assert entry.title == " ".join(entry.title.split()) != ""
    assert entry.explanation is None or entry.explanation == " ".join(entry.explanation.split()) != ""
    assert entry.media_type in MEDIA_TYPES
    assert (entry.url is not None) or entry.media_type == "other"
    assert set(entry.repairs) <= set(REPAIRS)
    assert set(entry.flags) <= set(FLAGS)
    for name, value in entry._asdict().items():
        if isinstance(value, str):
            value.encode("utf-8")
            assert "\x00" not in value
            assert value or name == "source"
            assert name == "explanation_html" or len(value.splitlines()) <= 1, name
    for address in (entry.url, entry.hdurl, entry.thumbnail_url, entry.permalink):
        assert address is None or (address.lower().startswith(("http://", "https://")) and " " not in address)
    assert Entry.from_row(json.loads(json.dumps(entry.as_row()))) == entry


@given(sources, answers)
@settings(max_examples=300)
def test_any_json_becomes_a_sound_entry_or_is_refused(source, said):
    """Numbers, nulls, nested lists and broken markup in any field never raise, and never reach a table."""
    entry = entry_of(source, {"title": "A Lamp"} | said)
    if entry is not None:
        check(entry)


BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"  # where str.splitlines() breaks a line
ADDRESSES = st.sampled_from(
    ["https://", "//", "www.", "image/", "apod.nasa.gov", "/apod/", "lamp", ".jpg", ".mp4", ".html", "?w=1", "&lit=1",
     "#pier", "youtu.be/", "abcdefghijk", "https://apod.nasa.gov/apod/image/0305/lamp.jpg", " ", "\t", "\x00", "\x1b"]
)  # fmt: skip
broken_addresses = st.lists(ADDRESSES | st.sampled_from(BREAKS), max_size=9).map("".join)
broken_texts = st.lists(
    PIECES | st.sampled_from([*BREAKS, "Creative Commons", "Attribution"]), max_size=9
).map("".join)  # fmt: skip
broken = dict.fromkeys(("url", "hdurl", "thumbnail_url", "permalink", "shown", "linked"), broken_addresses)
broken |= dict.fromkeys(("title", "explanation", "media_type", "copyright", "credit", "alt"), broken_texts)
broken["players"] = st.lists(broken_addresses, max_size=2)
broken["basic_html"] = broken_addresses.map('<img src="{}">'.format)


@given(sources, st.fixed_dictionaries({}, optional=broken), st.booleans())
@settings(max_examples=500)
def test_no_break_of_a_line_reaches_a_file(source, said, settled):
    """Whatever breaks a line, in an address or a text of either service: an entry is one line in either file."""
    said = {"title": "A Lamp"} | said
    try:
        entry = derive(Reading(DAY, source, SETTLE[source](said) if settled else said))
    except DataRefused:
        return
    check(entry)
    row = {name: value for name, value in entry.as_row().items() if name in OUTPUT_FIELDS}
    assert not [name for name, value in row.items() if value and set(value) & set(BREAKS)]
    assert len(csv_line(row.values()).splitlines()) == len(json_line(row).splitlines()) == 1


@given(values)
def test_any_json_settles_and_is_hashed(said):
    """Whatever an item is, it settles to a record that has a digest."""
    for settle in SETTLE.values():
        assert DATA_SET.doubts.digest(settle(said))


@given(sources, st.dictionaries(st.sampled_from([*FIELDS, "shown", "linked", "players", "pictures"]), values))
def test_a_reading_from_elsewhere_never_raises(source, record):
    """A record that never went through a settling becomes an entry or is refused, nothing else."""
    try:
        check(derive(Reading(DAY, source, record)))
    except DataRefused as refused:
        assert str(DAY) in str(refused)  # noqa: PT017 - refusing is one of the two right answers


@given(texts, texts)
def test_rules_only_take_away(title, explanation):
    """No rule adds words: what the entry says stood in the answer, in this order, and is not longer."""
    entry = entry_of("planetary", ANSWER | {"title": title, "explanation": explanation})
    if entry is None or entry.explanation is None:
        return
    assert len(entry.explanation) <= len(explanation)
    assert len(entry.title) <= len(title)
    if not {"entities", "tags", "cp1252-letters"} & set(entry.repairs):
        letters = iter(explanation)
        assert all(letter in letters for letter in entry.explanation.replace(" ", ""))


words = st.text(st.characters(codec="ascii", categories=("Lu", "Ll", "Nd"), include_characters=" ,'()-"), max_size=200)
DIRTS = [
    "{}",
    "Explanation: {}",
    "Today's Picture:    Explanation:  {}",
    "May 14, 2003    A Lamp  Picture Credit: Ada Quill  Explanation:  {}",
    "{}  \r\n",
    "{}   lamp_url = 'x'; lamp_skin = 'y';",
    "{}  < | Archive | Index | Search | Glossary | >  Authors & editors: Robert Nemiroff",
    "{} Tomorrow's picture: dusk",
    "{}   We keep an archive file.  Astronomy Picture of the Day is brought to you by  Robert Nemiroff.",
]


@given(words)
def test_plain_prose_survives(said):
    """Letters, figures and commas are nobody's dirt: the text comes out as it went in, blanks aside."""
    prose = " ".join(f"A {said} end.".split())
    entry = entry_of("planetary", ANSWER | {"explanation": prose})
    assert (entry.explanation, entry.repairs, entry.flags) == (prose, (), ())


@given(words, st.sampled_from(DIRTS), st.sampled_from(["{}", "{}\r\nCredit:", " {}  ", "{} Image Credit: Ada Quill"]))
def test_rules_find_nothing_left_to_mend(said, dirt, title_dirt):
    """Whatever was around the prose is gone, and the entry's own texts told again need no repair."""
    prose = " ".join(f"A {said} end.".split())
    first = entry_of("planetary", ANSWER | {"title": title_dirt.format("A Lamp"), "explanation": dirt.format(prose)})
    assert (first.title, first.explanation) == ("A Lamp", prose)
    again = entry_of("planetary", ANSWER | {"title": first.title, "explanation": first.explanation})
    assert (again.title, again.explanation, again.repairs) == (first.title, first.explanation, ())


@given(texts)
def test_html_is_read_without_fear(source):
    """Broken tags and impossible references are text, not errors."""
    assert isinstance(text_of_html(source), str)


HOSTILE = ["<a ", '<a "', "<!--", "<script", "Archive | ", "Explanation: ", "Credit and Copyright ", "a='b ", "&", "\n"]


def test_a_hostile_text_costs_no_more_than_its_length():
    """No rule goes through a text once for every letter of it: ten bad kinds of 20,000 letters take seconds at most."""
    began = time.monotonic()
    for piece in HOSTILE:
        text = piece * (20_000 // len(piece)) + " " * 20_000 + "Tomorrow Explanation Credit Nemiroff Archive"
        for field in ("title", "explanation", "copyright", "basic_html"):
            entry_of("science", {"title": "A Lamp", field: text})
            entry_of("planetary", {"title": "A Lamp", field: text})
    assert time.monotonic() - began < 20


@given(st.dates(dt.date(1995, 6, 16), dt.date(2026, 12, 31)), st.text("0123456789abcdef", min_size=4, max_size=9))
def test_new_ids_are_no_news(day, ident):
    """A page whose ids are new settles to the record that the old ids gave."""
    html = '<center id="{0}"><img id="img-{0}" src="https://example.org/{1}.jpg?w=1&v={0}"></center><b>Explanation:</b>'
    items = [
        {"date": str(day), "title": "A Lamp", "post_id": name, "basic_html": html.format(name, day)}
        for name in (ident, "0")
    ]
    assert science_record.settle(items[0]) == science_record.settle(items[1])


@pytest.mark.parametrize("record", [{}, {"title": " \n"}, {"title": None}, {"title": ["x"]}, {"title": True}])
def test_no_title_is_refused_with_the_next_step(record):
    """A reading without a title is refused, and the message says which day and what to type."""
    with pytest.raises(DataRefused, match=r"2003-05-14: the reading of file has no title.*apod run --date 2003-05-14"):
        derive(Reading(DAY, "file", record))


def test_no_day_is_refused():
    """A reading that is of no day is refused; its record's date is taken where the reading has none."""
    with pytest.raises(DataRefused, match="does not say which day"):
        derive(Reading(None, "file", {"title": "A Lamp"}))
    assert derive(Reading(None, "file", {"title": "A Lamp", "date": "2003-05-14"})).date == DAY
