"""The old API's contract, row by row: parameters, combinations, exact errors, fields, order, headers and methods."""

from __future__ import annotations

import base64
import json

import pytest

from apod_pipeline.datasets.apod.old_api.planetary_api import Question
from apod_pipeline.extras.mirror.records import record

USAGE = (
    " Allowed request fields for apod method are 'concept_tags', 'date', 'hd', 'count', 'start_date', "
    "'end_date', 'thumbs'"
)
FIELD = f"Bad Request: incorrect field passed.{USAGE}"
COMBINATION = f"Bad Request: invalid field combination passed.{USAGE}"
BOOLEAN = f"Bad Request: concept_tags and thumbs must be boolean values.{USAGE}"
LIMITS = "Date must be between Jun 16, 1995 and Jun 20, 2020."
ROUTES = ["/planetary/apod", "/v1/apod/", "/v1/apod"]

ERRORS = [
    ("foo=1", 400, FIELD),
    ("DATE=2020-06-01", 400, FIELD),
    ("date=2020-06-01&count=2", 400, COMBINATION),
    ("date=2020-06-01&start_date=2020-06-01", 400, COMBINATION),
    ("date=2020-06-01&end_date=2020-06-01", 400, COMBINATION),
    ("count=2&start_date=2020-06-01", 400, COMBINATION),
    ("count=2&end_date=2020-06-01", 400, COMBINATION),
    ("end_date=2020-06-01", 400, COMBINATION),
    ("thumbs=", 400, BOOLEAN),
    ("thumbs=1", 400, BOOLEAN),
    ("concept_tags=maybe", 400, BOOLEAN),
    ("date=1995-06-15", 400, LIMITS),
    ("date=2020-06-21", 400, LIMITS),
    ("start_date=1995-06-15", 400, LIMITS),
    ("start_date=2020-06-01&end_date=2020-06-21", 400, LIMITS),
    ("date=banana", 400, "time data 'banana' does not match format '%Y-%m-%d'"),
    ("date=2020-06-01T00:00", 400, "unconverted data remains: T00:00"),
    ("date=2020-02-30", 400, "day is out of range for month"),
    ("start_date=2020-06-05&end_date=2020-06-04", 400, "start_date cannot be after end_date"),
    ("count=0", 400, "Count must be positive and cannot exceed 100"),
    ("count=-1", 400, "Count must be positive and cannot exceed 100"),
    ("count=101", 400, "Count must be positive and cannot exceed 100"),
    ("count=abc", 400, "invalid literal for int() with base 10: 'abc'"),
    ("date=2020-06-10", 404, "No data available for date: 2020-06-10"),
    ("date=2020-06-20", 404, "No data available for date: 2020-06-20"),
]


@pytest.mark.parametrize(("query", "status", "message"), ERRORS, ids=[query for query, *_ in ERRORS])
def test_errors_in_nasas_words(client, query, status, message):
    """Status and body are NASA's to the letter, on every route."""
    body = json.dumps({"code": status, "msg": message, "service_version": "v1"}, separators=(",", ":")) + "\n"
    for route in ROUTES:
        answer = client.get(f"{route}?{query}")
        assert (answer.status_code, answer.text) == (status, body)
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("query", "day"),
    [
        ("", "2020-06-18"),
        ("date=", "2020-06-18"),
        ("date=2020-06-01", "2020-06-01"),
        ("date=2020-6-1", "2020-06-01"),
        ("date=2020-06-01&date=2020-06-02", "2020-06-01"),
        ("date=2020-06-01&hd=False", "2020-06-01"),
        ("date=2020-06-01&hd=anything", "2020-06-01"),
        ("date=2020-06-01&api_key=DEMO_KEY", "2020-06-01"),
        ("date=2020-06-01&thumbs=TRUE", "2020-06-01"),
        ("date=2020-06-01&count=&start_date=", "2020-06-01"),
    ],
)
def test_one_entry(client, query, day):
    """A single object: today's is the newest entry, dates need no zeros, the first of repeated values counts."""
    answer = client.get(f"/planetary/apod?{query}")
    assert (answer.status_code, answer.json()["date"]) == (200, day)
    assert list(answer.json()) == sorted(answer.json())


@pytest.mark.parametrize(
    ("query", "first", "last", "count"),
    [
        ("start_date=2020-06-05&end_date=2020-06-08", "2020-06-05", "2020-06-08", 4),
        ("start_date=2020-06-08&end_date=2020-06-12", "2020-06-08", "2020-06-12", 4),
        ("start_date=2020-06-15", "2020-06-15", "2020-06-18", 4),
        ("start_date=2020-06-15&end_date=", "2020-06-15", "2020-06-18", 4),
        ("start_date=1995-06-16", "2020-05-20", "2020-06-18", 29),
    ],
)
def test_ranges_ascend(client, query, first, last, count):
    """An array in the order of the days, up to the newest entry; nothing that is there is dropped."""
    days = [entry["date"] for entry in client.get(f"/planetary/apod?{query}").json()]
    assert (days[0], days[-1], len(days)) == (first, last, count)
    assert days == sorted(days)


def test_empty_range(client):
    """A range in which nothing was published is an empty array, and no error."""
    answer = client.get("/planetary/apod?start_date=2020-06-10&end_date=2020-06-10")
    assert (answer.status_code, answer.text) == (200, "[]\n")


@pytest.mark.parametrize(("count", "given"), [("1", 1), ("+5", 5), ("29", 29), ("100", 29)])
def test_random_entries_do_not_repeat(client, count, given):
    """So many different days, or all that there are."""
    days = [entry["date"] for entry in client.get("/planetary/apod", params={"count": count}).json()]
    assert len(set(days)) == len(days) == given


def test_bytes_are_as_nasa_writes_them(client, served_lab):
    """Compact JSON, keys alphabetical, letters beyond ASCII escaped, a line break at the end; on every route."""
    day, row = next((d, r) for d, r in served_lab.entries().items() if not r["explanation"].isascii() or r["copyright"])
    bodies = {client.get(f"{route}?date={day}").content for route in ROUTES}
    (body,) = bodies
    assert body.isascii()
    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode() + b"\n"
    assert json.loads(body)["title"] == row["title"]


def test_fields_are_there_when_they_should_be(client, served_lab):
    """Five fields always; url, hdurl, copyright and thumbnail only where the entry has them."""
    told = {entry["date"]: entry for entry in client.get("/planetary/apod?start_date=1995-06-16&thumbs=true").json()}
    for day, row in served_lab.entries().items():
        entry = told[day]
        assert {"date", "title", "explanation", "media_type", "service_version"} <= set(entry)
        assert ("url" in entry) == bool(row["url"])
        assert ("hdurl" in entry) == (row["media_type"] == "image" and bool(row["url"]))
        assert ("copyright" in entry) == bool(row["copyright"])
        assert ("thumbnail_url" in entry) == (row["media_type"] == "video")
        assert "concepts" not in entry


def test_concept_tags_say_that_they_are_off(client):
    """Any value adds NASA's note to that answer, and to no later one."""
    with_note = client.get("/planetary/apod?date=2020-06-01&concept_tags=False").json()
    assert with_note["concepts"] == "concept_tags functionality turned off in current service"
    assert "concepts" not in client.get("/planetary/apod?date=2020-06-01").json()


@pytest.mark.parametrize("query", ["", "?count=abc", "?start_date=2020-06-15"])
def test_headers_that_clients_rely_on(client, query):
    """Both rate limits, CORS and its exposed names, also with an error."""
    headers = client.get(f"/planetary/apod{query}").headers
    assert int(headers["x-ratelimit-limit"]) >= int(headers["x-ratelimit-remaining"]) > 0
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-expose-headers"] == "X-RateLimit-Limit, X-RateLimit-Remaining"


def test_a_key_is_taken_wherever_it_stands(client):
    """By query, header or as the user's name: with keys off any is as good as none."""
    basic = base64.b64encode(b"SOME_KEY:").decode()
    for headers in ({}, {"X-Api-Key": "SOME_KEY"}, {"Authorization": f"Basic {basic}"}):
        assert client.get("/planetary/apod?date=2020-06-01", headers=headers).status_code == 200


@pytest.mark.parametrize("route", ROUTES)
def test_methods(client, route):
    """HEAD is GET without a body, OPTIONS says what is allowed, all else is refused with a page."""
    plain = {"Accept-Encoding": "identity"}
    got, head = (client.request(method, f"{route}?date=2020-06-01", headers=plain) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))
    assert client.options(route).headers["allow"] == "GET, HEAD, OPTIONS"
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = client.request(method, route)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/nope", "/planetary", "/v1/apod/x", "/planetary/apod/x"])
def test_unknown_paths(client, path):
    """NASA's words for an address that there is not."""
    answer = client.get(path)
    told = {"code": 404, "msg": f"Sorry, Nothing at this URL.{USAGE}", "service_version": "v1"}
    assert (answer.status_code, answer.json()) == (404, told)


def test_nothing_is_sent_twice(client):
    """A body that has not changed is not sent again, and compressed where that is wanted."""
    for query in ("date=2020-06-01", "start_date=2020-06-01&end_date=2020-06-05"):
        first = client.get(f"/planetary/apod?{query}", headers={"Accept-Encoding": "identity"})
        assert first.headers["last-modified"]
        again = client.get(f"/planetary/apod?{query}", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        zipped = client.get(f"/planetary/apod?{query}", headers={"Accept-Encoding": "gzip"})
        assert zipped.headers["content-encoding"] == "gzip"
        assert zipped.content == first.content


def test_values_are_the_archives(client, served_lab):
    """Every field of every day is the archive's own value, letter by letter."""
    told = {entry["date"]: entry for entry in client.get("/planetary/apod?start_date=1995-06-16&thumbs=true").json()}
    assert set(told) == set(served_lab.entries())
    for day, row in served_lab.entries().items():
        shown = "video" if row["media_type"] == "other" and row["url"] else row["media_type"]
        wanted = {
            "date": day,
            "title": row["title"],
            "explanation": row["explanation"] or "",
            "media_type": shown,
            "service_version": "v1",
            "url": row["url"],
            "hdurl": (row["hdurl"] or row["url"]) if shown == "image" else None,
            "copyright": row["copyright"],
        }
        stills = {told[day].pop("thumbnail_url")} if shown == "video" else {None}
        assert told[day] == {name: value for name, value in wanted.items() if value is not None}
        assert stills <= {row["thumbnail_url"], "" if row["thumbnail_url"] is None else None}


@pytest.mark.parametrize(
    ("kind", "url", "told"),
    [
        ("image", "https://example.org/m.jpg", "image"),
        ("video", "https://www.youtube.com/embed/abcdefghijk", "video"),
        ("other", "https://example.org/frame.html", "video"),
        ("other", None, "other"),
    ],
)
def test_what_stands_in_a_frame_is_a_film(kind, url, told):
    """NASA's service knew two kinds where there is an address: a client that knows two loses no range by a third."""
    row = dict.fromkeys(("date", "title", "explanation", "hdurl", "copyright", "thumbnail_url"), None)
    shown = record(
        row | {"date": "2020-06-01", "title": "A Title", "media_type": kind, "url": url}, Question(thumbs=True)
    )
    assert (shown["media_type"], shown.get("url")) == (told, url)
    assert ("hdurl" in shown, "thumbnail_url" in shown) == (told == "image", told == "video")


@pytest.mark.parametrize("kind", ["image", "video"])
@pytest.mark.parametrize("past", ["", "&as_of=2099-01-01"])
def test_only_entries_of_one_kind(client, kind, past):
    """`media_type` narrows a range, what is drawn and the newest; a day of another kind is as good as none."""
    everything = client.get("/planetary/apod?start_date=1995-06-16").json()
    wanted = [entry for entry in everything if entry["media_type"] == kind]
    assert 0 < len(wanted) < len(everything)
    assert client.get(f"/planetary/apod?start_date=1995-06-16&media_type={kind}{past}").json() == wanted
    drawn = client.get(f"/planetary/apod?count=100&media_type={kind}{past}").json()
    assert sorted(entry["date"] for entry in drawn) == [entry["date"] for entry in wanted]
    assert client.get(f"/planetary/apod?media_type={kind}{past}").json() == wanted[-1]
    for entry in everything:
        answer = client.get(f"/planetary/apod?date={entry['date']}&media_type={kind}{past}")
        assert answer.status_code == (200 if entry in wanted else 404)


def test_a_kind_that_there_is_not(client):
    """It is refused in one sentence, which names those that there are."""
    answer = client.get("/planetary/apod?media_type=song")
    assert (answer.status_code, answer.json()["msg"]) == (400, "media_type='song' is none of image, video, other")


def test_drawn_films_have_their_stills(client):
    """`count` with `thumbs`: every film that is drawn comes with its still, and no picture does."""
    drawn = client.get("/planetary/apod?count=100&thumbs=true").json()
    kinds = {entry["media_type"] for entry in drawn}
    assert {"image", "video"} <= kinds
    assert all(("thumbnail_url" in entry) == (entry["media_type"] == "video") for entry in drawn)
