"""What NASA never had: full entries, history, the past, this day in all years, coverage and status."""

from __future__ import annotations

import datetime as dt

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
