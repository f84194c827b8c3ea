from __future__ import annotations

import re
import struct
import time
import zlib

import pytest

from apod_pipeline.datasets.apod.drawn_pictures import picture, size_of
from apod_pipeline.simulator import Simulator

ORIGINAL = "/content/dam/science/cds/apod/apod/2026/september/Harp12_Quill.jpg"
RENDITION = "/dynamicimage/assets/science/cds/apod/apod/2026/september/Harp12_Quill.jpg"


def chunks(png):
    """The chunks of a PNG, with each checksum verified."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    place, found = 8, {}
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        kind, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", png, place + 8 + length) == (zlib.crc32(kind + data),)
        found[kind], place = data, place + 12 + length
    return found


def dimensions(png):
    """Width and height, with as many pixels as they promise."""
    found = chunks(png)
    width, height, depth, colours = struct.unpack_from(">IIBB", found[b"IHDR"])
    assert (depth, colours, found[b"IEND"]) == (8, 2, b"")
    assert len(zlib.decompress(found[b"IDAT"])) == height * (1 + 3 * width)
    return width, height


@pytest.mark.parametrize("path", [ORIGINAL, RENDITION, "/assets" + ORIGINAL, ORIGINAL.replace(".jpg", ".png")])
def test_pictures_are_png_files(quiet, path):
    """Whatever their name says, pictures are valid PNG files of the size that the entry tells."""
    answer = quiet.get(path)
    assert answer.headers["content-type"] == "image/png"
    assert dimensions(answer.content) == size_of("Harp12_Quill")


@pytest.mark.parametrize(
    ("query", "limit"),
    [("w=100&h=100&fit=clip", (100, 100)), ("w=64", (64, 9999)), ("w=0&h=0", (9999, 9999)), ("h=1", (9999, 1))],
)
def test_renditions_fit_the_wish(quiet, query, limit):
    """A rendition keeps the shape, fits into what was asked, and is never larger than the original."""
    width, height = dimensions(quiet.get(f"{RENDITION}?{query}").content)
    whole = size_of("Harp12_Quill")
    assert width <= min(limit[0], whole[0])
    assert height <= min(limit[1], whole[1])
    assert width in {limit[0], whole[0]} or height in {limit[1], whole[1]}


def test_pictures_are_deterministic_and_different():
    """A name gives the same bytes for ever, another name other bytes."""
    picture.cache_clear()
    first = picture("Harp12_Quill")
    picture.cache_clear()
    assert picture("Harp12_Quill") == first
    assert picture("Harp13_Quill") != first


def test_etag_saves_the_second_download(quiet):
    """A known picture is answered with 304 and nothing else."""
    first = quiet.get(ORIGINAL)
    again = quiet.get(ORIGINAL, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert quiet.get(ORIGINAL, headers={"If-None-Match": '"other"'}).status_code == 200
    assert quiet.head(ORIGINAL).content == b""


def test_old_addresses_lead_to_a_page(quiet):
    """The old host's pictures are gone: a redirect to HTML, even for those who follow."""
    moved = quiet.get("/apod/image/2609/Harp12_Quill.jpg")
    assert moved.status_code == 301
    followed = quiet.get("/apod/image/2609/Harp12_Quill.jpg", follow_redirects=True)
    assert (followed.status_code, followed.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_films_and_unknown_files(quiet):
    """A film is an MP4, a name without picture is not found, articles are pages."""
    film = quiet.get(ORIGINAL.replace(".jpg", ".mp4"))
    assert film.headers["content-type"] == "video/mp4"
    assert film.content[4:8] == b"ftyp"
    assert quiet.get(ORIGINAL.replace(".jpg", ".exe")).status_code == 404
    assert "<html>" in quiet.get("/image-article/apod-2026-september-12-x/").text


def test_local_pictures_can_be_downloaded_from_the_entries(connect):
    """With local pictures every address of an entry that is a picture answers at the simulator itself."""
    with Simulator(local_pictures=True) as sim, connect(sim) as client:
        entries = client.get("/wp-json/wp/v2/apod-basic").json()
        for entry in entries[:5]:
            found = re.search(r'<IMG SRC="([^"]+)"', entry["basic_html"])
            for url in filter(None, (entry["hdurl"], found and found[1])):
                assert url.startswith(sim.url)
                assert client.get(url).headers["content-type"] == "image/png"
        assert client.get("/v1/apod/").json()["url"].startswith((sim.url, "https://www.youtube", "https://player"))
        sim.reset()
        assert client.get("/wp-json/wp/v2/apod-basic").json()[0]["basic_html"].count(sim.url) > 0


def test_pictures_are_quick():
    """A picture takes less than a tenth of a second to draw."""
    picture.cache_clear()
    started = time.process_time()
    for number in range(5):
        picture(f"Quick{number:02d}_Test")
    assert time.process_time() - started < 0.5
