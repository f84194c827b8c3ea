"""The marked words of a search, against PostgreSQL's own `ts_headline`."""

from __future__ import annotations

import datetime as dt
import random
import re
from html import unescape

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.dataset.spans import Span
from apod_pipeline.extras.mirror.highlighting import LONGEST, Highlighting
from apod_pipeline.simulator import record_of

TEXT = (
    "Dying stars' skies, a star-forming region (M31) and NGC_7000; the Galaxy's arms at 1.5 light-years & more: see "
    "www.example.org, or galaxies/nebulae. Ångström's \N{GREEK CAPITAL LETTER ALPHA}lpha, naïve users don't STAR in it."
)
QUESTIONS = (
    "die",
    "sky",
    "star",
    "forming",
    '"star-forming region"',
    "m31 or ngc",
    "galaxies -comet",
    "1.5",
    "www.example.org",
    "Ångström",
    "naive",
    "used stars",
    "light years",
    "the of",
    "don't",
)
HEADLINE = """
SELECT querytree(q), ts_headline('english', %(text)s, q, E'HighlightAll=true, StartSel=\ue000, StopSel=\ue001')
FROM websearch_to_tsquery('english', %(asked)s) AS q
"""
texts = st.text(st.sampled_from("aA .<>&\"'é-/_1") | st.characters(codec="utf-8", categories=["L", "P", "N", "Zs"]))
forms = st.sampled_from(["star", "stars", "Galaxy", "galaxies", "<b>", "&amp;", "a", "1", "é"])


@pytest.fixture(scope="module")
def server(postgres_server):
    """One connection for all."""
    with psycopg.connect(postgres_server) as connection:
        yield connection


def _both(server, text, asked):
    """A text marked by us, and by PostgreSQL."""
    tree, headline = server.execute(HEADLINE, {"text": text, "asked": asked}).fetchone()
    return unescape(Highlighting(tree).whole(text)), re.sub("[\ue000\ue001]", _mark, headline)


def _mark(found):
    return "<mark>" if found[0] == "\ue000" else "</mark>"


@pytest.mark.parametrize("asked", QUESTIONS)
def test_words_are_taken_apart_and_stemmed_as_the_server_does(server, asked):
    """Possessives, hyphens, numbers, hosts, irregular plurals and letters of other alphabets are marked alike."""
    ours, theirs = _both(server, TEXT, asked)
    assert ours == theirs


def test_generated_texts_are_marked_as_the_server_does(server):
    """Of three hundred searches for words that stand side by side in generated texts, each is marked alike."""
    source = random.Random(20)
    for day in Span(dt.date(2001, 1, 1), dt.date(2001, 10, 27)):
        text = record_of(day)["explanation"]
        words, at = text.split(), source.randrange(len(text.split()))
        ours, theirs = _both(server, text, " ".join(words[at : at + source.choice((1, 2, 3))]))
        assert ours == theirs, day


@given(texts, st.lists(forms))
def test_marks_change_nothing_of_a_text(text, asked):
    """Without the marks, a marked text says what the text says, and nothing in it is markup."""
    said = Highlighting(" & ".join(f"'{form}'" for form in asked)).whole(text)
    bare = said.replace("<mark>", "").replace("</mark>", "")
    assert not set(bare) & set("<>\"'")
    assert unescape(bare) == text


@given(st.lists(st.sampled_from(["word", "star", "galaxy", "stars,"]), max_size=40), st.integers(1, 30))
def test_a_piece_is_of_the_text_and_shows_what_was_found(words, spaces):
    """A piece is short, ends at words, says where it was cut, and shows a hit, or two together."""
    words = [f"{word}{n}" if word == "word" else word for n, word in enumerate([*words, "word"])]
    text = (" " * spaces).join(words)
    said = Highlighting("'star' & 'galaxi'").piece(text)
    bare = said.replace("<mark>", "").replace("</mark>", "").removeprefix("… ").removesuffix(" …")
    assert bare in text
    assert len(bare) <= LONGEST
    assert set(bare.split()) <= set(words)
    assert (said.startswith("… "), said.endswith(" …")) == (not text.startswith(bare), not text.endswith(bare))
    assert ("<mark>" in said) == bool({"star", "stars,", "galaxy"} & set(words))
    if "star galaxy" in text:
        assert {"<mark>star</mark>", "<mark>galaxy</mark>"} <= set(re.findall("<mark>[^<]*</mark>", said))


def test_a_piece_without_a_hit_is_the_beginning():
    """Where only a title or a credit was found, the text begins at its first word, and says that it goes on."""
    assert Highlighting("'star'").piece("(One " + "word " * 60) == "(One" + " word" * 47 + " …"
    assert Highlighting("").piece("Short.") == "Short."
    assert Highlighting("").piece("") == ""


@pytest.mark.parametrize(
    "text", ["x" * 900, "x" * 900 + " star", "star " + "x" * 900, "x" * 300 + "-star-" + "x" * 300]
)
def test_a_text_without_spaces_is_cut_anywhere(text):
    """A word that is longer than a piece makes it no longer."""
    said = Highlighting("'star'").piece(text)
    assert ("<mark>star</mark>" in said) == ("star" in text)
    assert len(said) <= LONGEST + len("… <mark></mark> …")
