"""What NASA never had: full entries, history, the past, this day in all years, coverage and status."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from apod_pipeline.calendar import Span
from apod_pipeline.model import ENTRY_FIELDS


def test_an_entry_with_its_provenance(client, served_lab):
    """Every field as the archive has it, and where it came from."""
    row = served_lab.entries()["2020-06-01"]
    told = client.get("/api/entries/2020-06-01").json()
    assert told["entry"] == {name: row[name] for name in ENTRY_FIELDS}
    assert told["provenance"]["reply"].startswith("apod_raw_")
    assert told["provenance"]["observed_to"] is None


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
    served_lab.nasa.edit(day, title="Edited For Its History")
    served_lab.run(Span(day, day))
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
    served_lab.nasa.edit(day, title="Zyzzyva <b>Sighted</b> at Last")
    served_lab.run(Span(day, day))
    days, told = _found(client, q="zyzzyva")
    assert days == [str(day)]
    assert told["hits"][0]["title_html"].startswith("<mark>Zyzzyva</mark>")
    assert "<b>" not in told["hits"][0]["title_html"]
    before, _ = client.get(f"/api/entries/{day}/history").json()["revisions"]
    assert _found(client, q="zyzzyva", as_of=before["provenance"]["observed_from"])[0] == []
    assert str(day) in _found(client, q=before["entry"]["title"], as_of=before["provenance"]["observed_from"])[0]
