"""Files of kept pictures over HTTP: whole, in part, held by caches, and nothing else of the archive."""

from __future__ import annotations

import hashlib

import httpx
import pytest
from psycopg.conninfo import make_conninfo

from mirror.with_pictures import ONCE, picture_of, serving


@pytest.fixture(scope="module")
def file(picture_lab):
    """A kept picture's path in the mirror, and its bytes."""
    digest, _ = picture_of(picture_lab, ONCE)
    place = picture_lab.root / "data" / "pictures" / digest[:2] / f"{digest}.jpg"
    return f"/pictures/{digest}.jpg", place.read_bytes()


def test_a_file_is_given_as_it_was_kept(pictured, file):
    """The very bytes, never packed, to be kept for good, and with headers that let nothing in them run."""
    path, body = file
    answer = httpx.get(pictured + path, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, body, "image/jpeg")
    assert hashlib.sha256(answer.content).hexdigest() in path
    told = answer.headers
    assert told["cache-control"] == "public, max-age=31536000, immutable"
    assert told["x-content-type-options"] == "nosniff"
    assert told["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert told["accept-ranges"] == "bytes"
    assert "content-encoding" not in told
    head = httpx.head(pictured + path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(body)))


def test_the_small_one_lies_beside_it(pictured, file):
    """A thumbnail is WebP, at most 640 pixels, with a tag of its own."""
    small = httpx.get(pictured + file[0].replace(".jpg", ".thumb.webp"))
    assert (small.status_code, small.headers["content-type"], small.content[8:12]) == (200, "image/webp", b"WEBP")
    assert small.headers["etag"] != httpx.head(pictured + file[0]).headers["etag"]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-99", 0, 99), ("bytes=100-", 100, None), ("bytes=-100", -100, None), ("bytes=5-99999999", 5, None)],
)
def test_a_part_is_given(pictured, file, asked, first, last):
    """A range is answered with 206 and these bytes, and says where they lie; HEAD says the same without them."""
    path, body = file
    part = body[first : last and last + 1]
    begin = body.index(part)
    for method in ("GET", "HEAD"):
        answer = httpx.request(method, pictured + path, headers={"Range": asked})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {begin}-{begin + len(part) - 1}/{len(body)}"
        assert answer.headers["content-length"] == str(len(part))
        assert answer.content == (part if method == "GET" else b"")


def test_ranges_that_are_none(pictured, file):
    """Behind the end there is nothing (416); what is no range, or of another file, is answered with all of it."""
    path, body = file
    behind = httpx.get(pictured + path, headers={"Range": f"bytes={len(body)}-"})
    assert (behind.status_code, behind.headers["content-range"]) == (416, f"bytes */{len(body)}")
    assert httpx.get(pictured + path, headers={"Range": "bytes=-0"}).status_code == 416
    for asked in ("bytes=9-1", "bytes=-", "lines=1-2", "bytes=1-2,5-6", "bytes=x-", "bytes=" + "9" * 5000 + "-"):
        answer = httpx.get(pictured + path, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, body), asked
    tag = httpx.head(pictured + path).headers["etag"]
    for held, status in ((tag, 206), ('"other"', 200)):
        assert httpx.get(pictured + path, headers={"Range": "bytes=0-9", "If-Range": held}).status_code == status


def test_who_has_it_is_told_so(pictured, file):
    """The tag, alone or among others, is answered with 304 and nothing."""
    tag = httpx.head(pictured + file[0]).headers["etag"]
    for told in (tag, f'"x", W/{tag}', "*"):
        answer = httpx.get(pictured + file[0], headers={"If-None-Match": told})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert httpx.get(pictured + file[0], headers={"If-None-Match": '"x"'}).status_code == 200


def test_only_such_names_lead_to_a_file(pictured, file, picture_lab):
    """No other name, no path out of the folder, no other ending, no other method."""
    path, _ = file
    digest = path[len("/pictures/") :].partition(".")[0]
    names = ["", "x.jpg", digest, f"{digest}.png", f"{digest.upper()}.jpg", f"{'0' * 64}.jpg"]
    names += [f"{digest}.jpg%00", f"{digest}.jpg%0a", f"{digest[:2]}/{digest}.jpg", f"{digest}.thumb.jpg"]
    names += ["..%2f..%2fapod.toml", "%2e%2e/%2e%2e/apod.toml", f"..%2fpictures%2f{digest[:2]}%2f{digest}.jpg"]
    for name in names:
        assert httpx.get(f"{pictured}/pictures/{name}").status_code == 404, name
    assert httpx.post(pictured + path).status_code == 405
    assert (picture_lab.root / "apod.toml").exists()


def test_with_keys_no_cache_between_keeps_them(picture_lab, file, tmp_path):
    """Where keys are on, pictures are open as pages are, and as private."""
    keys = tmp_path / "keys.toml"
    keys.write_text(f'[[key]]\nsha256 = "{hashlib.sha256(b"key").hexdigest()}"\nname = "one"\n')
    with serving(picture_lab, "--keys", str(keys)) as where:
        answer = httpx.get(where + file[0])
        page = httpx.get(f"{where}/grid")
    assert (answer.status_code, page.status_code) == (200, 200)
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert page.headers["cache-control"].startswith("private")


def test_tables_alone_give_no_files(picture_lab, file, tmp_path):
    """Without the archive's folder there are no files, and pages and answers lead to where the source has them."""
    reader = make_conninfo(picture_lab.database, user="apod_reader")
    nowhere = {"APOD_ARCHIVE": str(tmp_path / "none"), "APOD_DATABASE_URL": "", "APOD_READ_DATABASE_URL": reader}
    with serving(picture_lab, "--pictures", **nowhere) as where:
        assert httpx.get(where + file[0]).status_code == 404
        assert httpx.get(f"{where}/duplicates").status_code == 404
        assert "/pictures/" not in httpx.get(f"{where}/day/{ONCE}").text
        assert "/pictures/" not in httpx.get(f"{where}/planetary/apod?date={ONCE}").text
        assert "/pictures/{name}" not in httpx.get(f"{where}/openapi.json").json()["paths"]
        assert httpx.get(f"{where}/wall").status_code == 200


def test_who_goes_away_is_not_waited_for(pictured, file):
    """A reader that leaves in the middle takes nothing from the next one."""
    with httpx.stream("GET", pictured + file[0]) as answer:
        next(answer.iter_raw(100))
    assert httpx.get(pictured + file[0]).content == file[1]
