"""Worlds as hypothesis makes them: every field of every form of both services, and what changes between runs."""

from __future__ import annotations

from hypothesis import strategies as st

from worlds.hostile_service import DAYS, Lie
from worlds.laws import World

FIELDS = (
    *("date", "title", "url", "hdurl", "explanation", "media_type", "copyright", "credit", "thumbnail_url"),
    *("alt", "permalink", "basic_html", "service_version", "post_id", "something_new"),
)
ODD_TEXTS = (
    *(
        "",
        " ",
        "\u0000",
        "\ufeff",
        "\u200b",
        "\ud800",
        "\udc00x",
        "\u2028",
        "a\u2028b\u2029c\u0085d",
        "\r",
        "\r\n\n",
        "\x1b[2J",
    ),
    *("<b></b>", "&nbsp;", "&#0;", "&#xD800;", "<!--", "<script>", "<a href='", "<" * 50, "&amp;amp;", "<p>" * 300),
    *(
        "HTTP://APOD.NASA.GOV/a.jpg",
        "Http://x",
        "http://",
        "https://",
        "//x/y.jpg",
        "javascript:alert(1)",
        "image/a.jpg",
    ),
    *(
        "http://[::1",
        "http://[",
        "http://a b/c.jpg",
        "https://a/\u0000",
        "http://x:99999999/",
        "data:,x",
        "\\\\x\\y",
        "www.x",
    ),
    *(
        "https://science.nasa.gov/nasa-logo.png",
        "https://apod.nasa.gov/apod/ap181231.html",
        "NASA Science",
        "null",
        "NaN",
    ),
    *("2018-12-31", "2018-12-31\u0000x", "2018-12-31T00:00:00", "181231", "2018-W52-1", "9999-12-31", "0001-01-01"),
    *(
        "1995-06-15",
        "1995-06-17",
        "2019-01-01",
        "\uff12\uff10\uff11\uff18-12-31",
        "=1+1",
        "'; DROP TABLE apod; --",
        "\\N",
        "{}",
        "%s",
    ),
)
TEXTS = (
    st.sampled_from(ODD_TEXTS)
    | st.text(st.characters(), max_size=12)
    | st.sampled_from([str(day) for day in DAYS])
    | st.builds(
        lambda text, times: text * times,
        st.sampled_from(["x", "word ", "\u6708 ", "<b>"]),
        st.sampled_from([300, 6_000, 101_000]),
    )
)
VALUES = TEXTS | st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.just(10**400) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
BODIES = (
    st.sampled_from(
        [
            b"",
            b"null",
            b"[]",
            b"{}",
            b"[",
            b"[null]",
            b"<html></html>",
            b"\xff\xfe[\x00]\x00",
            b"\xef\xbb\xbf[]",
            b"[[[[" * 999,
            b"no healthy upstream",
            b"1e999",
        ]
    )
    | st.binary(max_size=20)
    | st.sampled_from([0.1, 0.5, 0.99])
)
STATUSES = st.sampled_from([200, 201, 204, 206, 301, 304, 400, 404, 410, 418, 451])
WHERE = {
    "source": st.sampled_from(["science", "planetary", None]),
    "form": st.sampled_from(["list", "list", "day", "feed", None, None]),
    "day": st.integers(0, len(DAYS) - 1),
    "field": st.sampled_from(FIELDS),
}
LIES = st.one_of(
    *[st.builds(Lie, st.just("field"), value=VALUES, **WHERE)] * 3,
    st.builds(Lie, st.sampled_from(["without", "left out", "reverse", "wrap", "silence"]), value=st.just(""), **WHERE),
    st.builds(Lie, st.sampled_from(["item", "twice"]), value=VALUES, **WHERE),
    st.builds(Lie, st.sampled_from(["other day", "same"]), value=TEXTS, **WHERE),
    st.builds(Lie, st.just("bytes"), value=BODIES, **WHERE),
    st.builds(Lie, st.just("status"), value=STATUSES, **WHERE),
)
RUNS = st.lists(st.lists(LIES, min_size=1, max_size=3).map(tuple), min_size=1, max_size=2).map(tuple)
WORLDS = st.builds(World, RUNS, st.sampled_from([9, 9, 1]))
