from __future__ import annotations

import socket
import time
from datetime import date
from urllib.parse import urlsplit

import httpx
import pytest

from apod_pipeline.errors import SettingsError
from apod_pipeline.simulator import record_of
from apod_pipeline.simulator.faults import KINDS

LIST = "/wp-json/wp/v2/apod-basic"
ONE = "/v1/apod/?date=2026-09-15"
RANGE = "/v1/apod/?start_date=2026-09-10&end_date=2026-09-14"


def dates(answer):
    """The days that an answer tells of."""
    told = answer.json()
    return [entry["date"] for entry in (told if isinstance(told, list) else [told])]


def raw(sim, target):
    """All bytes that come back on a plain socket until the other side closes it."""
    address = urlsplit(sim.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        pieces = []
        while piece := connection.recv(65_536):
            pieces.append(piece)
        return b"".join(pieces)


def test_status_with_retry_after_and_body(sim, client):
    """Any status, once or twice, with the header and the body that one wishes."""
    sim.fault("status", match="date=2026-09-15", times=2, code=429, retry_after=7, body='{"error": {}}')
    answers = [client.get(ONE) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert (answers[0].headers["retry-after"], answers[0].text) == ("7", '{"error": {}}')


def test_status_alone_speaks_as_the_service_does(sim, client):
    """Without a body, the service's own internal error; other paths are left alone."""
    sim.fault("status", match="^/v1/")
    assert client.get(ONE).json() == {"code": 500, "msg": "Internal Service Error", "service_version": "v1"}
    assert client.get(LIST).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "text"),
    [
        ("gateway_html", 502, "text/html", "<h1>502 Bad Gateway</h1>"),
        ("envoy_text", 503, "text/plain", "no healthy upstream"),
        ("html200", 200, "text/html; charset=utf-8", "under maintenance"),
    ],
)
def test_answers_of_others(sim, client, kind, status, content_type, text):
    """Pages and texts of what stands before the services, on both of them."""
    sim.fault(kind)
    for path in (ONE, LIST):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, content_type)
        assert text in answer.text


def test_timeout_keeps_silent_and_ends_with_the_simulator(sim, connect):
    """Nothing comes for the seconds given; the end of the simulator does not wait for them."""
    sim.fault("timeout", seconds=60)
    with connect(sim, timeout=0.2) as client, pytest.raises(httpx.ReadTimeout):
        client.get(ONE)
    started = time.monotonic()
    sim.stop()
    assert time.monotonic() - started < 5


def test_timeout_then_hangs_up(sim, client):
    """After its seconds the connection is closed without an answer, and the log says 0."""
    sim.fault("timeout", times=1, seconds=0.05)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(ONE)
    assert sim.requests[-1] == ("GET", ONE, 0)
    assert client.get(ONE).status_code == 200


def test_drop_closes_the_connection(sim):
    """Not a single byte comes back."""
    sim.fault("drop")
    assert raw(sim, ONE) == b""


def test_truncate_promises_more_than_it_sends(sim, client):
    """The length is that of the whole body, a third of it arrives."""
    sim.fault("truncate", keep=0.33)
    head, _, body = raw(sim, ONE).partition(b"\r\n\r\n")
    promised = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    assert len(body) == int(promised * 0.33)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(ONE)


def test_bad_json_is_complete_for_http_only(sim, client):
    """The length fits, the JSON ends in the middle."""
    sim.fault("bad_json")
    answer = client.get(ONE)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Unterminated string"):
        answer.json()


def test_slow_drip_sends_piece_by_piece(sim, client):
    """The body is right, and takes the pauses between its pieces."""
    expected = client.get(ONE).json()
    sim.fault("slow_drip", piece=400, pause=0.05)
    started = time.monotonic()
    assert client.get(ONE).json() == expected
    assert time.monotonic() - started > 0.1


def test_bad_charset_is_no_utf8(sim, client):
    """A byte of Latin-1 stands in what calls itself UTF-8, at both services."""
    sim.fault("bad_charset")
    for path in (ONE, f"{LIST}/260915", "/static/style.css"):
        with pytest.raises(UnicodeDecodeError):
            client.get(path).content.decode()


def test_gzip_garbage_cannot_be_decoded(sim, client):
    """The header promises gzip, the body breaks it."""
    sim.fault("gzip_garbage")
    with pytest.raises(httpx.DecodingError):
        client.get(ONE)


def test_redirect_loop_never_ends(sim, client):
    """Each answer leads back to its own address."""
    sim.fault("redirect_loop")
    assert client.get(ONE).headers["location"] == ONE
    with pytest.raises(httpx.TooManyRedirects):
        client.get(ONE, follow_redirects=True)


def test_huge_is_as_long_as_declared(sim, client):
    """A valid array of the size given, streamed; a client may leave in the middle."""
    sim.fault("huge", mb=3)
    answer = client.get(ONE)
    assert 2_800_000 < len(answer.content) <= 3_000_000
    assert answer.json()[-1] == "end"
    sim.clear_faults()
    sim.fault("huge", mb=2_000)
    with client.stream("GET", ONE) as started:
        assert next(started.iter_bytes())


def test_placeholder_at_both_services(sim, client):
    """NASA's logo under the right date, in ranges and in the list."""
    sim.fault("placeholder")
    for path in (ONE, RANGE, f"{LIST}/260915", LIST):
        told = client.get(path).json()
        for entry in told if isinstance(told, list) else [told]:
            assert entry["title"] == "NASA Science"
            assert entry["hdurl"].endswith("nasa-logo@2x.png")
    assert dates(client.get(ONE)) == ["2026-09-15"]


def test_wrong_date_answers_for_another_day(sim, client):
    """The day before (or as many as one likes) in the place of the day asked for, date included."""
    sim.fault("wrong_date", times=2)
    assert client.get(ONE).json() == record_of(date(2026, 9, 14))
    assert dates(client.get(f"{LIST}/260915")) == ["2026-09-14"]
    sim.fault("wrong_date", shift=-2)
    assert dates(client.get(ONE)) == ["2026-09-17"]
    assert dates(client.get("/v1/apod/?date=1995-06-16")) == ["1995-06-20"]


def test_list_instead_of_one_day(sim, client):
    """Where one object is due, an array comes."""
    sim.fault("list_instead")
    assert client.get(ONE).json() == [record_of(date(2026, 9, 15))]
    assert len(client.get(f"{LIST}/260915").json()) == 25


def test_empty_list(sim, client):
    """Status 200 and nothing in it, whatever was asked."""
    sim.fault("empty_list")
    for path in (ONE, RANGE, LIST, f"{LIST}/260915"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (200, [])


def test_drop_days_leaves_silent_holes(sim, client):
    """Some days are missing from ranges, lists and totals; asked for alone they are not found."""
    sim.fault("drop_days", days=[date(2026, 9, 11), "2026-09-13"])
    assert dates(client.get(RANGE)) == ["2026-09-10", "2026-09-12", "2026-09-14"]
    page = client.get(f"{LIST}?date_from=260910&date_to=260914")
    assert dates(page) == ["2026-09-14", "2026-09-12", "2026-09-10"]
    assert page.headers["x-wp-total"] == "3"
    assert client.get("/v1/apod/?date=2026-09-11").status_code == 404
    assert client.get(f"{LIST}/260911").status_code == 404


def test_stale_repeats_one_day(sim, client):
    """As in the shutdown of 2025: every date gives one day, the newest unless another is named."""
    sim.fault("stale", times=2)
    assert dates(client.get(ONE)) == ["2026-10-02"]
    assert dates(client.get(RANGE)) == ["2026-10-02"] * 5
    sim.fault("stale", day="2026-09-01")
    assert client.get(ONE).json() == record_of(date(2026, 9, 1))
    assert set(dates(client.get(LIST))) == {"2026-09-01"}


def test_same_text_on_many_days(sim, client):
    """Dates, titles and pictures are right, the text is one and the same."""
    sim.fault("same_text", text="Nothing to see.")
    records = client.get(RANGE).json()
    assert {record["explanation"] for record in records} == {"Nothing to see."}
    assert len({record["title"] for record in records}) > 1
    assert all("Nothing to see." in entry["explanation"] for entry in client.get(LIST).json())


def test_ignored_query_gives_the_newest(sim, client):
    """A list that ignores its dates, and an old service that ignores them, too."""
    sim.fault("ignored_query")
    assert dates(client.get(f"{LIST}?date_from=200101&date_to=200102"))[0] == "2026-10-02"
    assert dates(client.get("/v1/apod/?start_date=2020-01-01&foo=1")) == ["2026-10-02"]


def test_extra_fields_grow(sim, client):
    """Fields that nobody knew before, on both services."""
    sim.fault("extra_fields", fields={"mood": "calm"})
    assert client.get(ONE).json()["mood"] == "calm"
    assert client.get(f"{LIST}/260915").json()["mood"] == "calm"


def test_first_declared_fault_fires_until_it_is_spent(sim, client):
    """Faults queue up; what has fired can be read off; clearing ends them all."""
    first = sim.fault("status", times=1, code=503)
    second = sim.fault("status", code=504)
    assert [client.get(ONE).status_code for _ in range(3)] == [503, 504, 504]
    assert (first.fired, first.times, second.fired, second.times) == (1, 0, 2, -1)
    sim.clear_faults()
    assert client.get(ONE).status_code == 200


def test_pattern_is_searched_in_path_and_masked_query(sim, client):
    """A pattern sees the query, and no key."""
    by_key = sim.fault("drop", match="secret")
    by_query = sim.fault("status", match=r"date_to=261002$", code=418)
    assert client.get(f"{LIST}?api_key=secret&date_to=261002").status_code == 418
    assert (by_key.fired, by_query.fired) == (0, 1)


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ({"kind": "earthquake"}, "no fault is called 'earthquake'; there are status, gateway_html"),
        ({"kind": "drop", "seconds": 3}, "fault drop knows no parameter 'seconds'; it takes: none"),
        ({"kind": "status", "colour": "red"}, "it takes: code, retry_after, body"),
        ({"kind": "status", "code": "500"}, "code must be a whole number from 0 on, not '500'"),
        ({"kind": "timeout", "seconds": -1}, "seconds must be a number from 0 on"),
        ({"kind": "drop_days", "days": "2026-01-01"}, "days must be a list of dates"),
        ({"kind": "drop_days", "days": ["soon"]}, "days must be"),
        ({"kind": "stale", "day": date(1995, 6, 17)}, "day must be a day that has an entry"),
        ({"kind": "wrong_date", "shift": 1.5}, "shift must be a whole number"),
        ({"kind": "same_text", "text": 3}, "text must be text, not 3"),
        ({"kind": "extra_fields", "fields": []}, "fields must be a mapping"),
        ({"kind": "drop", "match": "("}, "is no regular expression"),
        ({"kind": "drop", "times": -2}, "cannot happen -2 times"),
    ],
)
def test_unknown_kinds_and_parameters_are_clear_errors(sim, declaration, message):
    """A fault that cannot be declared says what could be."""
    with pytest.raises(SettingsError) as caught:
        sim.fault(**declaration)
    assert message in str(caught.value)


def test_every_kind_can_be_declared_without_parameters(sim):
    """All kinds have sensible defaults."""
    assert [sim.fault(kind, match="^/nowhere").kind for kind in KINDS] == list(KINDS)
