"""What may stand where something else belongs, in any data set: texts, values, bodies and statuses.

Takes the days of a world, gives hypothesis's strategies.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

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


def texts(days: Sequence[dt.date]) -> st.SearchStrategy[str]:
    """Odd texts, texts of any letters, days, and long ones."""
    return (
        st.sampled_from(ODD_TEXTS)
        | st.text(st.characters(), max_size=12)
        | st.sampled_from([str(day) for day in days])
        | st.builds(
            lambda text, times: text * times,
            st.sampled_from(["x", "word ", "\u6708 ", "<b>"]),
            st.sampled_from([300, 6_000, 101_000]),
        )
    )


def values(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Whatever JSON can hold."""
    return texts | st.recursive(
        st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.just(10**400) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=5,
    )
