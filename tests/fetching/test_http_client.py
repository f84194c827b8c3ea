"""The wire: patience, limits, and no secret in anything it says. Against a server of raw sockets."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import deque
from email.utils import format_datetime

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod.sources.planetary import Planetary
from apod_pipeline.datasets.apod.sources.science import Science
from apod_pipeline.errors import ReplyRefused, SourceError, SourceRefused, SourceUnavailable
from apod_pipeline.fetching.http_client import HttpClient
from lab import certificate

KEY = "a-secret-key-that-nobody-may-see"
DAY = dt.date(2018, 12, 1)
OK = b'{"date": "2018-12-01"}'


def answer(status=200, body=OK, **headers):
    """A whole answer with its length."""
    lines = {"Content-Length": str(len(body)), "Connection": "close"} | headers
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


class Wire:
    """A server that says, connection by connection, what it was told to say; the last of it again and again."""

    def __init__(self, *says, tls=None):
        self.heads: list[bytes] = []
        self.connections = 0
        self._tls = tls
        self._says = deque(says)
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        self.host = f"127.0.0.1:{self._address[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        socket.create_connection(self._address).close()
        self._thread.join()
        self._listener.close()

    def _serve(self):
        while True:
            connection, _ = self._listener.accept()
            if self._ended.is_set():
                return connection.close()
            connection.settimeout(5)
            try:
                with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as one:
                    self.connections += 1
                    while self._answer(one):
                        pass
            except OSError:
                continue  # the client has had enough

    def _answer(self, connection):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            if not (piece := connection.recv(4096)):
                return False
            head += piece
        self.heads.append(head)
        said = self._says.popleft() if len(self._says) > 1 else self._says[0]
        said = said(self.host) if callable(said) else said
        for piece in said if isinstance(said, list) else [said]:
            if isinstance(piece, float):
                self._ended.wait(piece)
            elif piece:
                connection.sendall(piece)
        return b"keep-alive" in said


@pytest.fixture
def ask(tmp_path):
    """Asks a wire for a day; gives the answer or the error, and the waits that were asked for."""

    def asked(wire, client=None, request=None, **settings):
        sleeps: list[float] = []
        client = client or HttpClient(
            **{"timeout": 5.0, "retries": 5, "backoff": 0.5, "key": "NASA_API_KEY", "sleep": sleeps.append} | settings
        )
        request = request or Planetary(f"http://{wire.host}", KEY).day_request(DAY)
        try:
            return client.download(request, tmp_path / "body"), sleeps
        except SourceError as error:
            return error, sleeps
        finally:
            client.close()

    return asked


# ---- what is repeated ----------------------------------------------------------------------
def test_an_answer_is_written_down_with_its_hash(ask, tmp_path):
    """The body stands in the file; status, size and SHA-256 are the body's; the key went as a header."""
    with Wire(answer()) as wire:
        got, sleeps = ask(wire)
    assert (tmp_path / "body").read_bytes() == OK
    assert (got.status, got.size, got.sha256) == (200, len(OK), hashlib.sha256(OK).hexdigest())
    assert sleeps == []
    (head,) = wire.heads
    assert head.startswith(b"GET /planetary/apod?date=2018-12-01 HTTP/1.1\r\n")
    assert b"X-Api-Key: " + KEY.encode() in head


@pytest.mark.parametrize(
    "bad",
    [
        answer(500),
        answer(503, b"no healthy upstream"),
        answer(429),
        b"",
        answer()[:-5],
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\xff\xff\xff\xff",
        b"no HTTP at all\r\n\r\n",
    ],
    ids=["500", "503", "429", "closed", "torn", "no gzip", "no HTTP"],
)
def test_what_another_try_may_mend_is_tried_again(ask, tmp_path, bad):
    """A failure of the service or of the network, then a good answer: the good answer, whole."""
    with Wire(bad, answer()) as wire:
        got, sleeps = ask(wire)
    assert (got.status, len(sleeps), len(wire.heads)) == (200, 1, 2)
    assert (tmp_path / "body").read_bytes() == OK


@pytest.mark.parametrize("status", [400, 404])
def test_a_definite_answer_is_not_repeated(ask, tmp_path, status):
    """400 and 404 are answers: given back after one request, body and all, for the source to read."""
    with Wire(answer(status, b'{"code": "no"}')) as wire:
        got, sleeps = ask(wire)
    assert (got.status, sleeps, len(wire.heads)) == (status, [], 1)
    assert (tmp_path / "body").read_bytes() == b'{"code": "no"}'


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_not_tried_again(ask, status):
    """A refusal of the key concerns every day: one request, and the variable is named."""
    with Wire(answer(status)) as wire:
        error, sleeps = ask(wire)
    assert isinstance(error, SourceRefused)
    assert (sleeps, len(wire.heads), error.retryable) == ([], 1, False)
    assert "NASA_API_KEY" in str(error)


@pytest.mark.parametrize("status", [401, 403])
def test_a_service_without_a_key_does_not_blame_it(ask, status):
    """Refused by a service that takes no key: one request, HTTP's number, what to do, and not a word of a key."""
    with Wire(answer(status)) as wire:
        error, _ = ask(wire, request=Science(f"http://{wire.host}").day_request(DAY))
    assert isinstance(error, SourceRefused)
    assert len(wire.heads) == 1
    assert f"{wire.host} refuses us (HTTP {status})" in str(error)
    assert re.search(r"later, or use another source with --source", str(error))
    assert "key" not in str(error).lower()


# ---- waiting -------------------------------------------------------------------------------
def test_the_pauses_grow_and_are_not_alike(ask):
    """Every pause is about twice the one before, by chance longer or shorter; after the last try none is made."""
    with Wire(answer(500)) as wire:
        (error, first), (_, second) = ask(wire), ask(wire)
    assert isinstance(error, SourceUnavailable)
    assert error.retryable
    assert (len(first), len(second), len(wire.heads)) == (5, 5, 12)
    for pauses in (first, second):
        assert all(0.5 * 2**n * 0.5 <= pause <= 0.5 * 2**n * 1.5 for n, pause in enumerate(pauses))
    assert first != second
    assert "6 tries" in str(error)
    assert "type the same command again" in str(error)


def test_a_wait_that_is_asked_for_is_kept(ask):
    """Retry-After in seconds, or as a date, is how long is waited."""
    until = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30), usegmt=True)
    with Wire(answer(429, Retry_After="7"), answer(503, Retry_After=until), answer()) as wire:
        got, (seconds, date) = ask(wire, backoff=0.01)
    assert got.status == 200
    assert seconds == 7.0
    assert 25 <= date <= 30


@pytest.mark.parametrize("value", ["soon", "", "-5", "nan", "Mon, 99 Dec 2018"])
def test_a_wait_that_makes_no_sense_is_none(ask, value):
    """A Retry-After that cannot be read, or lies in the past, leaves the pause as it would be without."""
    with Wire(answer(429, Retry_After=value), answer()) as wire:
        got, (pause,) = ask(wire)
    assert got.status == 200
    assert 0.25 <= pause <= 0.75


def test_a_long_wait_is_not_waited(ask):
    """An hour is not waited for: the run ends with what it has, and says for how long."""
    with Wire(answer(429, Retry_After="3600")) as wire:
        error, sleeps = ask(wire)
    assert isinstance(error, SourceUnavailable)
    assert (sleeps, len(wire.heads)) == ([], 1)
    assert "3600 seconds" in str(error)


def test_nothing_is_asked_when_nothing_remains(ask, tmp_path):
    """After X-RateLimit-Remaining: 0 that host is asked nothing more; another host is."""
    client = HttpClient(retries=0, key="NASA_API_KEY")
    with Wire(answer(X_RateLimit_Remaining="1"), answer(X_RateLimit_Remaining="0")) as wire, Wire(answer()) as other:
        here, there = (Planetary(f"http://{one.host}", KEY).day_request(DAY) for one in (wire, other))
        for _ in range(2):
            client.download(here, tmp_path / "body")
        with pytest.raises(SourceUnavailable, match=r"rate limit.*NASA_API_KEY"):
            client.download(here, tmp_path / "body")
        client.download(there, tmp_path / "body")
        client.close()
    assert (len(wire.heads), len(other.heads)) == (2, 1)


def test_no_key_helps_where_none_is_taken(ask):
    """The used-up limit of a service that takes no key is waited for: no variable is named."""
    client = HttpClient(retries=0, key="NASA_API_KEY")
    with Wire(answer(X_RateLimit_Remaining="0")) as wire:
        request = Science(f"http://{wire.host}").day_request(DAY)
        (first, _), (error, _) = (ask(wire, client, request) for _ in range(2))
    assert first.status == 200
    assert "rate limit" in str(error)
    assert "NASA_API_KEY" not in str(error)


# ---- bounds --------------------------------------------------------------------------------
def test_a_body_that_drips_is_cut_off(ask):
    """A body that comes byte by byte, each in time, is given up when the whole request's time is over."""
    drips = [answer()[: -len(OK)], *[piece for byte in OK * 3 for piece in (bytes([byte]), 0.05)]]
    with Wire(drips) as wire:
        begin = time.monotonic()
        error, _ = ask(wire, timeout=0.4, retries=0)
        took = time.monotonic() - begin
    assert isinstance(error, SourceUnavailable)
    assert "0.4 seconds" in str(error)
    assert took < 1.0


SLOW_HEAD = [b"HTTP/1.1 200 OK\r\nX-Slow: ", *[b"a", 0.05] * 60, b"\r\nContent-Length: 2\r\n\r\n{}"]


def test_a_head_that_drips_is_cut_off(ask):
    """A head that comes byte by byte is given up when the whole request's time is over."""
    with Wire(SLOW_HEAD) as wire:
        begin = time.monotonic()
        error, _ = ask(wire, timeout=0.4, retries=0)
        took = time.monotonic() - begin
    assert isinstance(error, SourceUnavailable)
    assert "0.4 seconds" in str(error)
    assert took < 1.0


@pytest.mark.process
def test_a_head_that_drips_is_cut_off_under_tls(tmp_path):
    """The same over TLS, and the next request to that host is answered."""
    certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    code = (
        "import sys, time, datetime as dt; from pathlib import Path\n"
        "from apod_pipeline.errors import SourceUnavailable\n"
        "from apod_pipeline.fetching.http_client import HttpClient\n"
        "from apod_pipeline.datasets.apod.sources.science import Science\n"
        "request = Science(sys.argv[1]).day_request(dt.date(2018, 12, 1))\n"
        "client, begin = HttpClient(timeout=0.8, retries=0), time.monotonic()\n"
        "try:\n    client.download(request, Path(sys.argv[2]))\n"
        "except SourceUnavailable as error:\n"
        "    print(error, '0.8 seconds' in str(error), time.monotonic() - begin < 1.6)\n"
        "print(client.download(request, Path(sys.argv[2])).status)\n"
    )
    with Wire(SLOW_HEAD, answer(), tls=tls) as wire:
        words = [sys.executable, "-c", code, f"https://{wire.host}", str(tmp_path / "body")]
        environment = {"SSL_CERT_FILE": str(tmp_path / "server.crt")}
        told = subprocess.check_output(words, env=environment, text=True, timeout=30)
    assert told.endswith("True True\n200\n")


def test_a_body_without_a_length_is_not_whole_when_it_is_cut_off(ask):
    """A body that ends where the connection does, and comes too slowly: given up, not taken for what came of it."""
    drips = [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", *[b"1", 0.05] * 60]
    with Wire(drips) as wire:
        error, _ = ask(wire, timeout=0.4, retries=0)
    assert isinstance(error, SourceUnavailable)
    assert "0.4 seconds" in str(error)


def test_a_connection_is_kept_for_the_next_request(tmp_path):
    """Two requests, one after the other, go over one connection; whoever cuts slow ones off does not harm it."""
    client = HttpClient(timeout=0.5, retries=0)
    whole = answer(Connection="keep-alive")
    with Wire(whole, whole) as wire:
        request = Planetary(f"http://{wire.host}", KEY).day_request(DAY)
        for _ in range(2):
            assert client.download(request, tmp_path / "body").status == 200
        client.close()
    assert (len(wire.heads), wire.connections) == (2, 1)


def test_silence_is_no_answer(ask):
    """A service that accepts and says nothing is given up in time, and said to be silent."""
    with Wire([3.0]) as wire:
        begin = time.monotonic()
        error, _ = ask(wire, timeout=0.3, retries=0)
        took = time.monotonic() - begin
    assert "no answer in time" in str(error)
    assert took < 1.5


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "zipped"])
def test_a_body_has_a_limit(ask, tmp_path, zipped):
    """More than the limit is refused, also when it came as a small bomb; the setting is named."""
    flood = b"[" + b" " * (3 << 20) + b"]"
    whole = answer(200, gzip.compress(flood), Content_Encoding="gzip") if zipped else answer(200, flood)
    with Wire(whole) as wire:
        error, sleeps = ask(wire, body_limit=1 << 20)
    assert isinstance(error, ReplyRefused)
    assert (sleeps, len(wire.heads)) == ([], 1)
    assert "APOD_HTTP_BODY_LIMIT" in str(error)
    assert (tmp_path / "body").stat().st_size <= 1 << 20


# ---- elsewhere -----------------------------------------------------------------------------
@pytest.mark.parametrize("target", ["/elsewhere?date=2018-12-01", "http://{host}/elsewhere"])
def test_the_same_host_may_send_us_on(ask, target):
    """A redirect on the same host, relative or whole, is followed, and the key goes with it."""
    with Wire(lambda host: answer(301, b"", Location=target.format(host=host)), answer()) as wire:
        got, _ = ask(wire)
    assert got.status == 200
    assert [head.split(b" ")[1].partition(b"?")[0] for head in wire.heads] == [b"/planetary/apod", b"/elsewhere"]
    assert KEY.encode() in wire.heads[1]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_another_host_is_never_followed(ask, scheme):
    """A redirect to another host is refused: that host sees no request, and so no key."""
    with Wire(answer()) as other, Wire(answer(302, b"", Location=f"{scheme}://{other.host}/planetary/apod")) as wire:
        error, _ = ask(wire)
    assert isinstance(error, SourceRefused)
    assert other.heads == []
    assert other.host in str(error)


@pytest.mark.parametrize("user", ["", f"{KEY}@"], ids=["plain", "with a user"])
def test_a_host_that_wants_https_is_said_to(ask, user):
    """The same host over https is not "another host": what to set is told, without what stood before an @."""
    with Wire(lambda host: answer(301, b"", Location=f"https://{user}{host}/planetary/apod")) as wire:
        error, _ = ask(wire)
    assert isinstance(error, SourceRefused)
    assert f"{wire.host} requires https" in str(error)
    assert f"to https://{wire.host}." in str(error)
    assert "redirects us" not in str(error)
    assert KEY not in _all_words(error)


def test_redirects_end(ask):
    """A circle of redirects is given up after a few, as a failure that may pass."""
    with Wire(answer(302, b"", Location="/planetary/apod")) as wire:
        error, _ = ask(wire, retries=0)
    assert isinstance(error, SourceUnavailable)
    assert len(wire.heads) <= 6


def test_a_redirect_to_nowhere_is_an_answer(ask):
    """A 302 without an address is given back as it is, for the canary to refuse."""
    with Wire(answer(302, b"")) as wire:
        got, _ = ask(wire)
    assert got.status == 302


# ---- secrets -------------------------------------------------------------------------------
def _error_of(client, request, into):
    try:
        client.download(request, into)
    except SourceError as error:
        return error
    return None


def _all_words(error):
    """Everything that a traceback of an error would show of it, and of whatever led to it."""
    words = []
    while error is not None:
        words += [str(error), repr(error)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(words)


@pytest.mark.parametrize(
    "says",
    [
        answer(403),
        answer(500),
        b"",
        answer(429, Retry_After="3600"),
        answer(302, b"", Location="https://example.org/"),
        answer(302, b"", Location=f"https://example.org/?api_key={KEY}"),
        answer(302, b"", Location=f"https://{KEY}@example.org/"),
        answer(302, b"", Location="http://[bad"),
        answer(200, b"x" * 2000),
        b"nonsense\r\n\r\n",
        [b"HTTP/1.1 200 OK\r\n", 3.0],
    ],
    ids=range(11),
)
def test_no_error_tells_the_key(ask, says):
    """Whatever goes wrong, neither the message nor any error behind it holds the key."""
    with Wire(says) as wire:
        error, _ = ask(wire, timeout=0.3, retries=1, body_limit=1000)
    assert isinstance(error, SourceError)
    assert KEY not in _all_words(error)


@pytest.mark.parametrize(
    "key", [f"{KEY}\n", f" {KEY}", f"{KEY}\x00", f"{KEY}\u00e9"], ids=["line break", "blank", "NUL", "no ASCII"]
)
def test_a_key_that_no_header_can_hold_is_not_told_either(tmp_path, key):
    """A key from a file, line break and all, or one that is mistyped: it works, or is refused without being shown."""
    client = HttpClient(timeout=2.0, retries=0)
    with Wire(answer()) as wire:
        error = _error_of(client, Planetary(f"http://{wire.host}", key).day_request(DAY), tmp_path / "body")
        client.close()
    assert KEY not in _all_words(error)


def test_no_repr_tells_the_key():
    """Neither the source nor its request shows the key when printed."""
    source = Planetary("http://127.0.0.1", KEY)
    shown = f"{source!r} {source.day_request(DAY)!r} {source.list_request(Span(DAY, DAY))!r}"
    assert KEY not in shown


@pytest.mark.process
def test_a_proxy_that_cannot_be_used_is_told_in_words(tmp_path):
    """A SOCKS proxy in the surroundings, for which a library is missing, is an error of the family."""
    code = (
        "import sys; from pathlib import Path; import datetime as dt\n"
        "from apod_pipeline.errors import ApodError\n"
        "from apod_pipeline.fetching.http_client import HttpClient\n"
        "from apod_pipeline.datasets.apod.sources.science import Science\n"
        "try:\n"
        "    request = Science('http://127.0.0.1:1').day_request(dt.date(2018, 12, 1))\n"
        "    HttpClient(retries=0).download(request, Path(sys.argv[1]))\n"
        "except ApodError:\n    sys.exit(0)\n"
        "except ImportError:\n    sys.exit(7)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "body")],
        env={"ALL_PROXY": "socks5://127.0.0.1:1"},
        capture_output=True,
        check=False,
    )
    if done.returncode == 7:
        raise ImportError
    assert done.returncode == 0
