"""The new service's items become entries: settled first, then derived."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from test_each_rule import DAY, LARGE, PICTURE, PROSE, item

from apod_pipeline.dataset.readings import Reading
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.rules.derive import derive
from apod_pipeline.datasets.apod.sources.planetary_record import settle as settle_answer
from apod_pipeline.datasets.apod.sources.science_record import settle

ASSETS = "https://assets.science.nasa.gov"
ORIGINAL = f"{ASSETS}/content/dam/science/cds/apod/apod/2003/may/lamp_big.jpg"
RENDITION = f"{ASSETS}/dynamicimage/assets/science/cds/apod/apod/2003/may/lamp_big.jpg?w=480&h=0&fit=clip"
STILL = f"{ASSETS}/dynamicimage/assets/science/cds/apod/apod/2003/may/lamp_snapshot.png"
STAND_IN = f"{ASSETS}/dynamicimage/assets/science/astro/images/misc/news-thumbnail.png?w=594&h=516"
CLAIM = (
    '<b> A Lamp </b><br><b> Image Credit &amp; <a href="lib/about.html">Copyright</a>: </b> <a href="#">Ada Quill</a>'
)


def page(ident: str) -> str:
    """A whole page in the classic layout, with ids, a comment and a description that change at every fetch."""
    return f"""<!doctype html><html><head><meta name="description" content="Explanation: {PROSE}">
<meta property="og:image" content="{RENDITION}&amp;t={ident}"></head>
<BODY><!-- rendered for {ident} --><center id="page-{ident}">
<a href="{ORIGINAL}?w=99"><IMG id="img-{ident}" SRC="{PICTURE}?ver={ident}" alt="See Explanation."></a></center>
<center>{CLAIM}</center><p><b> Explanation: </b>{PROSE}<img src="/logo-{ident}.png"></BODY></html>"""


def raw(ident: str, tomorrow: str) -> dict[str, object]:
    """One item as it is fetched: the content of the day, and what is new at every fetch."""
    return {
        "date": "2003-05-14",
        "post_id": ident,
        "title": " A Lamp over the Harbour ",
        "explanation": f"\n<strong>Explanation: </strong>{PROSE}<br /><br />"
        f"<b> Tomorrow&#039;s picture: </b>{tomorrow}<br />",
        "credit": '<a href="#">Ada Quill</a>',
        "copyright": '<a href="#">Ada Quill</a>',
        "alt": "See Explanation. Clicking on the picture will download it.",
        "media_type": "image",
        "permalink": "https://science.nasa.gov/image-article/apod-2003-may-14-a-lamp-over-the-harbour/",
        "url": "https://science.nasa.gov/image-article/apod-2003-may-14-a-lamp-over-the-harbour/",
        "hdurl": f"{RENDITION}&crop={ident}",
        "basic_html": page(ident),
        "basic_html_url": f"https://science.nasa.gov/wp-json/wp/v2/apod-basic/030514/html?{ident}",
    }


def test_two_fetches_of_a_day_settle_alike():
    """Ids, renditions, comments and the announcement of the next day do not make a new reading."""
    one, two = settle(raw("1a", "open space")), settle(raw("2b", '<a href="x">Dusk on the Pier</a>'))
    assert one == two
    assert DATA_SET.doubts.digest(one) == DATA_SET.doubts.digest(two)


def test_an_item_settles_to_the_content_that_is_used():
    """Strings, two lists and a truth value, as JSON keeps them; the article's address is not among the pictures."""
    record = settle(raw("1a", "open space"))
    assert json.loads(json.dumps(record)) == record
    assert (record["pictures"], record["shown"], record["linked"]) == ([ORIGINAL, PICTURE], PICTURE, ORIGINAL)
    assert (record["players"], record["claims_copyright"]) == ([], True)
    assert record["hdurl"] == RENDITION.partition("?")[0]
    assert record["explanation"] == f"<strong>Explanation: </strong>{PROSE}"
    assert "url" not in record
    assert "post_id" not in record


def test_an_item_becomes_an_entry():
    """Plain text, pictures instead of pages, the claim of the credit line, and the HTML as it was."""
    entry = derive(Reading(DAY, "science", settle(raw("1a", "open space"))))
    assert (entry.title, entry.explanation, entry.media_type) == ("A Lamp over the Harbour", PROSE, "image")
    assert (entry.url, entry.hdurl, entry.thumbnail_url) == (PICTURE, ORIGINAL, None)
    assert (entry.copyright, entry.credit, entry.rights) == ("Ada Quill", "Ada Quill", "copyrighted")
    assert entry.explanation_html == f"<strong>Explanation: </strong>{PROSE}"
    assert (entry.alt, entry.repairs, entry.flags) == (None, (), ())


def test_both_services_tell_the_same_day():
    """The five fields of the design document do not depend on who was asked."""
    said = {"date": "2003-05-14", "title": "A Lamp over the Harbour", "explanation": f"{PROSE}  ", "url": PICTURE,
            "hdurl": LARGE, "media_type": "image", "copyright": "\nAda Quill\n"}  # fmt: skip
    old = derive(Reading(DAY, "planetary", settle_answer(said)))
    new = derive(Reading(DAY, "science", settle(raw("1a", "open space"))))
    for field in ("date", "title", "url", "explanation", "media_type", "copyright", "rights"):
        assert getattr(old, field) == getattr(new, field), field


BARE = RENDITION.partition("?")[0]
YOUTUBE = "https://www.youtube.com/embed/abcdefghijk?rel=0"
TUBE_STILL = "https://img.youtube.com/vi/abcdefghijk/0.jpg"
SITE = "https://science.nasa.gov"
MP4 = f"{ASSETS}/content/dam/science/cds/apod/apod/2003/may/lamp.mp4"
SHOWN = [
    ("image", f'<a href="#"><img src="{ORIGINAL}"></a>', STAND_IN, ("image", ORIGINAL, ORIGINAL, None)),
    ("image", f'<img src="{RENDITION}">', RENDITION, ("image", BARE, BARE, None)),
    ("image", f'<img src="{PICTURE}">', RENDITION, ("image", PICTURE, BARE, None)),
    ("image", "", RENDITION, ("image", BARE, BARE, None)),
    ("image", "", STAND_IN, ("other", None, None, None)),
    ("image", "", None, ("other", None, None, None)),
    ("image", '<img src="https://science.nasa.gov/themes/nasa-logo@2x.png">', False, ("other", None, None, None)),
    ("image", '<img src="image/0305/lamp_960.jpg">', False, ("image", PICTURE, PICTURE, None)),
    ("image", '<img src="/dam/lamp.jpg">', False, ("image", f"{SITE}/dam/lamp.jpg", f"{SITE}/dam/lamp.jpg", None)),
    ("video", f'<iframe src="{YOUTUBE[6:]}"></iframe>', STAND_IN, ("video", YOUTUBE, None, TUBE_STILL)),
    ("iframe", f'<iframe src="{YOUTUBE}"></iframe>', STILL, ("video", YOUTUBE, None, TUBE_STILL)),
    ("video", f'<video><source src="{MP4}"></video><iframe src="about:blank">', STILL, ("video", MP4, None, STILL)),
    ("image", f'<video src="{MP4}"></video>', False, ("video", MP4, None, None)),
    ("iframe", f'<iframe src="{SITE}/walk.html">', False, ("other", f"{SITE}/walk.html", None, None)),
    ("video", "<p>Nothing to be seen.", STILL, ("other", None, None, STILL)),
    ("", f'<img src="{PICTURE}">', False, ("image", PICTURE, PICTURE, None)),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "html", "hdurl", "expected"), SHOWN)
def test_what_a_page_shows(declared, html, hdurl, expected):
    """Pictures, films and pages are told apart by their addresses; a stand-in or a logo is no picture."""
    entry = item(html, media_type=declared, hdurl=hdurl)
    assert (entry.media_type, entry.url, entry.hdurl, entry.thumbnail_url) == expected


CREDITS = [
    ("<b> Image Credit: </b> <a>JAXA</a>", f"{CLAIM.partition('</b> <a')[0]} <b>Image Credit:</b> JAXA", None, "JAXA"),
    ("<strong>Video Credit &amp; Copyright:</strong> Ada Quill", "", "Ada Quill", "Ada Quill"),
    ("Ada Quill", CLAIM, "Ada Quill", "Ada Quill"),
    ("Ada Quill", "<b>A Lamp</b><br><b>Image Credit:</b> Ada Quill", None, "Ada Quill"),
    ("NASA, JPL-Caltech", CLAIM, None, "NASA, JPL-Caltech"),
    ("NASA; Processing &amp; Copyright: Ben Ueda", "", "Ben Ueda", "NASA; Processing & Copyright: Ben Ueda"),
    ("\u00a9 Ben Ueda", "", "Ben Ueda", "\u00a9 Ben Ueda"),
]  # fmt: skip


@pytest.mark.parametrize(("credit", "html", "holder", "name"), CREDITS)
def test_whose_copyright_is_claimed(credit, html, holder, name):
    """A copyright is had only where the words of the credit line claim one: its own label before the page's."""
    entry = item(html, credit=credit, copyright=credit)
    assert (entry.copyright, entry.credit) == (holder, name)


def test_broken_markup_costs_no_more_than_itself():
    """A page that breaks the parser still tells what stood before the break."""
    entry = item(f'<img src="{PICTURE}"><![odd[ <a href="&#{"9" * 5000};">')
    assert (entry.url, entry.explanation) == (PICTURE, PROSE)


@pytest.mark.parametrize(
    "item_of_another_kind", [None, 7, "text", [], {}, {"title": None, "hdurl": False, "date": 20030514}]
)
def test_any_json_settles(item_of_another_kind):
    """Whatever the service's JSON holds settles, to a record without a title."""
    record = settle(item_of_another_kind)
    assert (record["title"], record["pictures"], record["hdurl"]) == ("", [], "")
    assert settle_answer(item_of_another_kind).get("title") is None


def test_an_answer_settles_to_what_it_tells_of_the_day():
    """Absent stays absent, blanks at the ends go, and what comes and goes with the question is left out."""
    said = {"date": "2003-05-14", "title": "A Lamp \n", "copyright": None, "service_version": "v1", "concepts": "x",
            "explanation": "", "hdurl": f"{LARGE} ", "new_field": 1}  # fmt: skip
    assert settle_answer(said) == {"date": "2003-05-14", "title": "A Lamp", "explanation": "", "hdurl": LARGE}


def test_dates_survive_instants():
    """A reading's day given as an instant is its date."""
    entry = derive(Reading(dt.datetime(2003, 5, 14, 5, tzinfo=dt.UTC), "science", settle(raw("1a", "x"))))
    assert entry.date == DAY
    assert type(entry.date) is dt.date
