"""How answers are sent: compressed as wished, tagged by encoding, kept by caches, to who says in time what he wants."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time

import httpx
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.extras.mirror.answers import accepts_gzip
from apod_pipeline.extras.mirror.patience import Impatient
from mirror.conftest import READS

KEPT = [*READS, "/docs", "/openapi.json", "/static/gallery.css", "/static/gallery.js", "/static/icon.svg"]
PLAIN, ZIPPED = {"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip"}


@pytest.mark.parametrize("path", KEPT)
def test_what_may_be_kept_is_kept(client, path):
    """Every answer that is the same for all says how long, has a tag for each encoding, and is not sent twice."""
    plain, zipped = client.get(path, headers=PLAIN), client.get(path, headers=ZIPPED)
    assert plain.status_code == zipped.status_code == 200
    assert plain.headers["cache-control"] == "public, max-age=300, stale-if-error=86400"
    assert "accept-encoding" in plain.headers["vary"].lower()
    assert plain.content == zipped.content
    assert "content-encoding" not in plain.headers
    if len(plain.content) >= 600 or "start_date" in path:
        assert zipped.headers["content-encoding"] == "gzip"
        assert plain.headers["etag"] != zipped.headers["etag"]
    for held in (plain, zipped):
        for wish in (PLAIN, ZIPPED):
            again = client.get(path, headers=wish | {"If-None-Match": held.headers["etag"]})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", held.headers["etag"])
    assert client.get(path, headers={"If-None-Match": '"another"'}).status_code == 200


@pytest.mark.parametrize("path", ["/api/random", "/planetary/apod?count=2", "/health", "/health/live", "/metrics"])
def test_what_differs_each_time_is_not_kept(client, path):
    """What is drawn or measured anew is not to be stored by anybody."""
    assert client.get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/planetary/apod?date=banana", "/api/entries/2020-06-10", "/day/2020-06-10", "/nope"])
def test_refusals_are_not_kept(client, path):
    """A day that is not there today may be there tomorrow."""
    answer = client.get(path)
    assert answer.status_code in {400, 404}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/calendar", "/planetary/apod?date=2020-06-01", "/static/gallery.css"])
def test_head_tells_what_get_would(client, path):
    """The same headers, and no body."""
    for wish in (PLAIN, ZIPPED):
        got, head = client.get(path, headers=wish), client.head(path, headers=wish)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("etag", "content-length", "content-type", "cache-control"):
            assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br, gzip;q=0.1", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("identity", False),
        ("", False),
        ("notgzip", False),
        ("gzip;q=banana", False),
    ],
)
def test_gzip_is_sent_to_who_takes_it(client, accepted, takes):
    """By name, by an asterisk, and never against a weight of nothing."""
    assert accepts_gzip(accepted) is takes
    for path in ("/calendar", "/planetary/apod?start_date=2020-06-01"):
        answer = client.get(path, headers={"Accept-Encoding": accepted})
        assert ("content-encoding" in answer.headers) is takes


@given(st.text(max_size=40))
def test_any_accept_encoding_is_read(accepted):
    """Whatever stands in that header, it is a yes or a no."""
    assert accepts_gzip(accepted) in {True, False}


def test_what_is_sent_compressed_can_be_unpacked(client):
    """By anybody who knows gzip."""
    with httpx.stream("GET", f"{client.base_url}/calendar", headers=ZIPPED) as answer:
        body = b"".join(answer.iter_raw())
    assert gzip.decompress(body) == client.get("/calendar", headers=PLAIN).content


@pytest.mark.parametrize(
    "path", ["//planetary/apod", "/planetary//apod", "//v1/apod/", "//api/entries/2020-06-01", "//calendar"]
)
def test_a_doubled_slash_is_one(client, path):
    """Who joins an address that ends in a slash to one that begins with it means the same place."""
    address = f"{str(client.base_url).rstrip('/')}{path}"
    single = address.replace("//", "/").replace("http:/", "http://")
    assert httpx.get(address).content == httpx.get(single).content
    assert httpx.get(address).status_code == 200


async def _nothing(scope, receive, send):
    """An application that says yes."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
        await send({"type": "http.response.body", "body": b"yes"})


@pytest.fixture
def hasty():
    """A server whose patience is half a second; gives its port."""

    class Hasty(Impatient):
        seconds = 0.5

    config = uvicorn.Config(_nothing, port=0, log_level="critical", lifespan="off", http=Hasty)
    listening = config.bind_socket()
    listening.listen()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(20)
    listening.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhal",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n",
    ],
    ids=["nothing", "a letter", "half the headers", "half a body", "half a second request"],
)
def test_who_never_says_what_he_wants_is_let_go(hasty, said):
    """A connection on which no request is complete in time is closed."""
    with socket.create_connection(("127.0.0.1", hasty), timeout=20) as connection:
        connection.sendall(said)
        while connection.recv(1000):
            pass  # what was answered before, until the end


def test_a_slow_drip_does_not_help(hasty):
    """A letter now and then is no request: the time runs from the first one."""
    with socket.create_connection(("127.0.0.1", hasty), timeout=20) as connection:
        begun = time.monotonic()
        connection.settimeout(0.05)
        while time.monotonic() - begun < 20:
            try:
                connection.sendall(b"G" if time.monotonic() - begun < 0.01 else b"x")
                if connection.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - begun < 20


def test_who_speaks_in_time_is_answered(hasty):
    """Requests one after another on one connection are answered, however long the whole takes."""
    with httpx.Client() as client:
        assert [client.get(f"http://127.0.0.1:{hasty}/").text for _ in range(5)] == ["yes"] * 5
