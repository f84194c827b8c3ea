from __future__ import annotations

import io
import re
import subprocess
import sys
import time

import pytest
from PIL import Image, ImageChops, ImageStat

from apod_pipeline.datasets.apod.drawn_pictures import (
    VARIATIONS,
    View,
    full_size_of,
    picture,
    size_of,
    view_of,
)
from apod_pipeline.simulator import Simulator

ORIGINAL = "/content/dam/science/cds/apod/apod/2026/september/Harp12_Quill.jpg"
RENDITION = "/dynamicimage/assets/science/cds/apod/apod/2026/september/Harp12_Quill.jpg"
NAMES = [f"Lyre{number:02d}_Quill" for number in range(40)]


def decoded(file):
    """A picture, decoded to its last pixel."""
    image = Image.open(io.BytesIO(file))
    image.load()
    return image


def unlike(one, other):
    """How far two pictures lie apart, in mean steps of brightness, once they are small and grey."""
    small = [decoded(file).convert("L").resize((32, 32)) for file in (one, other)]
    return ImageStat.Stat(ImageChops.difference(*small)).mean[0]


@pytest.mark.parametrize("path", [ORIGINAL, "/assets" + ORIGINAL, RENDITION])
@pytest.mark.parametrize(("extension", "form"), [("jpg", "JPEG"), ("JPEG", "JPEG"), ("png", "PNG"), ("gif", "GIF")])
def test_a_file_is_what_its_extension_says(quiet, path, extension, form):
    """Format and content type follow the name; GIFs have no renditions, as at NASA."""
    answer = quiet.get(path.replace("jpg", extension))
    if form == "GIF" and path == RENDITION:
        assert answer.status_code == 404
        return
    image = decoded(answer.content)
    assert (image.format, image.size) == (form, full_size_of("Harp12_Quill"))
    assert answer.headers["content-type"] == f"image/{form.lower()}"


@pytest.mark.parametrize(
    ("query", "limit"),
    [("w=100&h=100&fit=clip", (100, 100)), ("w=64", (64, 9999)), ("w=0&h=0", (9999, 9999)), ("h=1", (9999, 1))],
)
def test_renditions_fit_the_wish(quiet, query, limit):
    """A rendition keeps the shape, fits into what was asked, and is never larger than the original."""
    width, height = decoded(quiet.get(f"{RENDITION}?{query}").content).size
    whole = full_size_of("Harp12_Quill")
    assert width <= min(limit[0], whole[0])
    assert height <= min(limit[1], whole[1])
    assert width in {limit[0], whole[0]} or height in {limit[1], whole[1]}


def test_an_entrys_rendition_has_the_size_that_it_tells(quiet):
    """Who asks for the width and height that entries tell gets them to the pixel, at half the original's size."""
    width, height = size_of("Harp12_Quill")
    assert decoded(quiet.get(f"{RENDITION}?w={width}&h={height}&fit=clip").content).size == (width, height)
    assert full_size_of("Harp12_Quill") == (2 * width, 2 * height)


@pytest.mark.parametrize("form", ["jpeg", "png", "gif"])
def test_the_same_name_gives_the_same_bytes(form):
    """A name gives the same bytes in another process, too, and another name other bytes."""
    code = "import sys; from apod_pipeline.datasets.apod.drawn_pictures import picture; "
    code += f"sys.stdout.buffer.write(picture('Harp12_Quill', 0, 0, {form!r}))"
    first = picture("Harp12_Quill", 0, 0, form)
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == first
    assert picture("Harp13_Quill", 0, 0, form) != first


def test_every_picture_shows_something():
    """None is black, white or of one colour, and no two of forty look alike."""
    files = [picture(name, 0, 0, "jpeg") for name in NAMES if view_of(name) == View(name)]
    assert len(files) > 30
    for file in files:
        grey = decoded(file).convert("L")
        assert ImageStat.Stat(grey).stddev[0] > 4
        assert 1 < ImageStat.Stat(grey).mean[0] < 200
    assert min(unlike(one, other) for place, one in enumerate(files) for other in files[:place]) > 2


@pytest.mark.parametrize("variation", VARIATIONS)
def test_an_ending_gives_the_same_view_otherwise(variation):
    """A name with a variation's ending shows the view of the name before it, in other bytes of the same size."""
    for name in NAMES[:6]:
        plain, varied = (picture(stem, 0, 0, "jpeg") for stem in (name, f"{name}_{variation}"))
        assert view_of(f"{name}_{variation}") == View(view_of(name).name, variation)
        assert plain != varied
        assert decoded(plain).size == decoded(varied).size
        pixels = decoded(varied)
        if variation == "mirror":
            pixels = pixels.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        again = io.BytesIO()
        pixels.save(again, "PNG")
        if view_of(name) == View(name):
            assert unlike(plain, again.getvalue()) < 16


def test_a_few_names_show_a_favourite_again():
    """One name in 25 shows one of a few favourites: near duplicates, as a long history has."""
    names = [
        f"{word}{day:02d}_{who}" for word in ("Harp", "Lyre", "Oak") for day in range(1, 29) for who in "abcdefghi"
    ]
    shown = [view_of(name).name for name in names]
    favourites = [view for name, view in zip(names, shown, strict=True) if view != name]
    assert 0.02 < len(favourites) / len(names) < 0.06
    assert len(set(favourites)) < len(favourites)


def test_a_known_file_is_not_sent_again(quiet):
    """A file that is known by its ETag or its instant is answered with 304 and nothing else."""
    first = quiet.get(ORIGINAL)
    for known in (
        {"If-None-Match": first.headers["etag"]},
        {"If-None-Match": "*"},
        {"If-Modified-Since": first.headers["last-modified"]},
    ):
        again = quiet.get(ORIGINAL, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    for unknown in (
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": first.headers["last-modified"]},
        {"If-Modified-Since": "Wed, 01 Jul 2026 00:00:00 GMT"},
        {"If-Modified-Since": "once"},
    ):
        assert quiet.get(ORIGINAL, headers=unknown).content == first.content


def test_head_tells_all_but_the_bytes(quiet):
    """HEAD gives the headers of GET, the length among them, and no body."""
    told, given = quiet.head(ORIGINAL), quiet.get(ORIGINAL)
    names = ("content-type", "content-length", "etag", "last-modified", "accept-ranges")
    assert [told.headers[name] for name in names] == [given.headers[name] for name in names]
    assert told.content == b""
    assert int(told.headers["content-length"]) == len(given.content)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-99", slice(0, 100)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=5-99999999", slice(5, None)),
        ("bytes=-99999999", slice(0, None)),
    ],
)
def test_parts_of_a_file(quiet, asked, part):
    """A range gives 206, its place in the whole, and those bytes alone."""
    whole = quiet.get(ORIGINAL).content
    answer = quiet.get(ORIGINAL, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, whole[part])
    start, end, _ = part.indices(len(whole))
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(whole)}"


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(quiet, asked):
    """416, with the length that there is."""
    answer = quiet.get(ORIGINAL, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(quiet.get(ORIGINAL).content)}"


@pytest.mark.parametrize("asked", ["bytes=7-3", "bytes=0-1,5-6", "lines=1-2", "bytes=-"])
def test_what_is_no_single_range_gets_the_whole(quiet, asked):
    """As the standard allows: ranges that make no sense, or are several, are ignored."""
    answer = quiet.get(ORIGINAL, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, quiet.get(ORIGINAL).content)


def test_a_download_goes_on_only_while_the_file_is_the_same(quiet):
    """If-Range with the file's ETag or instant gives the part, with any other the whole."""
    first = quiet.get(ORIGINAL)
    for same in (first.headers["etag"], first.headers["last-modified"]):
        assert quiet.get(ORIGINAL, headers={"Range": "bytes=9-", "If-Range": same}).status_code == 206
    assert quiet.get(ORIGINAL, headers={"Range": "bytes=9-", "If-Range": '"old"'}).status_code == 200


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
                assert client.get(url).headers["content-type"].startswith("image/")
        assert client.get("/v1/apod/").json()["url"].startswith((sim.url, "https://www.youtube", "https://player"))
        sim.reset()
        assert client.get("/wp-json/wp/v2/apod-basic").json()[0]["basic_html"].count(sim.url) > 0


def test_pictures_are_quick():
    """The middle one of twenty takes less than a tenth of a second to draw and to write."""
    picture("Warm00_Test")
    taken = []
    for number in range(20):
        started = time.process_time()
        picture(f"Quick{number:02d}_Test", 0, 0, "jpeg")
        taken.append(time.process_time() - started)
    assert sorted(taken)[10] < 0.1
