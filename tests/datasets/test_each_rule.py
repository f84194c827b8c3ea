"""Every rule by name: a text of our own that it mends or flags, and one close to it that it must leave alone."""

from __future__ import annotations

import datetime as dt

import pytest

from apod_pipeline.dataset.readings import Reading
from apod_pipeline.datasets.apod.rules.addresses import PAGES, is_article
from apod_pipeline.datasets.apod.rules.derive import derive
from apod_pipeline.datasets.apod.rules.notes import FLAGS, REPAIRS
from apod_pipeline.datasets.apod.sources.planetary_record import settle as settle_answer
from apod_pipeline.datasets.apod.sources.science_record import settle as settle_item

DAY = dt.date(2003, 5, 14)
PROSE = "A lamp swings over the harbour. Nobody knows who lit it."
PICTURE = "https://apod.nasa.gov/apod/image/0305/lamp_960.jpg"
LARGE = "https://apod.nasa.gov/apod/image/0305/lamp_big.jpg"
ANSWER = {
    "date": "2003-05-14",
    "title": "A Lamp over the Harbour",
    "explanation": PROSE,
    "url": PICTURE,
    "hdurl": LARGE,
    "media_type": "image",
    "service_version": "v1",
}
CLEAN = {"title": ANSWER["title"], "explanation": PROSE, "url": PICTURE, "hdurl": LARGE, "media_type": "image"}
SWALLOWED = "Ada Quill\n Explanation: \nA lamp swings over\nthe harbour. Nobody knows who lit it.\n\n"
NAVIGATION = "< | Archive | Index | Search | Calendar | Glossary | Education | About APOD | >"
AUTHORS = "Authors & editors: Robert Nemiroff (MTU) & Jerry Bonnell (USRA) NASA Official: Ada Quill."
KEPT = "We keep an archive of previous Astronomy Pictures of the Day.   It is brought to you by two people."
BROUGHT = "Astronomy Picture of the Day (TM) is created and copyrighted in 1995 by \nRobert \nNemiroff and others."
SCRIPT = "lamp_url = 'http://example.org/ap030514.html'; lamp_skin ='compact';"


def answer(**told: object):
    """The entry of an answer of the old service; a field told as None is absent."""
    said = {name: value for name, value in (ANSWER | told).items() if value is not None}
    return derive(Reading(DAY, "planetary", settle_answer(said)))


def item(page: str = "", **told: object):
    """The entry of an item of the new service whose page shows what is handed in."""
    said = {
        "date": "2003-05-14",
        "post_id": 7,
        "title": "A Lamp over the Harbour",
        "explanation": f"<strong>Explanation: </strong>{PROSE}",
        "credit": "",
        "copyright": "",
        "media_type": "image",
        "permalink": "https://science.nasa.gov/image-article/apod-2003-may-14-a-lamp-over-the-harbour/",
        "hdurl": False,
        "basic_html": f"<html><body><center>{page}</center><p><b> Explanation: </b> {PROSE}</body></html>",
    }
    return derive(Reading(DAY, "science", settle_item(said | told)))


# Rule, what the old service says, and what the entry says of it.
MENDED = [
    ("control-characters", {"title": "A Lamp\x00 over the \ud800Harbour"}, {}),
    ("cp1252-letters", {"title": "The Harbour\x92s Lamp \x96 Lit"}, {"title": "The Harbour\u2019s Lamp \u2013 Lit"}),
    ("entities", {"explanation": "Lit in Pozna&nacute; &amp; seen."}, {"explanation": "Lit in Poznań & seen."}),
    ("tags", {"explanation": PROSE.replace("lamp", "<a href='x'>lamp</a>")}, {}),
    ("blanks", {"explanation": PROSE.replace(". N", ".  \r\nN").replace("A l", "A\u00a0l")}, {}),
    ("blanks", {"title": " A Lamp \nover the  Harbour "}, {}),
    ("title-credit", {"title": "A Lamp over the Harbour\r\nCredit:"}, {}),
    ("title-credit", {"title": "A Lamp over the Harbour \r\n\r\nResearch Credit: Ada Quill"}, {"credit": "Ada Quill"}),
    ("title-credit", {"title": "A Lamp over the Harbour Image Credit & Copyright: B. Ueda"}, {"copyright": "B. Ueda"}),
    ("title-page-name", {"title": "APOD: 2003 May 14 - A Lamp over the Harbour - NASA Science"}, {}),
    ("page-script", {"explanation": f"{PROSE}   {SCRIPT}"}, {}),
    ("explanation-label", {"explanation": f"  Explanation:  {PROSE}"}, {}),
    ("explanation-label", {"explanation": f'"Light!"  (an old call)  Explanation: {PROSE}'}, None),
    (
        "explanation-head",
        {"explanation": f"Today's Picture: May 14, 2003    A Lamp  Picture Credit: Ada Quill  Explanation:  {PROSE}"},
        {"credit": "Ada Quill"},
    ),
    ("explanation-head", {"explanation": f"Today's Picture:    Explanation:  {PROSE}"}, {}),
    ("explanation-head", {"explanation": f"A lamp over the harbour  Explanation: {PROSE}"}, {}),
    ("trailer-navigation", {"explanation": f"{PROSE}  {NAVIGATION} and all that is below it"}, {}),
    ("trailer-authors", {"explanation": f"{PROSE}  {AUTHORS}"}, {}),
    ("trailer-archive", {"explanation": f"{PROSE}   {KEPT}"}, {}),
    ("trailer-archive", {"explanation": f"{PROSE}\n\n{BROUGHT}"}, {}),
    ("trailer-tomorrow", {"explanation": f"{PROSE} Tomorrow's picture:  who lit it?"}, {}),
    ("trailer-tomorrow", {"explanation": f"{PROSE}\n\nTomorrow\u2019s Picture: ... and beyond"}, {}),
    ("copyright-explanation", {"copyright": SWALLOWED}, {"copyright": "Ada Quill"}),
    ("copyright-explanation", {"copyright": f"Ada Quill {PROSE} " + "And more. " * 20}, {"copyright": "Ada Quill"}),
    ("explanation-from-copyright", {"explanation": "", "copyright": SWALLOWED}, {"copyright": "Ada Quill"}),
    ("copyright-edges", {"copyright": ":\nAda Quill,"}, {"copyright": "Ada Quill"}),
    ("copyright-edges", {"copyright": "Ada Quill Music:"}, {"copyright": "Ada Quill"}),
    ("address-blanks", {"hdurl": LARGE.replace("lamp_", "lamp ")}, {"hdurl": LARGE.replace("lamp_", "lamp%20")}),
    (
        "address-protocol",
        {"url": "//www.youtube.com/embed/abcdefghijk?rel=0", "hdurl": None, "media_type": "video"},
        {"url": "https://www.youtube.com/embed/abcdefghijk?rel=0", "hdurl": None, "media_type": "video"},
    ),
    ("address-relative", {"url": "image/0305/lamp_960.jpg"}, {}),
    ("address-case", {"url": "HTTPS://APOD.nasa.gov/apod/image/0305/lamp_960.jpg"}, {}),
    ("address-stacked", {"url": "https://apod.nasa.gov/apod/http://example.org/a.gif"}, {"url": "http://example.org/a.gif"}),
    ("film-as-picture", {"hdurl": "https://apod.nasa.gov/apod/image/0305/lamp.mov"}, {"hdurl": PICTURE}),
    ("page-as-picture", {"url": "https://science.nasa.gov/image-article/apod-2003-may-14-a-lamp/"}, {"url": LARGE}),
    ("media-type-missing", {"media_type": None}, {}),
    (
        "media-type-missing",
        {"media_type": None, "url": None, "hdurl": None},
        {"media_type": "other", "url": None, "hdurl": None},
    ),
    ("media-type-mended", {"media_type": "video"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "told", "expected"), MENDED)
def test_mends(rule, told, expected):
    """A rule mends what it is for, says so, and gives back the clean entry."""
    entry = answer(**told)
    assert rule in entry.repairs
    if expected is None:
        assert entry.explanation == f'"Light!" (an old call) {PROSE}'
    else:
        assert {name: getattr(entry, name) for name in CLEAN | expected} == CLEAN | expected


# Rules of the new service: what its item says, its page, and what the entry says.
MENDED_ITEMS = [
    ("gaps-at-links", {"explanation": "Lit ( <a>lit</a> ) on <a>a pier</a> ."}, "Lit (lit) on a pier."),
    ("curled-quotes", {"explanation": "It&#8217;s &#8220;lit&#8221;."}, 'It\'s "lit".'),
    ("entities", {"explanation": "Salt &amp;amp; pepper."}, "Salt & pepper."),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "told", "expected"), MENDED_ITEMS)
def test_mends_the_new_services_texts(rule, told, expected):
    """What the move to the new site did to the texts is undone by name."""
    entry = item(f'<img src="{PICTURE}">', **told)
    assert (entry.explanation, rule in entry.repairs) == (expected, True)


def test_a_rendition_is_no_address_of_its_own():
    """Sizes and crops asked of a picture server are no part of a picture's address; other parameters are."""
    reading = Reading(DAY, "file", ANSWER | {"url": f"{PICTURE}?w=480&key=7&fit=clip#x", "hdurl": f"{LARGE}?w=9&h=0"})
    entry = derive(reading)
    assert (entry.url, entry.hdurl) == (f"{PICTURE}?key=7#x", LARGE)
    assert entry.repairs == ("address-rendition",)


@pytest.mark.parametrize(
    ("page", "no_page"),
    [
        (f"{PAGES}ap030514.html", f"{PAGES}image/0305/ap030514.jpg"),
        (f"{PAGES}ap030514.html?lit=1#pier", f"{PAGES}map030514.html"),
        (f"{PAGES}astropix.html", f"{PAGES}lib/astropix.html.gif"),
        (PAGES, "https://example.org/harbour/"),
        ("https://science.nasa.gov/apod", "https://science.nasa.gov/apodized"),
        ("https://science.nasa.gov/apod/?date=2003-05-14", "https://science.nasa.gov/lamps/?like=/apod/"),
        ("https://science.nasa.gov/image-article/apod-a-lamp/", "https://example.org/a.jpg?of=/image-article/a/"),
    ],
)
def test_a_page_about_an_entry_is_told_by_its_address(page, no_page):
    """Pages of either site about one entry, or the newest, are known whatever their query; their pictures are none."""
    assert is_article(page)
    assert not is_article(no_page)


# Texts that come near to a rule: each is a field and what it says, and stays as it is.
UNTOUCHED = [
    ("explanation", "Discover the cosmos! So begins the oldest of all advertisements for looking up."),
    ("explanation", "Who guessed it? Tomorrow's picture: a darker one. It shows the same pier. It shows nobody on it."),
    ("explanation", "Nobody will like tomorrow's picture: it is dark. Tomorrow's picture will be darker than today's."),
    ("explanation", "Tomorrow's picture has no light in it, and today's has little."),
    ("explanation", "We keep an archive in the cellar, and a lamp is brought to you by the porter."),
    ("explanation", "The old Archive | now a library (medium | large) stands near the pier."),
    ("explanation", "Its short explanation: the lamp is small. The Explanation: a small one. It goes on for a while."),
    ("explanation", "For extra credit: count the lamps. Picture Credit: nobody asked for it. It was dark."),
    ("explanation", "Brightness is relative (lamp = 1), and a mass < 3 and > 1 of them was seen at z = 0.87."),
    ("explanation", "AT&T lit it; R&D did not... the rest is unknown . . . so far."),
    ("explanation", "Its Authors & editors: a crew of nine, none of them known to the pier's guard."),
    ("explanation", "eROSITA saw the lamp in X-rays, although lamps have few."),
    ("title", "Credit Where It Is Due: A Lamp"),
    ("title", "Give Them Credit: A Lamp and Its Keeper"),
    ("title", "'Twas NASA Science, and APOD: A Lamp"),
    ("title", "NASA Science"),
    ("copyright", "Ada Quill (Harbour Guild), Ben Ueda & Sons; Music Credit: Our Tune"),
    ("copyright", "morn1415 Ltd."),
    ("url", "https://example.org/a//b.jpg?id=7"),
]


@pytest.mark.parametrize(("field", "words"), UNTOUCHED)
def test_leaves_alone(field, words):
    """A text that only resembles a damage survives untouched and unflagged."""
    entry = answer(**{field: words})
    assert getattr(entry, field) == words
    assert (entry.repairs, entry.flags) == ((), ())


FLAGGED = [
    ("explanation-missing", {"explanation": ""}, {"explanation": None}),
    ("explanation-missing", {"explanation": None}, {"explanation": None}),
    ("explanation-missing", {"explanation": f"Tomorrow's picture: Dusk {NAVIGATION} {AUTHORS}"}, {"explanation": None}),
    ("explanation-missing", {"explanation": "May 14, 2003    A Lamp  Credit: Quill (HG)"}, {"credit": "Quill (HG)"}),
    ("explanation-cut-short", {"explanation": "A lamp swings over the harbour of"}, {}),
    ("leading-letters-lost", {"explanation": "very lamp is small here."}, {"explanation": "very lamp is small here."}),
    ("letters-lost", {"copyright": "Jos\ufffd Quill"}, {"copyright": "Jos\ufffd Quill"}),
    ("letters-lost", {"copyright": "Ant\x7fnio"}, {"copyright": "Antnio"}),
    (
        "page-instead-of-film",
        {"url": "https://example.org/harbour/", "hdurl": None, "media_type": "video"},
        {"url": "https://example.org/harbour/", "media_type": "other"},
    ),
    ("media-missing", {"url": None, "hdurl": None}, {"url": None, "media_type": "other"}),
    ("address-unusable", {"hdurl": "javascript:lit(1)"}, {"hdurl": None, "url": PICTURE}),
    ("address-unusable", {"hdurl": "http://[lamp/x.jpg"}, {"hdurl": None}),
    ("not-text", {"title": 1995}, {"title": "1995"}),
    ("not-text", {"explanation": ["a", {"b": 1}]}, {"explanation": None}),
    ("not-text", {"hdurl": {"large": LARGE}}, {"hdurl": None}),
    ("other-date", {"date": "2003-05-15"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("flag", "told", "expected"), FLAGGED)
def test_flags(flag, told, expected):
    """A damage that cannot be repaired is kept and flagged; nothing is invented in its place."""
    entry = answer(**told)
    assert flag in entry.flags
    assert {name: getattr(entry, name) for name in expected} == expected


def test_every_name_is_tried():
    """No rule stands in the tables without a case here, and none here without a line in the tables."""
    tried = {rule for rule, *_ in MENDED + MENDED_ITEMS} | {"address-rendition"}
    assert tried == set(REPAIRS)
    assert {flag for flag, *_ in FLAGGED} == set(FLAGS)
