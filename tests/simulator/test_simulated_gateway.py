from __future__ import annotations

import json

import pytest

KEY = "a1" * 20
SITE = "https://api.nasa.gov:443"
UNAUTHORIZED = (
    f"The api_key supplied is not authorized to access the given service. Contact us at {SITE}/contact/ for assistance"
)


def refusal(code, message):
    """The gateway's error body, byte for byte."""
    return f'{{\n  "error": {{\n    "code": "{code}",\n    "message": "{message}"\n  }}\n}}'


@pytest.mark.parametrize(
    ("query", "headers", "status", "code", "message"),
    [
        ("", {}, 403, "API_KEY_MISSING", f"No api_key was supplied. Get one at {SITE}"),
        ("api_key=", {}, 403, "API_KEY_MISSING", f"No api_key was supplied. Get one at {SITE}"),
        ("api_key=short", {}, 403, "API_KEY_INVALID", f"An invalid api_key was supplied. Get one at {SITE}"),
        (f"api_key={KEY}%21", {}, 403, "API_KEY_INVALID", f"An invalid api_key was supplied. Get one at {SITE}"),
        (
            "api_key=" + "DISABLED".ljust(40, "x"),
            {},
            403,
            "API_KEY_DISABLED",
            f"The api_key supplied has been disabled. Contact us at {SITE}/contact/ for assistance",
        ),
        (
            "api_key=" + "UNAUTHORIZED".ljust(40, "x"),
            {},
            403,
            "API_KEY_UNAUTHORIZED",
            UNAUTHORIZED,
        ),
        (
            f"api_key={KEY}",
            {"X-Forwarded-Proto": "http"},
            400,
            "HTTPS_REQUIRED",
            "Requests must be made over HTTPS. Try accessing the API at: https://api.nasa.gov",
        ),
    ],
)
def test_refusals_have_the_gateways_own_shape(quiet, query, headers, status, code, message):
    """Each refusal to the letter, with CORS and without rate-limit headers."""
    answer = quiet.get(f"/planetary/apod?{query}", headers=headers)
    assert (answer.status_code, answer.text) == (status, refusal(code, message))
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "x-ratelimit-limit" not in answer.headers


def test_unknown_path_needs_no_key(quiet):
    """The path is matched before the key is looked at."""
    answer = quiet.get("/planetary/nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_unverified_key(quiet):
    """A key that nobody has confirmed is refused as such."""
    answer = quiet.get("/planetary/apod", params={"api_key": "UNVERIFIED".ljust(40, "x")})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "API_KEY_UNVERIFIED")


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "*/*", "application/json"),
        ("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("", "text/xml", "text/xml"),
        ("format=csv", "text/html", "text/csv"),
        ("format=json", "text/html", "application/json"),
    ],
)
def test_format_of_refusals_is_negotiated(quiet, query, accept, kind):
    """`format` goes before `Accept`, JSON is the default; all say the same."""
    answer = quiet.get(f"/planetary/apod?{query}", headers={"Accept": accept})
    assert answer.headers["content-type"] == kind
    assert "API_KEY_MISSING" in answer.text
    if kind == "text/xml":
        assert "<error>\n    <code>API_KEY_MISSING</code>" in answer.text


def test_key_is_found_in_three_places(quiet):
    """Header first, then query, then the user name; the service behind never sees it."""
    asked = {"date": "2020-01-01"}
    answers = [
        quiet.get("/planetary/apod", params={**asked, "api_key": KEY}),
        quiet.get("/planetary/apod", params=asked, headers={"X-Api-Key": KEY}),
        quiet.get("/planetary/apod", params=asked, auth=(KEY, "")),
        quiet.get("/planetary/apod", params={**asked, "api_key": "bad"}, headers={"X-Api-Key": KEY}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.text for answer in answers}) == 1
    assert quiet.get("/planetary/apod", headers={"Authorization": "Basic %%%"}).status_code == 403


def test_service_errors_pass_the_gateway_with_its_headers(quiet):
    """An error of the service keeps its own shape, and counts against the limit."""
    answer = quiet.get("/planetary/apod", params={"api_key": KEY, "foo": "1"})
    assert (answer.status_code, answer.json()["code"]) == (400, 400)
    assert int(answer.headers["x-ratelimit-remaining"]) < int(answer.headers["x-ratelimit-limit"])
    assert "api-umbrella" in answer.headers["via"]


def test_demo_key_has_thirty_requests(client):
    """The thirty-first request within the hour is refused, with a time to come back."""
    left = [client.get("/planetary/apod?api_key=DEMO_KEY").headers["x-ratelimit-remaining"] for _ in range(30)]
    assert left == [str(number) for number in range(29, -1, -1)]
    answer = client.get("/planetary/apod?api_key=DEMO_KEY")
    message = f"You have exceeded your rate limit. Try again later or contact us at {SITE}/contact/ for assistance"
    assert (answer.status_code, answer.text) == (429, refusal("OVER_RATE_LIMIT", message))
    assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("30", "0")
    assert 3590 <= int(answer.headers["retry-after"]) <= 3600
    assert client.get("/planetary/apod", params={"api_key": KEY}).headers["x-ratelimit-remaining"] == "999"


def test_limit_is_settable_and_forgets_what_was_used(sim, client):
    """Each key counts for itself; a new limit starts from nothing."""
    sim.rate_limit = 2
    statuses = [client.get(f"/planetary/apod?api_key={KEY}").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert client.get("/planetary/apod", params={"api_key": "b" * 40}).status_code == 200
    sim.rate_limit = 10**12
    assert client.get(f"/planetary/apod?api_key={KEY}").headers["x-ratelimit-remaining"] == str(10**12 - 1)


def test_window_slides(sim, client):
    """Requests count for as long as the window is; an empty window counts none."""
    sim.rate_limit = 1
    sim.rate_window = 0
    assert [client.get(f"/planetary/apod?api_key={KEY}").status_code for _ in range(3)] == [200] * 3
    sim.rate_window = 100
    assert client.get(f"/planetary/apod?api_key={KEY}").status_code == 200
    refused = client.get(f"/planetary/apod?api_key={KEY}")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "100")


def test_bad_key_is_answered_even_when_the_service_is_gone(sim, client):
    """The gateway stands in front: it refuses keys while the service behind is dead."""
    sim.old_mode = "gone"
    assert client.get("/planetary/apod?api_key=bad").status_code == 403
    assert client.get(f"/planetary/apod?api_key={KEY}").status_code == 503


@pytest.mark.parametrize("where", ["api_key={key}", "date=2020-01-01&api_key={key}", "api%5Fkey={key}&API_KEY={key}"])
def test_no_key_is_ever_logged(sim, client, where):
    """Keys are masked in `requests` and in the log over HTTP, however their name is written."""
    client.get(f"/planetary/apod?{where.format(key=KEY)}")
    client.get("/planetary/apod", headers={"X-Api-Key": KEY})
    assert KEY not in repr(sim.requests)
    assert KEY not in client.get("/_log").text
    assert "***" in sim.requests[0][1]


def test_refused_requests_are_logged_with_their_status(sim, client):
    """The log tells method, masked path and status, in order."""
    client.get("/planetary/apod?api_key=x&date=2020-01-01")
    client.post("/v1/apod/")
    assert sim.requests == [
        ("GET", "/planetary/apod?api_key=***&date=2020-01-01", 403),
        ("POST", "/v1/apod/", 405),
    ]
    assert [json.loads(line)["status"] for line in client.get("/_log").text.splitlines()] == [403, 405]
