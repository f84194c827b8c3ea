"""Tags of a page: one expression reads what is plain, and never reads it in another way than Python's parser."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.datasets.apod.rules.text import well_formed
from apod_pipeline.datasets.apod.sources.page_tags import PageTags, PythonsParser, Tag, read_plainly

NAMES = st.sampled_from(
    [
        "a",
        "A",
        "img",
        "IMG",
        "iframe",
        "video",
        "source",
        "embed",
        "b",
        "p",
        "center",
        "script",
        "title",
        "svg:a",
        "a-b",
    ]
)
VALUES = st.sampled_from(
    [
        "",
        "x",
        "https://x.org/a.jpg?w=1&amp;h=2",
        "a b",
        "&lt;",
        "&#9999999999;",
        "'",
        '"',
        "<",
        ">",
        "/",
        "\u2028",
        "=",
        "é",
    ]
)
ATTRIBUTE_NAMES = st.sampled_from(
    ["href", "src", "HREF", "SRC", "data-src", "alt", "x:src", "controls", "1src", "src."]
)
QUOTED = st.sampled_from(['="{}"', "='{}'", "={}", ' = "{}"', "", '=="{}"', '="{}', "=\n'{}'"])
BLANKS = st.sampled_from([" ", "\n", "  ", "\xa0", "\t", "/", ""])
attributes = st.lists(st.tuples(BLANKS, ATTRIBUTE_NAMES, QUOTED, VALUES), max_size=3).map(
    lambda some: "".join(blank + name + quoted.format(value) for blank, name, quoted, value in some)
)
tags = st.tuples(
    st.sampled_from(["<", "</", "< "]), NAMES, attributes, st.sampled_from([">", "/>", " />", "", " >"])
).map("".join)
TEXTS = st.sampled_from(
    [
        "Image Credit &",
        " Copyright:",
        "&amp",
        ";",
        "&am",
        "p;",
        "&#3",
        "4;",
        "<!-- x -->",
        "<!--",
        "a < b",
        "\x00",
        "\n",
    ]
)
frames = st.sampled_from(['<iframe src="x"></iframe>', '<iframe src="x"> </iframe>'])
pages = st.lists(st.one_of(tags, tags, TEXTS, frames), max_size=8).map("".join)


@given(pages)
def test_what_is_read_plainly_is_what_pythons_parser_reads(page):
    """Of every page that is read by one expression, Python's parser gives the same tags and the same words."""
    html = well_formed(page)
    plainly = read_plainly(html)
    assert plainly is None or plainly == PythonsParser().read(html)


PLAIN = [
    '<A HREF="x.html"><IMG SRC="a.jpg" alt=""></A>',
    "<a href = 'x'>y</a><br/><p>",
    '<img src="a.jpg" SRC="b.jpg">',
    '<iframe width=5 src="https://x.org/?a=1&amp;b=2" allowfullscreen></iframe>',
    '<video controls><source src="a.mp4" type="video/mp4" /></video>',
    '<a href="x"/>&amp; more',
]


@pytest.mark.parametrize("page", PLAIN)
def test_a_plain_page_is_read_by_one_expression(page):
    """Nothing of what pages are mostly made of is left to the slow parser."""
    assert read_plainly(page) == PythonsParser().read(page)


def test_pages_of_the_service_are_plain(nasa):
    """Pages as the new service has them are read by one expression, pictures, films and words included."""
    answer = httpx.get(f"{nasa.url}/wp-json/wp/v2/apod-basic?date_from=180101&date_to=180125&per_page=25")
    pages = [item["basic_html"] for item in answer.json()]
    heads = [well_formed(page[page.index("<body") : page.index("Explanation:")]) for page in pages]
    assert len(heads) > 20
    assert [read_plainly(head) for head in heads] == [PythonsParser().read(head) for head in heads]


ODD = [
    "<a href=x/y>",
    '<img src="a>b">',
    '<script>document.write("<img src=a>")',
    "&am<b>p;</b>",
    '<iframe src="x"><img src="y"></iframe>',
    '<a\xa0href="x">',
    "<!DOCTYPE html>",
]


@pytest.mark.parametrize("page", ODD)
def test_an_odd_page_is_left_to_pythons_parser(page):
    """Where the two could differ, the parser decides."""
    assert read_plainly(page) is None


def test_what_a_part_leaves_open_the_next_one_is_in():
    """A script that a part of a page leaves open hides the tags of the next part."""
    tags = PageTags()
    assert tags.read('<img src="a"><script>') == [Tag("img", "a")]
    assert tags.read('<img src="b">') == []
