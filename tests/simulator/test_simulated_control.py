from __future__ import annotations

import json
from datetime import date

import pytest

from apod_pipeline.errors import SettingsError

ONE = "/v1/apod/?date=2026-09-15"


def test_all_levers_move_over_http(sim, client):
    """One message moves everything, and is answered with where the levers stand."""
    state = client.post(
        "/_control",
        json={
            "today": "2026-10-05",
            "hide": ["2026-10-05", "2026-09-01"],
            "show": ["2026-09-01"],
            "edit": {"2026-09-15": {"title": "Edited from afar", "copyright": None}},
            "faults": [{"kind": "status", "match": "2026-09-16", "times": 1, "code": 503}],
            "old_mode": "ok",
            "rate_limit": 5,
            "rate_window": 60,
        },
    ).json()
    assert (state["today"], state["rate_limit"], state["rate_window"]) == ("2026-10-05", 5, 60)
    assert "2026-10-05" in state["hidden"]
    assert "2026-09-01" not in state["hidden"]
    assert state["edited"] == ["2026-09-15"]
    assert state["faults"] == [{"kind": "status", "match": "2026-09-16", "times": 1, "fired": 0}]
    assert client.get("/v1/apod/").json()["date"] == "2026-10-04"
    assert client.get(ONE).json()["title"] == "Edited from afar"
    assert client.get("/v1/apod/?date=2026-09-16").status_code == 503
    assert sim.today == date(2026, 10, 5)
    assert client.get("/_control").json()["faults"][0]["fired"] == 1


def test_reset_brings_everything_back(sim, client):
    """Entries, faults, modes, limits and log are as at the start; what follows in the message counts."""
    sim.hide(date(2026, 9, 15))
    sim.edit(date(2026, 9, 14), title="x")
    sim.fault("drop")
    sim.old_mode = "gone"
    sim.rate_limit = 3
    sim.today = date(2030, 1, 1)
    state = client.post("/_control", json={"hide": ["2026-09-20"], "reset": True}).json()
    assert (state["today"], state["old_mode"], state["rate_limit"]) == ("2026-10-02", "ok", 1000)
    assert (state["faults"], state["edited"], state["requests"]) == ([], [], 0)
    assert client.get(ONE).status_code == 200
    assert client.get("/v1/apod/?date=2026-09-20").status_code == 404
    sim.reset()
    assert client.get("/v1/apod/?date=2026-09-20").status_code == 200


def test_faults_can_be_cleared(sim, client):
    """Clearing goes before declaring in one message."""
    sim.fault("drop")
    client.post("/_control", json={"clear_faults": True, "faults": [{"kind": "status", "code": 418}]})
    assert client.get(ONE).status_code == 418


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ('{"today": ', "is no JSON"),
        ("[]", "must be a JSON object"),
        ('{"tomorrow": "2026-01-01"}', "nothing is controlled by 'tomorrow'; there are reset, today, hide"),
        ('{"today": "soon"}', "today of the control message cannot be used"),
        ('{"today": 5}', "5 is no date"),
        ('{"hide": "2026-01-01"}', "is no list of dates"),
        ('{"edit": []}', "give an object from days to fields"),
        ('{"edit": {"1995-06-17": {"title": "x"}}}', "1995-06-17 has no entry"),
        ('{"edit": {"2026-01-01": {"mood": "x"}}}', "'mood' of 2026-01-01 cannot be edited"),
        ('{"edit": {"2026-01-01": {"title": 4}}}', "must be text"),
        ('{"edit": {"2026-01-01": "title"}}', "edit of the control message cannot be used"),
        ('{"faults": [{"kind": "flood"}]}', "no fault is called 'flood'"),
        ('{"faults": [{}]}', "faults of the control message cannot be used"),
        ('{"faults": {}}', "give a list of faults"),
        ('{"old_mode": "sleepy"}', "knows no mode 'sleepy'; choose one of ok, placeholder, gone"),
        ('{"rate_limit": -1}', "no whole number from 0 on"),
    ],
)
def test_messages_that_cannot_be_used_change_nothing(sim, client, message, complaint):
    """A wrong message is answered with 400 and the reason, and not even its right half is carried out."""
    text = (
        message if not message.startswith('{"') or message.endswith(" ") else '{"hide": ["2026-09-15"], ' + message[1:]
    )
    if '"hide": "' in message:
        text = message
    answer = client.post("/_control", content=text)
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]
    assert client.get(ONE).status_code == 200


def test_log_is_json_lines_without_the_control_requests(sim, client):
    """The log tells what clients asked, not who steered or read it."""
    client.get("/_log")
    client.post("/_control", json={})
    client.get(ONE)
    answer = client.get("/_log")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in answer.text.splitlines()] == [{"method": "GET", "path": ONE, "status": 200}]


@pytest.mark.parametrize(
    ("day", "fields", "complaint"),
    [
        (date(1995, 6, 17), {"title": "x"}, "1995-06-17 has no entry"),
        (date(2026, 1, 1), {"date": "2026-01-02"}, "'date' of 2026-01-01 cannot be edited"),
        (date(2026, 1, 1), {"title": 3}, "'title' of 2026-01-01 must be text"),
    ],
)
def test_edits_that_cannot_be_shown_are_refused(sim, day, fields, complaint):
    """In Python, too, a wrong edit is an error with its reason."""
    with pytest.raises(SettingsError, match=complaint):
        sim.edit(day, **fields)


def test_unknown_mode_is_refused(sim):
    """A misspelt mode is an error."""
    with pytest.raises(SettingsError, match="choose one of"):
        sim.old_mode = "sulking"
