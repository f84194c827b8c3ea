"""JSON bodies, one item at a time: what json.loads reads is read, and nothing else, however it is torn."""

from __future__ import annotations

import codecs
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apod_pipeline.dataset.json_items import PIECE, json_items, shape_of
from apod_pipeline.errors import Unreadable

FEW = settings(max_examples=80)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
LAYOUTS = st.sampled_from(
    [{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}, {"indent": "\t", "ensure_ascii": False}]
)


def _items(content):
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder) / "body.json"
        body.write_bytes(content)
        return list(json_items(body))


def _loaded(content):
    """What json.loads makes of a body that begins as a list does; None where it refuses it."""
    try:
        return json.loads(content)
    except ValueError:
        return None


@FEW
@given(st.lists(VALUES, max_size=6), LAYOUTS)
def test_a_list_is_read_as_the_standard_library_reads_it(values, layout):
    """Items of any list, in any layout, are what json.loads gives."""
    content = json.dumps(values, **layout).encode("utf-8", "surrogatepass")
    if b"\xed" in content and not _decodes(content):
        return  # half a character, unescaped, is not UTF-8
    assert _items(content) == json.loads(content)


def _decodes(content):
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@FEW
@given(st.lists(VALUES, max_size=5), LAYOUTS, st.data())
@example([1.5, -2e7, "a\\"], {}, None)
def test_a_torn_list_is_unreadable(values, layout, data):
    """A list cut off at any byte is unreadable, or is what json.loads still makes of it: never a part of it."""
    content = json.dumps(values, **layout).encode("utf-8", "backslashreplace")
    for cut in [data.draw(st.integers(1, len(content)))] if data else range(1, len(content)):
        torn = content[:cut]
        try:
            items = _items(torn)
        except Unreadable:
            assert _loaded(torn) is None
        else:
            assert items == _loaded(torn)


@FEW
@given(VALUES, st.text(min_size=1, max_size=5))
def test_what_follows_is_not_passed_over(value, more):
    """Anything but blanks behind the list makes it unreadable, as json.loads has it."""
    content = (json.dumps([value]) + more).encode("utf-8", "backslashreplace")
    loaded = _loaded(content)
    if loaded is None:
        with pytest.raises(Unreadable):
            _items(content)
    else:
        assert _items(content) == loaded


# ---- pieces --------------------------------------------------------------------------------
TAILS = {
    "a number": '123456, "b"]',
    "a negative number": "-123456]",
    "a word": "true, false, null]",
    "an escape": '"a\\u00e4\\n\\"\\\\b"]',
    "a pair of escapes": '"\\ud83d\\udd2d"]',
    "letters of four bytes": '"\U0001f52d\U0001f52d\U0001f52d"]',
    "an object": '{"a": [1, {"b": ""}], "c": {}}]',
    "blanks and commas": '"a"  ,\r\n\t "b" ,[ ] ]  \n',
    "a fraction": "123.456, 7]",
    "an exponent": "1.5e-10, 2E+3]",
}


@pytest.mark.parametrize("tail", TAILS)
def test_a_piece_may_end_anywhere(tmp_path, tail):
    """Wherever in a value the first megabyte ends, the items are those of json.loads."""
    body = tmp_path / "body.json"
    for into in range(len(TAILS[tail]) + 1):
        text = '["' + "x" * (PIECE - 5 - into) + '", ' + TAILS[tail]
        body.write_text(text, encoding="utf-8", newline="")
        assert list(json_items(body)) == json.loads(text), f"cut {into} characters into {tail}"


def test_a_value_longer_than_a_piece_is_read(tmp_path):
    """A text of three pieces, and an object of many, are each one item."""
    values = ["y" * (3 * PIECE), {"numbers": list(range(200_000))}, "end"]
    (tmp_path / "body.json").write_text(json.dumps(values))
    assert list(json_items(tmp_path / "body.json")) == values


# ---- what is no JSON -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "nothing instead of JSON"),
        (b" \r\n\t", "nothing instead of JSON"),
        (b"<!doctype html><html></html>", "a web page instead of JSON"),
        (b"no healthy upstream", "text instead of JSON"),
        (b'"a text"', "text instead of JSON"),
        (b"17", "text instead of JSON"),
        (b"\x1f\x8b\x08\x00", "text instead of JSON"),
        (b"[1, 2", "breaks off"),
        (b"[1 2]", "breaks off"),
        (b"[1,]", "breaks off"),
        (b"[,1]", "breaks off"),
        (b"[1]]", "breaks off"),
        (b"[1] [2]", "breaks off"),
        (b'[{"a": 1}, <html>]', "breaks off"),
        (b'{"a": 1} {"b": 2}', "breaks off"),
        (b'{"a": 1', "breaks off"),
        (b"{'a': 1}", "breaks off"),
        (b'["caf\xe9"]', "not UTF-8"),
        (b'{"a": "caf\xe9"}', "not UTF-8"),
        (b'["a\x00b"]', "breaks off"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[" * 5_000 + b"]" * 5_000, "nested too deeply"),
        (b"[" + b"1" * 5_000 + b"]", "JSON"),
        (b'{"a":' + b"1" * 5_000 + b"}", "JSON"),
    ],
    ids=range(25),
)
def test_what_is_no_json_is_unreadable_in_words(content, says):
    """HTML, text, torn, nested, mis-encoded and absurd bodies are Unreadable, never another error, never half read."""
    with pytest.raises(Unreadable, match=says):
        _items(content)


def test_a_byte_order_mark_is_passed_over():
    """A body that begins with UTF-8's mark is read as without it: list and object alike."""
    for value in ([{"a": "ä"}], {"a": "ä"}):
        content = codecs.BOM_UTF8 + json.dumps(value, ensure_ascii=False).encode()
        assert _items(content) == (value if isinstance(value, list) else [value])


@pytest.mark.parametrize(("content", "shape"), [(b" [1]", "list"), (b'\n{"a": 1}', "object"), (b"[", "list")])
def test_the_shape_is_told_by_the_first_character(tmp_path, content, shape):
    """`list` or `object` is told without reading on."""
    (tmp_path / "body").write_bytes(content)
    assert shape_of(tmp_path / "body") == shape


def test_one_object_is_one_item():
    """A body that is an object has one item: itself."""
    assert _items(b'{"date": "2018-12-01"}') == [{"date": "2018-12-01"}]
