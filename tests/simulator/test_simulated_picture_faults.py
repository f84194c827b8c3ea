from __future__ import annotations

import io
import socket
import struct
import time
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from apod_pipeline.datasets.apod.drawn_pictures import picture
from apod_pipeline.errors import SettingsError
from apod_pipeline.simulator.picture_faults import KINDS

ROOM = "/content/dam/science/cds/apod/apod/2026/september"
JPEG = f"{ROOM}/Harp12_Quill.jpg"
EVERY_FORMAT = [JPEG, f"{ROOM}/Harp12_Quill.png", f"{ROOM}/Harp12_Quill.gif"]


def dripped(sim, target, headers=""):
    """What comes back on a plain socket until the other side ends it, and how it ended."""
    address = urlsplit(sim.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
        pieces = []
        try:
            while piece := connection.recv(65_536):
                pieces.append(piece)
        except ConnectionResetError:
            return b"".join(pieces), "reset"
        return b"".join(pieces), "closed"


@pytest.mark.parametrize(("reset", "end"), [(False, "closed"), (True, "reset")])
def test_cut_after_a_share(sim, client, reset, end):
    """Less arrives than was promised, and the connection is closed, or reset."""
    whole = client.get(JPEG).content
    sim.fault("picture_cut", keep=0.25, reset=reset)
    answer, ended = dripped(sim, JPEG)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(whole)}".encode() in head
    assert (body, ended) == (whole[: len(whole) // 4], end)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.get(JPEG)


def test_a_cut_download_can_be_gone_on_with(sim, client):
    """What is missing after a cut is had by a range, and fits."""
    whole = client.get(JPEG)
    sim.fault("picture_cut", times=1)
    begun = dripped(sim, JPEG)[0].partition(b"\r\n\r\n")[2]
    rest = client.get(JPEG, headers={"Range": f"bytes={len(begun)}-", "If-Range": whole.headers["etag"]})
    assert begun + rest.content == whole.content


def test_a_page_in_a_pictures_name(sim, client):
    """200 and image/jpeg, but HTML; text and type can be given."""
    sim.fault("picture_html", times=1)
    answer = client.get(JPEG)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content.startswith(b"<!doctype html>")
    sim.fault("picture_html", text="<p>later</p>", content_type="text/html")
    answer = client.get(JPEG)
    assert (answer.text, answer.headers["content-type"]) == ("<p>later</p>", "text/html")


def test_a_bomb_is_small_and_claims_much(sim, client):
    """Some hundred bytes claim 50,000 times 50,000 pixels, or as many as one likes."""
    sim.fault("picture_bomb", times=1)
    bomb = client.get(JPEG).content
    assert len(bomb) < 1000
    assert struct.unpack_from(">II", bomb, 16) == (50_000, 50_000)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(bomb))
    sim.fault("picture_bomb", width=70, height=9)
    assert Image.open(io.BytesIO(client.get(JPEG).content)).size == (70, 9)


@pytest.mark.parametrize("chunked", [True, False])
def test_endless_tells_no_length_and_goes_on(sim, client, chunked):
    """More arrives than the picture is long, in chunks or without; the simulator's end does not wait for it."""
    whole = client.get(JPEG).content
    sim.fault("picture_endless", chunked=chunked)
    arrived = 0
    with client.stream("GET", JPEG) as answer:
        assert "content-length" not in answer.headers
        assert ("transfer-encoding" in answer.headers) == chunked
        for piece in answer.iter_bytes():
            arrived += len(piece)
            if arrived > 20 * len(whole):
                break
        started = time.monotonic()
        sim.stop()
    assert time.monotonic() - started < 5


def test_a_drawing_with_a_script(sim, client):
    """An SVG that would run a script comes in a photograph's name and type."""
    sim.fault("picture_svg")
    answer = client.get(JPEG)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.text.startswith("<svg")
    assert "<script>" in answer.text


@pytest.mark.parametrize("path", EVERY_FORMAT)
def test_damaged_looks_well_and_cannot_be_decoded(sim, client, path):
    """Status, length, ETag and the first bytes are right, so that only who decodes all of it notices."""
    good = client.get(path)
    sim.fault("picture_damaged")
    bad = client.get(path)
    assert bad.status_code == 200
    assert (bad.headers["etag"], len(bad.content)) == (good.headers["etag"], len(good.content))
    assert bad.content[:20] == good.content[:20]
    assert bad.content[-20:] == good.content[-20:]
    image = Image.open(io.BytesIO(bad.content))
    with pytest.raises((OSError, SyntaxError)):
        image.load()


def test_damage_is_the_same_in_every_part(sim, client):
    """A range of a damaged file is a part of that file."""
    sim.fault("picture_damaged")
    whole = client.get(JPEG).content
    assert client.get(JPEG, headers={"Range": "bytes=300-40000"}).content == whole[300:40_001]


def test_redirects_lead_where_one_likes(sim, client):
    """302 to any address, or with another code."""
    sim.fault("picture_redirect", times=1, to="https://elsewhere.example.org/x.jpg")
    answer = client.get(JPEG)
    assert (answer.status_code, answer.headers["location"]) == (302, "https://elsewhere.example.org/x.jpg")
    sim.fault("picture_redirect", code=301, to=EVERY_FORMAT[1])
    assert client.get(JPEG).status_code == 301
    assert client.get(JPEG.replace("Harp", "Lyre"), follow_redirects=False).headers["location"] == EVERY_FORMAT[1]


def test_another_picture_in_the_same_name(sim, client):
    """Valid, with an ETag of its own; with a variation's ending it is the same view, varied."""
    first = client.get(JPEG)
    sim.fault("picture_other", times=2)
    known = {"If-None-Match": first.headers["etag"], "If-Modified-Since": first.headers["last-modified"]}
    other = client.get(JPEG, headers=known)
    assert other.status_code == 200
    assert other.headers["etag"] != first.headers["etag"]
    assert other.content == client.get(JPEG).content == picture("Harp12_Quill_other", 0, 0, "jpeg")
    sim.fault("picture_other", ending="_bright")
    assert client.get(JPEG).content == picture("Harp12_Quill_bright", 0, 0, "jpeg")


def test_a_begun_download_of_what_was_replaced_begins_again(sim, client):
    """If-Range with the old ETag gets the whole new file."""
    first = client.get(JPEG)
    sim.fault("picture_other")
    answer = client.get(JPEG, headers={"Range": "bytes=9-", "If-Range": first.headers["etag"]})
    assert (answer.status_code, answer.headers["etag"] != first.headers["etag"]) == (200, True)


@pytest.mark.parametrize("kind", KINDS)
def test_faults_of_pictures_leave_all_else_alone(sim, client, kind):
    """Declared for every request, they neither hit entries nor spend their times on them."""
    fault = sim.fault(kind, times=1)
    assert client.get("/wp-json/wp/v2/apod-basic").status_code == 200
    assert client.get("/v1/apod/").status_code == 200
    assert (fault.fired, fault.times) == (0, 1)


def test_faults_of_any_request_hit_pictures_too(sim, connect):
    """A status, a loop, silence, a dropped connection and a slow drip are the same for a picture."""
    with connect(sim, timeout=1) as client:
        whole = client.get(JPEG).content
        sim.fault("status", match="Harp12", times=1, code=503, retry_after=2)
        answer = client.get(JPEG)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        sim.fault("redirect_loop", times=1)
        assert client.get(JPEG).headers["location"] == JPEG
        sim.fault("drop", times=1)
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(JPEG)
        sim.fault("timeout", times=1, seconds=30)
        with pytest.raises(httpx.ReadTimeout):
            client.get(JPEG)
        sim.fault("slow_drip", times=1, piece=len(whole) // 4, pause=0.05)
        started = time.monotonic()
        assert client.get(JPEG).content == whole
        assert time.monotonic() - started > 0.15


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ({"kind": "picture_cut", "reset": 1}, "reset must be true or false, not 1"),
        ({"kind": "picture_bomb", "width": -1}, "width must be a whole number from 0 on"),
        ({"kind": "picture_redirect", "to": 3}, "to must be text, not 3"),
        ({"kind": "picture_svg", "colour": "red"}, "it takes: text, content_type"),
    ],
)
def test_what_cannot_be_declared_says_what_could(sim, declaration, message):
    """A parameter that cannot be used is a clear error."""
    with pytest.raises(SettingsError) as caught:
        sim.fault(**declaration)
    assert message in str(caught.value)
