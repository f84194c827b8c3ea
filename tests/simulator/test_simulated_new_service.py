from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta

import pytest

from apod_pipeline.simulator import Simulator, days_with, dirt_of, record_of
from apod_pipeline.simulator.generated import sketch_of

LIST = "/wp-json/wp/v2/apod-basic"
NOT_FOUND = {"code": "apod_basic_not_found", "message": "APOD not found.", "data": {"status": 404}}
NO_ROUTE = {
    "code": "rest_no_route",
    "message": "No route was found matching the URL and request method.",
    "data": {"status": 404},
}
FIELDS = [
    *("date", "post_id", "title", "permalink", "media_type", "explanation", "credit"),
    *("copyright", "alt", "url", "hdurl", "basic_html", "basic_html_url"),
]
STRAIGHT = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
REDESIGNED = date(2026, 8, 1)


def plain(text):
    """Text without markup, blanks made one."""
    text = html.unescape(re.sub(r"<[^>]+>", "", text)).replace("\u2019", "'").replace("\u00a0", " ")
    return re.sub(r" ([,.:?])", r"\1", " ".join(text.split()))


def told(entry):
    """The explanation itself, between lead and trailer."""
    text = plain(entry["explanation"]).removeprefix("Explanation: ")
    return text.partition("Tomorrow's picture:")[0].strip()


def dirts_of(entry):
    """The irregularities of the old service on an entry's day."""
    return dirt_of(date.fromisoformat(entry["date"]))


@pytest.fixture(scope="module")
def many(quiet):
    """Some 650 entries of the new service, old and new ones."""
    spans = (("140101", "141231"), ("260101", "261002"))
    found = []
    for first, last in spans:
        page, pages = 1, 1
        while page <= pages:
            query = {"date_from": first, "date_to": last, "page": page, "per_page": 100}
            answer = quiet.get(LIST, params=query)
            pages = int(answer.headers["x-wp-totalpages"])
            found += answer.json()
            page += 1
    return found


def test_list_is_newest_first_and_counted(quiet):
    """Twenty-five entries with the totals of the whole archive in the headers."""
    answer = quiet.get(LIST)
    dates = [entry["date"] for entry in answer.json()]
    assert len(dates) == 25
    assert dates == sorted(dates, reverse=True)
    assert dates[0] == "2026-10-02"
    days = (date(2026, 10, 2) - date(1995, 6, 16)).days + 1 - 4
    assert (answer.headers["x-wp-total"], answer.headers["x-wp-totalpages"]) == (str(days), str(-(-days // 25)))
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"


@pytest.mark.parametrize(
    ("query", "total", "pages", "dates"),
    [
        ("per_page=2", 11428, 5714, ["2026-10-02", "2026-10-01"]),
        ("per_page=2&page=2", 11428, 5714, ["2026-09-30", "2026-09-29"]),
        ("page=458&per_page=25", 11428, 458, ["1995-06-21", "1995-06-20", "1995-06-16"]),
        ("page=459", 11428, 458, []),
        ("date_from=200608&date_to=200612", 4, 1, ["2020-06-12", "2020-06-11", "2020-06-09", "2020-06-08"]),
        ("date_from=200608&date_to=200612&per_page=3&page=2", 4, 2, ["2020-06-08"]),
        ("date_from=261002", 1, 1, ["2026-10-02"]),
        ("date_to=950620", 2, 1, ["1995-06-20", "1995-06-16"]),
        ("date_from=950617&date_to=950619", 0, 0, []),
        ("date_from=261003&date_to=261231", 0, 0, []),
        ("date_from=200612&date_to=200608", 0, 0, []),
    ],
)
def test_pages_and_spans(quiet, query, total, pages, dates):
    """Both ends of a span are included, gaps are not counted, a page beyond the last is empty."""
    answer = quiet.get(f"{LIST}?{query}")
    assert answer.status_code == 200
    assert (answer.headers["x-wp-total"], answer.headers["x-wp-totalpages"]) == (str(total), str(pages))
    assert [entry["date"] for entry in answer.json()] == dates


@pytest.mark.parametrize(
    "query", ["per_page=100", "per_page=26", "date=2020-01-01", "start_date=x&count=3", "api_key=no"]
)
def test_what_it_does_not_know_changes_nothing(quiet, query):
    """Larger pages are capped, and the old service's parameters silently give the newest 25."""
    assert [entry["date"] for entry in quiet.get(f"{LIST}/?{query}").json()] == [
        entry["date"] for entry in quiet.get(LIST).json()
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("page=0", "page"),
        ("per_page=x", "per_page"),
        ("date_from=2020-01-01", "date_from"),
        ("page=-1&date_to=209999", "page, date_to"),
    ],
)
def test_bad_parameters(quiet, query, names):
    """WordPress names the parameters that it cannot use."""
    answer = quiet.get(f"{LIST}?{query}")
    message = f"Invalid parameter(s): {names}"
    assert answer.status_code == 400
    assert answer.json() == {"code": "rest_invalid_param", "message": message, "data": {"status": 400}}


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("950617", NOT_FOUND),
        ("200610", NOT_FOUND),
        ("261003", NOT_FOUND),
        ("950615", NOT_FOUND),
        ("200610/html", NOT_FOUND),
        ("209999", NO_ROUTE),
        ("banana", NO_ROUTE),
        ("2020-01-01", NO_ROUTE),
        ("20200101", NO_ROUTE),
    ],
)
def test_days_that_are_not_there(quiet, path, error):
    """A missing day and a code that is none have different bodies, both with status 404."""
    answer = quiet.get(f"{LIST}/{path}")
    assert (answer.status_code, answer.json()) == (404, error)
    assert quiet.post(LIST).json() == NO_ROUTE


def test_single_day_says_what_the_list_says(quiet):
    """One object with all fields; list and single day differ in nothing but the ids of the fetch."""
    single = quiet.get(f"{LIST}/200101").json()
    (listed,) = quiet.get(f"{LIST}?date_from=200101&date_to=200101").json()
    assert list(single) == FIELDS
    differing = {name for name in FIELDS if single[name] != listed[name]}
    assert differing == {"basic_html"}
    assert single["basic_html_url"].endswith("/wp-json/wp/v2/apod-basic/200101/html")


def test_page_carries_ids_that_change_at_every_fetch(quiet):
    """Two fetches of one page differ, and are the same but for the ids."""
    one, other = (quiet.get(f"{LIST}/200101/html") for _ in range(2))
    assert one.headers["content-type"].startswith("text/plain")
    assert one.text != other.text
    ids = re.compile(r"[0-9a-f]{14}")
    assert ids.sub("", one.text) == ids.sub("", other.text)
    assert one.text.startswith("<!doctype html>\n<html>")


def test_slashes_are_escaped_as_wordpress_does(quiet):
    """The JSON is ASCII with escaped slashes."""
    content = quiet.get(f"{LIST}/200101").content
    assert b"https:\\/\\/science.nasa.gov" in content
    assert b"https://" not in content
    assert content.isascii()


def test_both_services_tell_the_same_day_in_other_words(many):
    """Cleaned of markup, lead and trailer, an entry is what the authors wrote; as it comes it never is."""
    for entry in many:
        sketch = sketch_of(date.fromisoformat(entry["date"]))
        assert told(entry) == sketch.explanation
        assert entry["explanation"] != sketch.explanation
        assert html.unescape(entry["title"]).translate(STRAIGHT) == sketch.title


def test_wording_shows_its_time(many):
    """Migrated days put blanks before commas and open links in new windows; typed days have hard blanks."""
    old = [entry["explanation"] for entry in many if date.fromisoformat(entry["date"]) < REDESIGNED]
    new = [entry["explanation"] for entry in many if date.fromisoformat(entry["date"]) >= REDESIGNED]
    assert all(text.startswith("<strong>Explanation:</strong> ") for text in old)
    assert sum('target="_blank"' in text for text in old) > 0.9 * len(old)
    assert any("</a> ," in text for text in old)
    assert any("Tomorrow&#039;s picture:" in text for text in old)
    assert not all("Tomorrow&#039;s picture:" in text for text in old)
    assert all("<br><br><strong>Tomorrow's picture:\u00a0</strong>" in text for text in new)
    assert any("\u00a0<a " in text for text in new)
    assert any("\u2019" in text for text in old + new)
    assert any("&#8217;" in text for text in old + new)


def test_url_is_the_article_and_the_picture_is_elsewhere(many):
    """`url` equals `permalink`; pictures are in `hdurl` and in the page, each of them lost on some days."""
    for entry in many:
        day = date.fromisoformat(entry["date"])
        assert entry["url"] == entry["permalink"]
        assert entry["url"].startswith(f"https://science.nasa.gov/image-article/apod-{day.year}-")
    images = [entry for entry in many if entry["media_type"] == "image" and "no_url" not in dirts_of(entry)]
    without_picture = [entry for entry in images if "<IMG SRC=" not in entry["basic_html"]]
    generic = [entry for entry in images if "news-thumbnail.png" in str(entry["hdurl"])]
    refused = [entry for entry in images if entry["hdurl"] is False]
    assert without_picture
    assert generic
    assert refused
    assert not {entry["date"] for entry in without_picture} & {entry["date"] for entry in generic + refused}
    usual = [entry for entry in images if entry not in generic + refused]
    host = r"https://assets\.science\.nasa\.gov/(content/dam|dynamicimage/assets)"
    form = re.compile(rf"{host}/science/cds/apod/apod/\d{{4}}/[a-z]+/[^?]+\?w=\d+&h=\d+&fit=clip&crop=.*")
    assert all(form.fullmatch(entry["hdurl"]) for entry in usual if "foreign_host" not in dirts_of(entry))


def test_original_in_the_page_bears_the_old_services_file_name(many):
    """The picture of a day has one name in both services."""
    for entry in many:
        day = date.fromisoformat(entry["date"])
        found = re.search(r'<IMG SRC="([^"]+)"', entry["basic_html"])
        if found and not dirt_of(day) & {"url_blank", "film_hdurl", "hdurl_trailing_blank"}:
            assert found[1].rpartition("/")[2] == record_of(day)["hdurl"].rpartition("/")[2]


def test_videos_are_only_in_the_page(quiet):
    """Players are iframes, films are video elements, and `hdurl` is a still or the generic picture."""
    kinds = set()
    day = date(2024, 1, 1)
    while day < date(2026, 10, 1):
        day += timedelta(days=1)
        sketch = sketch_of(day)
        if sketch.media in {"youtube", "vimeo", "film"}:
            entry = quiet.get(f"{LIST}/{day:%y%m%d}").json()
            kinds.add(entry["media_type"])
            page = html.unescape(entry["basic_html"])
            url = record_of(day)["url"]
            if sketch.media == "film":
                assert '<source src="https://assets.science.nasa.gov/content/dam/' in page
                assert sketch.stem in page
            else:
                assert f'src="{url}"' in page or f'src="{url.removeprefix("https:")}"' in page
            assert entry["hdurl"] is False or "_snapshot.png?" in entry["hdurl"] or "news-thumbnail" in entry["hdurl"]
    assert kinds == {"video", "iframe"}


def test_copyright_repeats_the_credit_whatever_it_says(many):
    """`copyright` is the credit; its label tells a claim, and on typed days a bare name does, too."""
    for entry in many:
        assert entry["copyright"] == entry["credit"]
        day = date.fromisoformat(entry["date"])
        label = plain(entry["credit"]).partition(":")[0]
        claimed = sketch_of(day).claimed
        if "licence_only" in dirt_of(day):
            assert label == "Image Credit & Licence"
        elif not claimed:
            assert label == "Image Credit"
        else:
            assert label == "Image Credit & Copyright" or (day >= REDESIGNED and label == sketch_of(day).credit)


def test_post_ids_come_in_three_forms(many):
    """Numbers mostly, now and then their text, or nothing."""
    assert {type(entry["post_id"]) for entry in many} == {int, str, type(None)}


def test_markup_in_texts_is_escaped(quiet):
    """A day that speaks of scripts holds no script element."""
    (day,) = days_with("script_words", date(1995, 6, 16), date(1999, 12, 31))
    entry = quiet.get(f"{LIST}/{day:%y%m%d}").json()
    assert entry["title"] == "Reading &lt;script&gt; in the Sky"
    assert "<script" not in entry["explanation"] + entry["basic_html"]


def items_of(answer):
    """The items of a feed."""
    return ET.fromstring(answer.text).findall("channel/item")  # noqa: S314  # our own server's XML


def test_feed_has_the_newest_thirty(quiet):
    """RSS 2.0 with the namespace, entries as in the list, published at five past midnight in the US East."""
    answer = quiet.get("/feed/apod-basic/")
    assert answer.headers["content-type"].startswith("application/rss+xml")
    items = items_of(answer)
    names = {"apod": "https://science.nasa.gov/apod/", "content": "http://purl.org/rss/1.0/modules/content/"}
    assert len(items) == 30
    entries = quiet.get(LIST).json()
    for item, entry in zip(items, entries, strict=False):
        assert item.findtext("link") == entry["permalink"]
        assert item.findtext("title") == html.unescape(entry["title"])
        assert item.findtext("apod:explanation", namespaces=names) == entry["explanation"]
        assert item.findtext("apod:copyright", namespaces=names) == entry["credit"]
        assert item.findtext("apod:hdurl", namespaces=names) == (entry["hdurl"] or "")
        assert item.findtext("content:encoded", namespaces=names).startswith("<!doctype html>")
    assert items[0].findtext("pubDate") == "Fri, 02 Oct 2026 04:05:00 +0000"


def test_feed_of_one_month(quiet):
    """`year` and `month` give that month; winter is an hour later in UTC."""
    items = items_of(quiet.get("/feed/apod-basic/?year=2026&month=2"))
    assert len(items) == 28
    assert items[-1].findtext("pubDate") == "Sun, 01 Feb 2026 05:05:00 +0000"


def test_hidden_days_are_in_no_list(sim, client):
    """A hidden day is missing from list, total, single day and feed."""
    sim.hide(date(2026, 9, 30))
    dates = [entry["date"] for entry in client.get(LIST).json()]
    assert "2026-09-30" not in dates
    assert len(dates) == 25
    assert client.get(LIST).headers["x-wp-total"] == "11427"
    assert client.get(f"{LIST}/260930").status_code == 404
    assert "2026-september-30" not in client.get("/feed/apod-basic/").text.partition("<content:encoded>")[0]


def test_far_future_is_addressed_with_the_full_year(connect):
    """Beyond 2094 two digits are not enough: the simulator's own invention, used by large benchmarks."""
    with Simulator(today=date(5117, 12, 31)) as sim, connect(sim) as client:
        (entry,) = client.get(f"{LIST}?date_from=51171231&date_to=51171231").json()
        assert entry["date"] == "5117-12-31"
        assert entry["basic_html_url"].endswith("/51171231/html")
        assert client.get(f"{LIST}/950616").json()["date"] == "1995-06-16"
        assert client.get(f"{LIST}?per_page=1").headers["x-wp-total"] == str(
            (date(5117, 12, 31) - date(1995, 6, 16)).days - 3
        )
