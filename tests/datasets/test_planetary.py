"""The old service as a source: where it lies, and which of its answers say that there is no such day."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.sources.planetary import Planetary
from apod_pipeline.fetching.http_client import HttpClient
from apod_pipeline.settings import resolve
from apod_pipeline.stages.extract_apod import Extraction
from apod_pipeline.wiring import readers

TODAY = dt.date(2018, 12, 31)


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("http://host:5000", "http://host:5000/planetary/apod"),
        ("https://api.nasa.gov/", "https://api.nasa.gov/planetary/apod"),
        ("http://host/mirrors", "http://host/mirrors/planetary/apod"),
        ("http://host:5000/v1/apod/", "http://host:5000/v1/apod/"),
        ("http://host:5000/v1/apod", "http://host:5000/v1/apod/"),
        ("https://api.nasa.gov/planetary/apod", "https://api.nasa.gov/planetary/apod"),
        ("http://host/my/apod", "http://host/my/apod"),
        ("http://host/papod", "http://host/papod/planetary/apod"),
    ],
)
def test_an_address_of_the_service_itself_is_taken_as_it_is(tmp_path, base, path):
    """A base that ends in /apod is the service, with the slash that NASA's own code wants; below any other it lies."""
    settings = resolve({"archive": tmp_path, "planetary_url": base}, {}, None)
    source = readers(settings)["planetary"]
    assert source.day_request(TODAY).address == f"{path}?date=2018-12-31"


def test_nasas_own_code_is_asked_without_a_detour(nasa, tmp_path):
    """Named as it is installed, NASA's own code gives its days; no request is sent on to another address."""
    archive = Archive(tmp_path / "archive", DATA_SET)
    archive.create_folders()
    ledger, client = Ledger(archive), HttpClient(2.0, 0)
    extraction = Extraction(archive, ledger, ledger.known(), client, TODAY, "a-run", DATA_SET, tell=lambda _: None)
    result = extraction.ask([Planetary(f"{nasa.url}/v1/apod")], list(Span(dt.date(2018, 12, 1), TODAY)))
    client.close()
    assert (result.answered, result.missing) == (31, {})
    assert {(path.partition("?")[0], status) for _, path, status in nasa.requests} == {("/v1/apod/", 200)}


NO_DATA = {"code": 404, "msg": "No data available for date: 1995-06-17", "service_version": "v1"}
TOO_EARLY = {"code": 400, "msg": "Date must be between Jun 16, 1995 and Nov 22, 2026.", "service_version": "v1"}


@pytest.mark.parametrize(
    ("status", "content", "denies"),
    [
        (404, json.dumps(NO_DATA, indent=4), True),
        (400, json.dumps(TOO_EARLY), True),
        (404, json.dumps({"code": 404, "msg": "Sorry, Nothing at this URL. Allowed request fields"}), False),
        (404, '{"error": {"code": "NOT_FOUND", "message": "An API was not found"}}', False),
        (404, '{"code": "rest_no_route", "message": "No route was found", "data": {"status": 404}}', False),
        (404, "<html><body>No data available for date</body></html>", False),
        (404, "", False),
        (404, "[1]", False),
        (404, "[" * 20_000, False),
        (404, json.dumps({"msg": 404}), False),
        (400, "Date must be between two others, says a proxy", False),
        (400, json.dumps({"code": 400, "msg": "Bad Request: incorrect field passed."}), False),
        (200, json.dumps(NO_DATA), False),
        (500, json.dumps(NO_DATA), False),
    ],
)
def test_only_the_services_own_words_deny_a_day(tmp_path, status, content, denies):
    """A 404 of a web server, of a gateway or of a wrong address says nothing of a day; the service's own does."""
    (tmp_path / "body").write_text(content)
    assert Planetary("http://x").denies(status, tmp_path / "body") is denies


@pytest.mark.parametrize("path", ["/wrong/apod", "/wrong"], ids=["the service's page", "the gateway's"])
def test_a_wrong_address_is_refused(nasa, tmp_path, path):
    """An address at which there is no such service: every day is refused, none is written down as not existing."""
    archive = Archive(tmp_path / "archive", DATA_SET)
    archive.create_folders()
    ledger, client = Ledger(archive), HttpClient(2.0, 0)
    extraction = Extraction(archive, ledger, ledger.known(), client, TODAY, "a-run", DATA_SET, tell=lambda _: None)
    days = list(Span(dt.date(2018, 12, 1), TODAY))
    result = extraction.ask([Planetary(nasa.url + path)], days)
    client.close()
    assert {miss.kind for miss in result.missing.values()} == {"refused"}
    assert Ledger(archive).known().denied == {}
