"""What is quoted of a service that answers 400: its reason, in one line and without a secret."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from apod_pipeline.dataset.sources import Request
from apod_pipeline.dataset.spans import Span
from apod_pipeline.fetching.complaints import in_words

DAY = dt.date(2026, 3, 1)
KEY = "hunter2hunter2"


class Keyed:
    """A service that is asked with a key."""

    name, page_days = "keyed", 10

    def day_request(self, day):
        return Request("http://x/", Span(day, day), "day", {"Authorization": f"Bearer {KEY}"})


def said(tmp_path, body, status=400):
    """What is said of a body."""
    file = tmp_path / "body"
    file.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    return in_words(Keyed(), status, DAY, file)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"moreInfo": "http://d", "code": "400", "message": "invalid number\n and/or units"},
            "invalid number and/or units",
        ),
        ({"error": {"code": "X", "message": "no such body"}}, "no such body"),
        ({"error": "unknown parameter"}, "unknown parameter"),
        ({"msg": "Bad \x00 date", "code": 400}, "Bad ? date"),
        ("not an object, but a text", "not an object, but a text"),
    ],
)
def test_the_reason_is_quoted(tmp_path, body, words):
    """However the service calls it."""
    assert said(tmp_path, body) == f"HTTP 400: {words}"


@pytest.mark.parametrize(
    "body", [b"<html>no</html>", b"", b"\xff", b"[" * 9000, {"code": 400}, ["no"], {"message": None}]
)
def test_without_words_the_status_is_all(tmp_path, body):
    """A web page, nothing, no UTF-8, a tower of brackets, JSON that says nothing."""
    assert said(tmp_path, body) == "HTTP 400"


def test_other_errors_are_not_quoted(tmp_path):
    """What a gateway says of itself changes from time to time, and is no reason of the question."""
    assert said(tmp_path, {"message": "request 8f31 timed out"}, 404) == "HTTP 404"


def test_it_is_short(tmp_path):
    """Two hundred letters, in one line."""
    told = said(tmp_path, {"message": "x " * 500})
    assert (len(told), told[-1]) == (len("HTTP 400: ") + 201, "…")


@pytest.mark.parametrize(
    "words",
    [
        f"the token {KEY} is too old",
        f"bad request: /x?api_key={KEY}z&date=1",
        f'bad request: {{"api_key": "{KEY}z"}}',
        f"cannot read https://me:{KEY}z@host/x",
        "wrong password: s3cr3tword",
    ],
)
def test_no_secret_is_quoted(tmp_path, words):
    """Neither the key that was sent, nor what is called one, nor an address's user."""
    told = said(tmp_path, {"message": words})
    assert "***" in told
    assert not [one for one in (KEY, "s3cr3tword") if one in told]
