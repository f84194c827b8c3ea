"""What NASA never had: full entries, history, the past, this day in all years, coverage and status."""

from __future__ import annotations

import datetime as dt
import hashlib
import re

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod.fields import ENTRY_FIELDS
from apod_pipeline.settings import resolve
from patience import until


def _edit(client, lab, day, title):
    """Another title for a day, run and served: what the mirror keeps in memory may be a second old."""
    lab.nasa.edit(day, title=title)
    lab.run(Span(day, day))
    until(lambda: client.get("/planetary/apod", params={"date": str(day)}).json()["title"].startswith(title[:7]))


def test_an_entry_with_its_provenance(client, served_lab):
    """Every field as the archive has it, and where it came from."""
    row = served_lab.entries()["2020-06-01"]
    told = client.get("/api/entries/2020-06-01").json()
    assert told["entry"] == {name: row[name] for name in ENTRY_FIELDS}
    assert told["provenance"]["reply"].startswith("apod_raw_")
    assert told["provenance"]["observed_to"] is None
    reply = served_lab.root / "data" / "raw" / told["provenance"]["reply"]
    assert told["provenance"]["reply_sha256"] == hashlib.sha256(reply.read_bytes()).hexdigest()
    assert re.fullmatch("[0-9a-f]{40}", told["provenance"]["version"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/entries/2020-06-10", 404),
        ("/api/entries/banana", 400),
        ("/api/entries/1990-01-01", 400),
        ("/api/entries/2020-06-01?as_of=then", 400),
        ("/api/entries/2020-06-01?as_of=2001-01-01", 404),
        ("/api/entries/2020-06-10/history", 404),
        ("/api/random?count=0", 400),
        ("/api/random?count=1e3", 400),
        ("/api/random?count=101", 400),
        ("/api/on-this-day?date=2020-02-31", 400),
        ("/api/nothing", 404),
        ("/api/search", 400),
        ("/api/search?q=%00", 400),
        ("/api/search?q=sky&page=0", 400),
        ("/api/search?q=sky&per_page=" + "9" * 5000, 400),
        ("/api/search?q=sky&media_type=song", 400),
        ("/api/search?year=1066", 400),
        ("/api/search?q=" + "x" * 201, 400),
    ],
)
def test_refusals_say_why(client, path, status):
    """What cannot be answered is told in one sentence, never as a fault of ours."""
    answer = client.get(path)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


def test_history_and_as_of_tell_the_same_past(client, served_lab):
    """Every state of an edited entry, and each of them as of its time."""
    day = dt.date(2020, 5, 25)
    _edit(client, served_lab, day, "Edited For Its History")
    first, second = client.get("/api/entries/2020-05-25/history").json()["revisions"]
    assert second["entry"]["title"] == "Edited For Its History"
    assert "title" in second["provenance"]["changed"]
    assert first["provenance"]["observed_to"] == second["provenance"]["observed_from"]
    then = client.get(f"/api/entries/2020-05-25?as_of={first['provenance']['observed_from']}").json()
    assert then["entry"] == first["entry"]
    assert client.get("/api/entries/2020-05-25").json() == second


def test_on_this_day_and_random(client):
    """This day in all years; so many entries at random, none twice."""
    told = client.get("/api/on-this-day?date=1999-06-01").json()
    assert [one["entry"]["date"] for one in told["entries"]] == ["2020-06-01"]
    days = [one["entry"]["date"] for one in client.get("/api/random?count=10").json()["entries"]]
    assert len(set(days)) == 10


def test_coverage_and_status(client, served_lab):
    """No silent holes: the gap is named; and the archive in a few numbers, with its last runs."""
    coverage = client.get("/api/coverage").json()
    assert coverage["years"]["2020"]["present"] == 29
    assert coverage["days"]["2020-06-10"][0] == "gap"
    status = client.get("/api/status").json()
    assert (status["entries"], status["last"]) == (29, "2020-06-18")
    assert status["runs"][0]["command"] == "run"


def test_every_read_can_be_asked_about_the_past(client, served_lab):
    """History, coverage, status and both feeds as of an instant; before the archive began there is nothing."""
    day = dt.date(2020, 5, 26)
    _edit(client, served_lab, day, "Edited For The Past")
    states = client.get(f"/api/entries/{day}/history").json()["revisions"]
    then = {"as_of": states[0]["provenance"]["observed_from"]}
    assert [one["entry"] for one in client.get(f"/api/entries/{day}/history", params=then).json()["revisions"]] == [
        states[0]["entry"]
    ]
    status, now = (client.get("/api/status", params=asked).json() for asked in (then, {}))
    assert status["version_at"] == then["as_of"]
    assert (status["entries"], now["revisions"] - status["revisions"] > 0) == (29, True)
    assert len(status["runs"]) < len(now["runs"])
    assert client.get("/api/coverage", params=then).json() == {"years": {"2020": {"present": 29}}, "days": {}}
    for feed in ("/feed.json", "/feed.xml"):
        assert "Edited For The Past" in client.get(feed).text
        assert "Edited For The Past" not in client.get(feed, params=then).text
        assert client.get(feed, params={"as_of": "then"}).status_code == 400
    early = {"as_of": "2001-01-01"}
    assert client.get("/api/status", params=early).json()["entries"] == 0
    assert client.get("/api/coverage", params=early).json() == {"years": {}, "days": {}}
    assert client.get("/feed.json", params=early).json()["items"] == []


def _found(client, **asked):
    """Days of the hits, and the whole answer."""
    told = client.get("/api/search", params=asked).raise_for_status().json()
    return [hit["date"] for hit in told["hits"]], told


def test_search_finds_titles_first_and_marks_the_words(client, served_lab):
    """An entry is found by its title's words, before those that only mention them, and the words are marked."""
    for day, row in list(served_lab.entries().items())[:5]:
        days, told = _found(client, q=f'"{row["title"]}"')
        assert days[0] == day
        assert "<mark>" in told["hits"][0]["title_html"]


def test_search_filters_and_pages(client, served_lab):
    """Year, kind and credit narrow it down; pages follow one another without a gap; beyond the last there is none."""
    entries = served_lab.entries()
    everything = [day for page in (1, 2, 3) for day in _found(client, year=2020, page=page)[0]]
    assert sorted(everything) == sorted(entries)
    assert _found(client, year=2019)[1]["total"] == 0
    films = [day for day, row in entries.items() if row["media_type"] == "video"]
    assert sorted(_found(client, media_type="video")[0]) == sorted(films)
    credit = entries["2020-06-01"]["credit"]
    days, told = _found(client, credit=credit, per_page=50)
    assert "2020-06-01" in days
    assert all(set(re.findall(r"\w+", credit)) <= set(re.findall(r"\w+", hit["credit"])) for hit in told["hits"])
    beyond, told = _found(client, year=2020, page=40)
    assert (beyond, told["total"]) == ([], len(entries))


def test_search_speaks_websearch_and_survives_any_words(client):
    """Quotes, `or` and a minus mean what they mean elsewhere; torn syntax never fails."""
    both, one = _found(client, q="stars or galaxy")[1]["total"], _found(client, q="galaxy")[1]["total"]
    assert both >= one
    assert _found(client, q="galaxy -galaxy")[1]["total"] == 0
    for words in ('"', "-", "((", "a:*b", "the of and", "\\", "%", "'; DROP TABLE apod; --", "\U0001f52d", "<b>"):
        _found(client, q=words)


def test_search_follows_the_loads_and_sees_the_past(client, served_lab):
    """Edited words are found after the next run, without a restart; as of before, the old ones; markup is harmless."""
    day = dt.date(2020, 5, 27)
    _edit(client, served_lab, day, "Zyzzyva <b>Sighted</b> at Last")
    days, told = _found(client, q="zyzzyva")
    assert days == [str(day)]
    assert told["hits"][0]["title_html"].startswith("<mark>Zyzzyva</mark>")
    assert "<b>" not in told["hits"][0]["title_html"]
    before, _ = client.get(f"/api/entries/{day}/history").json()["revisions"]
    assert _found(client, q="zyzzyva", as_of=before["provenance"]["observed_from"])[0] == []
    assert str(day) in _found(client, q=before["entry"]["title"], as_of=before["provenance"]["observed_from"])[0]


def test_the_old_api_knows_the_past_too(client, served_lab):
    """`as_of` on NASA's own address: one day, a range and some at random as they were known then."""
    day = dt.date(2020, 5, 29)
    _edit(client, served_lab, day, "Another Title of Late")
    old = client.get(f"/api/entries/{day}/history").json()["revisions"][0]
    then = {"as_of": old["provenance"]["observed_from"]}
    one = client.get("/planetary/apod", params={"date": str(day), **then}).json()
    assert one["title"] == old["entry"]["title"]
    some = client.get("/planetary/apod", params={"start_date": str(day), "end_date": str(day), **then}).json()
    assert some == [one]
    assert client.get("/planetary/apod", params={"count": "3", "as_of": "2001-01-01"}).json() == []
    assert client.get("/planetary/apod", params={"as_of": "once"}).status_code == 400


def test_the_description_tells_of_every_route(client, served_lab):
    """No answer for programs that `/openapi.json` leaves out, none that is not there; and a page of it."""
    from apod_pipeline.extras.mirror.application import OLD_PATHS, Mirror

    described = set(client.get("/openapi.json").json()["paths"])
    settings = resolve({"archive": served_lab.root}, environ={}, dotenv=None)
    routes = {route.path for route in Mirror(settings)._routes.routes}
    pages = {path for path in routes if path.startswith(("/day", "/static", "/simulated", "/apod"))}
    pages |= {"", "/", "/grid", "/search", "/calendar", "/status", "/wall", "/duplicates", "/docs", "/openapi.json"}
    assert described - OLD_PATHS == routes - pages
    text = client.get("/docs").text
    assert all(f"GET {path}<" in text for path in described)


def test_a_body_is_not_taken(client):
    """Whoever sends what nobody reads is told so."""
    assert client.request("GET", "/api/random", content=b"x" * 70_000).status_code == 413
    assert client.post("/planetary/apod", content=b"x" * 70_000).status_code == 413


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/api/entries/2020-06-10", "no entry of 2020-06-10: NASA has none: nothing was published on this day"),
        ("/api/entries/2020-05-10/history", "no entry of 2020-05-10: it was never requested"),
        ("/api/entries/2020-06-01?as_of=2001-01-01", "no entry of 2020-06-01"),
    ],
)
def test_a_day_without_an_entry_says_why(client, path, why):
    """What the archive knows about the day is told with the 404, to programs and on the page."""
    assert client.get(path).json() == {"error": why}
    assert why in client.get(path.replace("/api/entries/", "/day/")).text
