from __future__ import annotations

from datetime import date, timedelta

import pytest

from apod_pipeline.simulator import Simulator, days_with, record_of

USAGE = (
    " Allowed request fields for apod method are 'concept_tags', 'date', 'hd', 'count', 'start_date', 'end_date', "
    "'thumbs'"
)
FIELD = "Bad Request: incorrect field passed." + USAGE
COMBINATION = "Bad Request: invalid field combination passed." + USAGE
SWITCH = "Bad Request: concept_tags and thumbs must be boolean values." + USAGE
LIMITS = "Date must be between Jun 16, 1995 and Oct 02, 2026."
COUNT = "Count must be positive and cannot exceed 100"
LATE = date(2035, 12, 31)


def body(code, message):
    """The old service's error body, byte for byte."""
    return f'{{"code":{code},"msg":"{message}","service_version":"v1"}}\n'


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("foo=1", 400, FIELD),
        ("DATE=2020-01-01", 400, FIELD),
        ("api_key=DEMO_KEY", 400, FIELD),
        ("date=2020-01-01&count=2", 400, COMBINATION),
        ("date=2020-01-01&start_date=2020-01-01", 400, COMBINATION),
        ("date=2020-01-01&end_date=2020-01-01", 400, COMBINATION),
        ("count=2&start_date=2020-01-01", 400, COMBINATION),
        ("count=2&start_date=2020-01-01&end_date=2020-01-03", 400, COMBINATION),
        ("end_date=2020-01-01", 400, COMBINATION),
        ("thumbs=", 400, SWITCH),
        ("thumbs=yes", 400, SWITCH),
        ("concept_tags=1", 400, SWITCH),
        ("date=1995-06-15", 400, LIMITS),
        ("date=2026-10-03", 400, LIMITS),
        ("start_date=1995-01-01", 400, LIMITS),
        ("start_date=2026-01-01&end_date=2027-01-01", 400, LIMITS),
        ("date=banana", 400, "time data 'banana' does not match format '%Y-%m-%d'"),
        ("date=2020-01-01T00:00", 400, "unconverted data remains: T00:00"),
        ("date=2026-02-30", 400, "day is out of range for month"),
        ("start_date=2020-01-02&end_date=2020-01-01", 400, "start_date cannot be after end_date"),
        ("count=0", 400, COUNT),
        ("count=-1", 400, COUNT),
        ("count=101", 400, COUNT),
        ("count=abc", 400, "invalid literal for int() with base 10: 'abc'"),
        ("date=1995-06-17", 404, "No data available for date: 1995-06-17"),
        ("date=2020-06-10", 404, "No data available for date: 2020-06-10"),
    ],
)
def test_errors_are_nasas_to_the_letter(quiet, query, status, message):
    """Every error row of the contract, through the service itself, status and body."""
    answer = quiet.get(f"/v1/apod/?{query}")
    assert (answer.status_code, answer.text) == (status, body(status, message))
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("", ["2026-10-02"]),
        ("date=", ["2026-10-02"]),
        ("hd=False", ["2026-10-02"]),
        ("date=2022-4-4", ["2022-04-04"]),
        ("date=2022-04-05&date=2022-04-06", ["2022-04-05"]),
        ("date=2022-04-05&count=&end_date=&start_date=", ["2022-04-05"]),
        ("date=2022-04-05&hd=whatever", ["2022-04-05"]),
        ("date=2022-04-05&thumbs=TRUE&concept_tags=false", ["2022-04-05"]),
    ],
)
def test_single_days_are_objects(quiet, query, days):
    """No date, an empty one, an unpadded one, a repeated one: one object of the right day."""
    answer = quiet.get(f"/v1/apod/?{query}")
    assert answer.status_code == 200
    assert [answer.json()["date"]] == days


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("start_date=2020-06-08&end_date=2020-06-12", ["2020-06-08", "2020-06-09", "2020-06-11", "2020-06-12"]),
        ("start_date=2026-9-30", ["2026-09-30", "2026-10-01", "2026-10-02"]),
        ("start_date=1995-06-17&end_date=1995-06-19", []),
    ],
)
def test_ranges_are_ascending_and_silent_about_holes(quiet, query, days):
    """A range drops missing days without a word, up to an empty array with status 200."""
    answer = quiet.get(f"/v1/apod/?{query}")
    assert answer.status_code == 200
    assert [record["date"] for record in answer.json()] == days


def test_body_is_compact_ascii_json_with_cors(quiet):
    """Compact, keys alphabetical, non-ASCII escaped, one newline at the end, and no caching headers."""
    day = next(day for day in (date(2020, 1, 1) + timedelta(n) for n in range(99)) if not str(record_of(day)).isascii())
    answer = quiet.get(f"/v1/apod/?date={day}")
    assert answer.json() == record_of(day)
    assert answer.content.endswith(b'"}\n')
    assert b"\\u00" in answer.content
    assert answer.content.isascii()
    assert b'": ' not in answer.content
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "X-RateLimit-Limit, X-RateLimit-Remaining"
    assert not answer.headers.keys() & {"etag", "last-modified", "cache-control"}


@pytest.mark.parametrize("count", ["1", "+5", "100"])
def test_count_draws_different_days(quiet, count):
    """`count` gives that many days without repeats, in no order; anything that int() takes will do."""
    records = quiet.get("/v1/apod/", params={"count": count}).json()
    drawn = [record["date"] for record in records]
    assert len(set(drawn)) == int(count)
    assert int(count) < 100 or drawn != sorted(drawn)


def test_count_gives_what_there_is(connect):
    """A world of five days cannot give more than five."""
    with Simulator(today=date(2024, 1, 5), first=date(2024, 1, 1)) as sim, connect(sim) as client:
        assert len(client.get("/v1/apod/?count=100").json()) == 5


def with_media(host, last=LATE):
    """The first day from 2005 on whose medium is there, and its record."""
    day = date(2005, 1, 1)
    while day <= last:
        record = record_of(day) if day != date(2020, 6, 10) else {}
        if host in record.get("url", "") and "navigation_text" not in record:
            return day, record
        day += timedelta(days=1)
    raise AssertionError(host)


@pytest.mark.parametrize(
    ("host", "thumbnail"),
    [
        ("https://www.youtube.com/embed/", "https://img.youtube.com/vi/{}/0.jpg"),
        ("https://player.vimeo.com/video/", "https://i.vimeocdn.com/video/{}_640.jpg"),
        (".mp4", ""),
    ],
)
def test_thumbnails_depend_on_the_host(quiet, host, thumbnail):
    """YouTube and Vimeo have thumbnails, other hosts an empty one; only `thumbs=true` asks for them."""
    day, record = with_media(host)
    identifier = record["url"].partition("?")[0].rpartition("/")[2]
    answer = quiet.get(f"/v1/apod/?date={day}&thumbs=True").json()
    assert answer["thumbnail_url"] == thumbnail.format(identifier)
    assert list(answer) == sorted(answer)
    assert "thumbnail_url" not in quiet.get(f"/v1/apod/?date={day}&thumbs=false").json()


def test_images_have_no_thumbnail(quiet):
    """`thumbs` acts on videos only."""
    assert "thumbnail_url" not in quiet.get("/v1/apod/?date=2006-12-04&thumbs=true").json()


def test_concept_tags_share_a_cache_slot_with_plain_requests(quiet):
    """`concept_tags=False` adds concepts, and plain requests of that day return them too: NASA's cache bug."""
    plain = quiet.get("/v1/apod/?date=2011-01-01").json()
    assert "concepts" not in plain
    assert quiet.get("/v1/apod/?date=2011-01-01&concept_tags=False").json() == plain
    spoilt = quiet.get("/v1/apod/?date=2011-01-02&concept_tags=False").json()
    assert spoilt["concepts"] == "concept_tags functionality turned off in current service"
    assert quiet.get("/v1/apod/?date=2011-01-02").json() == spoilt
    assert "concepts" in quiet.get("/v1/apod/?date=2011-01-03&concept_tags=true").json()
    assert "concepts" not in quiet.get("/v1/apod/?date=2011-01-03").json()


def test_routes_beside_the_api(quiet):
    """Help page, static file, redirect of the path without slash, and JSON for every unknown path."""
    assert quiet.get("/").headers["content-type"].startswith("text/html")
    assert quiet.get("/static/style.css").status_code == 200
    moved = quiet.get("/v1/apod?date=2020-01-01")
    assert (moved.status_code, moved.headers["location"]) == (308, "/v1/apod/?date=2020-01-01")
    assert moved.text.startswith("<!doctype html>")
    lost = quiet.get("/v2/apod/")
    assert (lost.status_code, lost.text) == (404, body(404, "Sorry, Nothing at this URL." + USAGE))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "BREW"])
def test_other_methods_are_refused_in_html(quiet, method):
    """405 comes as HTML and names the allowed methods."""
    answer = quiet.request(method, "/v1/apod/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.text.startswith("<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>")


def test_head_and_options(quiet):
    """HEAD is GET without its body, OPTIONS an empty 200."""
    whole = quiet.get("/v1/apod/?date=2020-01-01")
    head = quiet.head("/v1/apod/?date=2020-01-01")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]
    options = quiet.options("/v1/apod/")
    assert (options.status_code, options.headers["allow"]) == (200, "GET, HEAD, OPTIONS")


def test_today_before_it_is_published(sim, client):
    """The hidden newest day: 404 by name, missing in ranges, and no date still gives yesterday."""
    sim.hide(sim.today)
    answer = client.get("/v1/apod/?date=2026-10-02")
    assert (answer.status_code, answer.text) == (404, body(404, "No data available for date: 2026-10-02"))
    assert client.get("/v1/apod/").json()["date"] == "2026-10-01"
    assert [r["date"] for r in client.get("/v1/apod/?start_date=2026-10-01").json()] == ["2026-10-01"]
    sim.show(sim.today)
    assert client.get("/v1/apod/?date=2026-10-02").status_code == 200


def test_front_page_of_an_older_year_cannot_be_parsed(sim, client):
    """A page whose year is neither this one nor yesterday's is an internal error of the scraper."""
    sim.today = date(2027, 2, 1)
    sim.hide(*(date(2027, 1, 1) + timedelta(days=n) for n in range(40)))
    answer = client.get("/v1/apod/")
    assert (answer.status_code, answer.text) == (500, body(500, "Internal Service Error"))


def test_mode_placeholder_answers_every_day_with_the_logo(sim, client):
    """The silent wrong answer: status 200, the right date, NASA's logo, the right text on every other day."""
    sim.old_mode = "placeholder"
    records = client.get("/v1/apod/?start_date=2026-09-01&end_date=2026-09-30").json()
    assert len(records) == 30
    for number, record in enumerate(records, 1):
        assert record["date"] == f"2026-09-{number:02d}"
        assert (record["title"], record["media_type"]) == ("NASA Science", "image")
        assert record["url"] == record["hdurl"]
        assert record["url"].endswith("nasa-logo@2x.png")
    kept = [record["explanation"] == record_of(date.fromisoformat(record["date"]))["explanation"] for record in records]
    greeted = [record["explanation"].startswith("Discover the cosmos!") for record in records]
    assert 0 < sum(kept) < 30
    sim.hide(sim.today)
    for query in ("", "?date=2026-10-02", "?date=1995-06-17"):
        assert client.get(f"/v1/apod/{query}").json()["title"] == "NASA Science"
    assert client.get("/v1/apod/").json()["date"] == "2026-10-02"
    assert len(client.get("/v1/apod/?start_date=1995-06-16&end_date=1995-06-20").json()) == 5
    assert all(one != other for one, other in zip(kept, greeted, strict=True))


def test_mode_gone_answers_503_in_plain_text(sim, client):
    """The archived service: an answer of the load balancer, no JSON."""
    sim.old_mode = "gone"
    answer = client.get("/v1/apod/")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/plain")
    sim.old_mode = "ok"
    assert client.get("/v1/apod/").status_code == 200


def test_edits_are_told_by_both_services(sim, client):
    """An edited text, title or credit is what both services say from then on; None takes a field away."""
    day = days_with("page_script", date(2020, 1, 1), date(2020, 12, 31))[0]
    code = f"{day:%y%m%d}"
    sim.edit(day, title="Corrected & Clear", explanation="One new sentence.", copyright="Ana Nova")
    record = client.get(f"/v1/apod/?date={day}").json()
    assert (record["title"], record["explanation"]) == ("Corrected & Clear", "One new sentence.")
    assert record["copyright"] == "Ana Nova"
    entry = client.get(f"/wp-json/wp/v2/apod-basic/{code}").json()
    assert entry["title"] == "Corrected &amp; Clear"
    assert "One new sentence." in entry["explanation"]
    assert "Ana Nova" in entry["copyright"]
    sim.edit(day, copyright=None, url="https://example.org/a.jpg", hdurl=None, media_type="image")
    record = client.get(f"/v1/apod/?date={day}").json()
    assert record["url"] == "https://example.org/a.jpg"
    assert not record.keys() & {"copyright", "hdurl"}
    entry = client.get(f"/wp-json/wp/v2/apod-basic/{code}").json()
    assert 'SRC="https://example.org/a.jpg"' in entry["basic_html"]
    assert entry["hdurl"] is False
    assert "Ana Nova" not in entry["credit"]
