"""The feeds, judged by what RFC 4287 and JSON Feed 1.1 allow; each judge refuses a feed that is broken."""

from __future__ import annotations

import re
from pathlib import Path

import feedparser
import httpx
import pytest
from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
GRAMMAR = Path(__file__).with_name("atom.rng")
_ADDRESS = {"type": "string", "pattern": "^https?://[^ ]+$"}
_INSTANT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
_AUTHOR = {
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 1}, "url": _ADDRESS, "avatar": _ADDRESS},
    "minProperties": 1,
    "additionalProperties": False,
}
# JSON Feed 1.1: what has to be there, what may be there, and extensions that begin with an underscore.
JSON_FEED = {
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string"},
        "home_page_url": _ADDRESS,
        "feed_url": _ADDRESS,
        "next_url": _ADDRESS,
        "icon": _ADDRESS,
        "favicon": _ADDRESS,
        "description": {"type": "string"},
        "user_comment": {"type": "string"},
        "language": {"type": "string"},
        "expired": {"type": "boolean"},
        "authors": {"type": "array", "items": _AUTHOR},
        "hubs": {"type": "array"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id"],
                "anyOf": [{"required": ["content_text"]}, {"required": ["content_html"]}],
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "url": _ADDRESS,
                    "external_url": _ADDRESS,
                    "title": {"type": "string"},
                    "content_html": {"type": "string"},
                    "content_text": {"type": "string"},
                    "summary": {"type": "string"},
                    "image": _ADDRESS,
                    "banner_image": _ADDRESS,
                    "date_published": _INSTANT,
                    "date_modified": _INSTANT,
                    "authors": {"type": "array", "items": _AUTHOR},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "language": {"type": "string"},
                    "attachments": {"type": "array"},
                },
                "patternProperties": {"^_": {}},
                "additionalProperties": False,
            },
        },
    },
    "patternProperties": {"^_": {}},
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def judge():
    """Judges an Atom document; raises where it breaks a rule."""
    grammar = etree.RelaxNG(etree.parse(GRAMMAR))
    return lambda text: grammar.assertValid(etree.fromstring(text))


@pytest.mark.parametrize("query", ["", "?media_type=image", "?as_of=2001-01-01", "?as_of=2099-01-01&media_type=video"])
def test_atom_obeys_its_grammar(client, judge, query):
    """Every feed, the empty one too; a reader that is strict takes it."""
    told = client.get(f"/feed.xml{query}")
    assert told.headers["content-type"] == "application/atom+xml"
    judge(told.content)
    feed = feedparser.parse(told.content, response_headers={"content-type": told.headers["content-type"]})
    assert (feed.bozo, feed.version) == (False, "atom10")


@pytest.mark.parametrize(
    ("there", "broken"),
    [
        (r"<id>urn:uuid:[^<]+</id>", ""),
        (r"<updated>[^<]+</updated>", "<updated>yesterday</updated>"),
        (r"<entry>\s*<id>[^<]+</id>", "<entry>"),
        (r"<published>[^<]+</published>", "<published>2020-06-18</published>"),
        (r'rel="alternate" type="text/html" href="[^"]+"', 'rel="alternate" type="text/html"'),
        (r'type="html">', 'type="markdown">'),
        (r"<name>[^<]*</name>", "<name></name>"),
        (r"<title>[^<]*</title>", "<title>one</title><title>two</title>"),
    ],
)
def test_a_broken_feed_is_refused(client, judge, there, broken):
    """The judge is one: what the RFC asks for and is not there, or is there twice, it refuses."""
    text = client.get("/feed.xml").text
    assert re.search(there, text)
    with pytest.raises(etree.DocumentInvalid):
        judge(re.sub(there, broken, text, count=1).encode())


@pytest.fixture(scope="module")
def json_feed():
    """Judges a JSON Feed; raises where it breaks a rule."""
    from jsonschema import Draft202012Validator  # takes a second, of every process that collects the tests

    return Draft202012Validator(JSON_FEED).validate


@pytest.mark.parametrize("query", ["", "?media_type=video", "?as_of=2001-01-01"])
def test_json_feed_obeys_its_schema(client, json_feed, query):
    """Every feed, the empty one too."""
    told = client.get(f"/feed.json{query}")
    assert told.headers["content-type"] == "application/feed+json"
    json_feed(told.json())
    assert told.json()["feed_url"].endswith(f"/feed.json{query}")


@pytest.mark.parametrize(
    "broken",
    [
        {"version": "1.1"},
        {"items": None},
        {"items": [{"id": "1"}]},
        {"items": [{"content_text": "no id"}]},
        {"items": [{"id": 7, "content_text": "a number"}]},
        {"items": [{"id": "1", "content_text": "", "date_published": "2020-06-18"}]},
        {"items": [{"id": "1", "content_text": "", "image": None}]},
    ],
)
def test_a_broken_json_feed_is_refused(client, json_feed, broken):
    """The schema is one: it refuses what the specification does."""
    from jsonschema import ValidationError

    feed = client.get("/feed.json").json() | broken
    with pytest.raises(ValidationError):
        json_feed(feed)


def test_an_entry_is_the_same_by_any_name(client, address):
    """Ids are the archive's own: who comes by another host name is shown nothing twice; links lead to that name."""
    port = address.rpartition(":")[2]
    by_name = httpx.get(f"{address}/feed.json", headers={"Host": f"sky.example:{port}"}).json()
    by_number = client.get("/feed.json").json()
    assert [one["id"] for one in by_name["items"]] == [one["id"] for one in by_number["items"]]
    assert by_name["items"][0]["url"] == f"http://sky.example:{port}/day/2020-06-18"
    assert by_number["items"][0]["url"] == f"{address}/day/2020-06-18"
    ids = [one.text for one in etree.fromstring(client.get("/feed.xml").content).iter(f"{ATOM}id")]
    assert ids[1:] == [one["id"] for one in by_number["items"]]
    assert len(set(ids)) == len(ids) == 30


def test_a_reader_sees_the_picture(client, served_lab):
    """In Atom as part of the content and as an enclosure, in JSON Feed as `image`: the entry's own."""
    rows = served_lab.entries()
    items = {one["url"][-10:]: one for one in client.get("/feed.json").json()["items"]}
    for entry in etree.fromstring(client.get("/feed.xml").content).iter(f"{ATOM}entry"):
        day = entry.find(f"{ATOM}published").text[:10]
        shown = rows[day]["url"] if rows[day]["media_type"] == "image" else rows[day]["thumbnail_url"]
        enclosed = [one.get("href") for one in entry.iter(f"{ATOM}link") if one.get("rel") == "enclosure"]
        assert enclosed == ([shown] if shown else [])
        assert items[day].get("image") == shown
        assert not shown or f'<img src="{shown}"' in entry.find(f"{ATOM}content").text


def test_only_entries_of_one_kind(client, served_lab):
    """`media_type` narrows a feed."""
    films = sorted((day for day, row in served_lab.entries().items() if row["media_type"] == "video"), reverse=True)
    assert [one["url"][-10:] for one in client.get("/feed.json?media_type=video").json()["items"]] == films
    assert client.get("/feed.json?media_type=song").status_code == 400
