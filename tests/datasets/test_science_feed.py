"""The feed of the new service: the newest thirty days, told as the list tells them."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys

import httpx
import pytest

from apod_pipeline.dataset.readings import Reading
from apod_pipeline.datasets.apod.rules.derive import derive
from apod_pipeline.datasets.apod.sources.science import Science
from apod_pipeline.datasets.apod.sources.science_feed import feed_items
from apod_pipeline.errors import Unreadable
from apod_pipeline.simulator import Simulator

TODAY = dt.date(2018, 12, 31)
LINK = "https://science.nasa.gov/image-article/apod-2018-december-3-a-lamp/"


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """The simulator's feed and its list of the same days, in files."""
    folder = tmp_path_factory.mktemp("feed")
    with Simulator(today=TODAY) as nasa, httpx.Client(base_url=nasa.url) as client:
        (folder / "feed").write_bytes(client.get("/feed/apod-basic/").content)
        query = "date_from=181202&date_to=181226", "date_from=181227&date_to=181231"
        for number, words in enumerate(query):
            (folder / f"list{number}").write_bytes(client.get(f"/wp-json/wp/v2/apod-basic?per_page=25&{words}").content)
    return folder


def _feed(tmp_path, inside, head='<?xml version="1.0" encoding="UTF-8"?>'):
    body = tmp_path / "feed.xml"
    content = f'{head}<rss xmlns:apod="https://science.nasa.gov/apod/"><channel>{inside}</channel></rss>'
    body.write_text(content, encoding="utf-8")
    return list(feed_items(body))


def _item(link=LINK, published="", explanation="<apod:explanation>Words.</apod:explanation>"):
    return f"<item><title>T</title><link>{link}</link><pubDate>{published}</pubDate>{explanation}</item>"


def test_the_feed_tells_the_newest_thirty_days(answers):
    """Thirty items, one a day, each under its own day."""
    told = [told for told, _ in Science("http://x").items(answers / "feed", "feed")]
    assert sorted(told) == [str(TODAY - dt.timedelta(days=days)) for days in reversed(range(30))]


def test_the_feed_says_what_the_list_says(answers):
    """Of every day the feed's item makes the entry that the list's item makes: title, words, picture and rights."""
    source = Science("http://x")

    def entries(name, form):
        return {
            told: derive(Reading(dt.date.fromisoformat(told), "science", source.settle(item)))
            for told, item in source.items(answers / name, form)
        }

    listed = entries("list0", "list") | entries("list1", "list")
    fed = entries("feed", "feed")
    assert set(fed) == set(listed)
    for day, entry in fed.items():
        for name in ("title", "explanation", "url", "hdurl", "copyright", "rights"):
            assert getattr(entry, name) == getattr(listed[day], name), f"{name} of {day}"


def test_an_incomplete_item_is_left_out(tmp_path):
    """An item without an explanation is no entry: it is left out, its neighbours are not."""
    inside = _item(explanation="") + _item() + _item(explanation="<apod:explanation/>")
    assert [told for told, _ in _feed(tmp_path, inside)] == ["2018-12-03"]


@pytest.mark.parametrize(
    ("link", "published", "day"),
    [
        (LINK, "Tue, 01 Jan 2019 05:05:00 +0000", "2018-12-03"),
        ("https://science.nasa.gov/image-article/apod-2018-march-03-a-lamp/", "", "2018-03-03"),
        ("https://science.nasa.gov/x/", "Mon, 03 Dec 2018 05:05:00 +0000", "2018-12-03"),
        ("https://science.nasa.gov/x/", "Mon, 03 Dec 2018 04:55:00 +0000", "2018-12-02"),
        ("https://science.nasa.gov/x/", "Tue, 03 Jul 2018 04:05:00 +0000", "2018-07-03"),
        ("https://science.nasa.gov/x/", "", None),
        ("https://science.nasa.gov/x/", "the day before yesterday", None),
        ("https://science.nasa.gov/apod-2018-brumaire-3-a-lamp/", "Mon, 03 Dec 2018 05:05:00 +0000", None),
        ("https://science.nasa.gov/apod-2018-february-30-a-lamp/", "Mon, 03 Dec 2018 05:05:00 +0000", None),
        ("https://science.nasa.gov/x/", "Fri, 31 Dec 9999 23:59:59 -1200", None),
    ],
)
def test_the_day_stands_in_the_link_or_is_that_of_publishing(tmp_path, link, published, day):
    """The link tells the day; without one the instant of publishing does, in US Eastern; else no day is told."""
    assert [told for told, _ in _feed(tmp_path, _item(link, published))] == [day]


@pytest.mark.process
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue", "UTC"])
@pytest.mark.parametrize("says", ["-0000", ""])
def test_an_instant_without_a_zone_is_utc_wherever_the_machine_stands(tmp_path, zone, says):
    """A pubDate that tells no zone is UTC on every machine, be its own clock a day ahead or behind."""
    (tmp_path / "feed.xml").write_text(
        "<rss xmlns:apod='https://science.nasa.gov/apod/'><channel>"
        + _item("https://science.nasa.gov/x/", f"Mon, 03 Dec 2018 05:05:00 {says}".strip())
        + "</channel></rss>"
    )
    code = (
        "import sys, pathlib; from apod_pipeline.datasets.apod.sources.science_feed import feed_items\n"
        "print(next(feed_items(pathlib.Path(sys.argv[1])))[0])"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "feed.xml")]
    environment = dict(os.environ) | {"TZ": zone}
    assert subprocess.check_output(words, env=environment, text=True).strip() == "2018-12-03"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><body>We will be back soon</body></html>",
        b"<!doctype html><html><br></html>",
        b"no healthy upstream",
        b'{"a": 1}',
        b"<rss><channel><item>",
        b"<feed xmlns='http://www.w3.org/2005/Atom'></feed>",
        b"<rss>\xff</rss>",
        b"\x00\x01\x02",
        b'<?xml version="1.0" encoding="no-such"?><rss/>',
        b'<?xml version="1.0" encoding="gb2312"?><rss/>',
        (
            b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">'
            b'<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">'
            b'<!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;"><!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;">'
            b'<!ENTITY h "&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;"><!ENTITY i "&h;&h;&h;&h;&h;&h;&h;&h;&h;&h;">'
            b"]><rss><channel><title>&i;</title></channel></rss>"
        ),
    ],
    ids=range(12),
)
def test_what_is_no_feed_is_unreadable(tmp_path, content):
    """A page, text, torn or foreign XML, unknown encodings, a bomb of entities: Unreadable, never another error."""
    (tmp_path / "feed").write_bytes(content)
    with pytest.raises(Unreadable, match="it is no feed"):
        list(feed_items(tmp_path / "feed"))


@pytest.mark.parametrize(
    ("status", "content", "denies"),
    [
        (404, b'{"code":"apod_basic_not_found","message":"APOD not found.","data":{"status":404}}', True),
        (404, b'{"code":"rest_no_route"}', False),
        (404, b"<html>Page Not Found</html>", False),
        (404, b"[1]", False),
        (404, b"", False),
        (200, b'{"code":"apod_basic_not_found"}', False),
        (404, b"[" * 10_000, False),
    ],
)
def test_only_the_services_own_words_deny_a_day(tmp_path, status, content, denies):
    """A 404 denies a day only in the new service's own words: a lost route or a page says nothing of days."""
    (tmp_path / "body").write_bytes(content)
    assert Science("http://x").denies(status, tmp_path / "body") is denies
