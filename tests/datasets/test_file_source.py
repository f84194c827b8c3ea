"""Archives that somebody has, in every form they come in, and everything that a file can have wrong with it."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod.sources.file import ArchiveFile
from apod_pipeline.errors import Unreadable

RECORDS = [
    {"date": "2018-12-01", "title": "A Lamp", "explanation": 'Said "so", and\nso on; Ä \U0001f52d'},
    {"date": "2018-12-02", "title": "Another", "copyright": "\nSome Body\n"},
    {"title": "Without a day"},
]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)


def _table():
    text = io.StringIO()
    writer = csv.DictWriter(text, ["date", "title", "explanation", "copyright"])
    writer.writeheader()
    writer.writerows(RECORDS)
    return text.getvalue()


FORMS = {
    "a.json": json.dumps(RECORDS),
    "b.json": json.dumps(RECORDS, indent=2, ensure_ascii=False),
    "c.jsonl": LINES,
    "d.ndjson": LINES.replace("\n", "\r\n"),
    "e.jsonl": f"\n{LINES}\n\n",
    "f.jsonl": "\ufeff" + LINES,
    "g.csv": _table(),
    "h.csv": "\ufeff" + _table(),
    "i.csv": _table().replace("\r\n", "\n"),
    "j.jsonl.gz": LINES,
    "k.json.gz": json.dumps(RECORDS),
    "l.json.gz": json.dumps(RECORDS, indent=1),
    "m.csv.gz": _table(),
}


def _items(folder, name, content):
    content = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return list(ArchiveFile().items(folder / name, "import"))


@pytest.mark.parametrize("name", FORMS)
def test_every_form_tells_the_same_records(tmp_path, name):
    """JSON, JSON lines and CSV, with or without byte order mark, blank lines, CRLF or gzip: the same days and words."""
    items = _items(tmp_path, name, FORMS[name])
    assert [told for told, _ in items] == ["2018-12-01", "2018-12-02", None]
    assert [record for _, record in items] == RECORDS


def test_an_empty_file_tells_nothing(tmp_path):
    """No line, no item; an empty list neither."""
    assert _items(tmp_path, "a.jsonl", "") == []
    assert _items(tmp_path, "a.json", "[]") == []
    assert _items(tmp_path, "a.csv", "date,title\n") == []


def test_what_is_no_record_has_no_day(tmp_path):
    """Numbers, texts, lists, and days that are no text: items without a day, and settled to what can be judged."""
    items = _items(tmp_path, "a.jsonl", '1\n"text"\n[]\nnull\n{"date": 20181201}\n')
    assert [told for told, _ in items] == [None] * 5
    assert [dict(ArchiveFile().settle(item)) for _, item in items[:4]] == [{}] * 4


BAD_GZIP = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
GZIP = gzip.compress(LINES.encode())
HOSTILE = [
    ("a.jsonl", b'{"date": "2018-12-01"}\n{nonsense\n', "line 2 is not readable JSON"),
    ("a.jsonl", b'{"date": "2018-12-01"', "line 1 is not readable JSON"),
    ("a.jsonl", b"caf\xe9\n", "cannot be read to its end"),
    ("a.jsonl", "\ufeff[]".encode("utf-16"), "cannot be read to its end"),
    ("a.json", b"<html>", "a web page"),
    ("a.json", b'[{"date": "2018-12-01"', "breaks off"),
    ("a.csv", b"day,title\n2018-12-01,x\n", "no column 'date'"),
    ("a.csv", b"", "no column 'date'"),
    ("a.csv", b"date,title\n2018-12-01,caf\xe9\n", "cannot be read to its end"),
    ("a.jsonl.gz", b"no gzip at all", "cannot be read to its end"),
    ("a.jsonl.gz", GZIP[: len(GZIP) // 2], "cannot be read to its end"),
    ("a.jsonl.gz", GZIP[:-4] + b"\0\0\0\0", "cannot be read to its end"),
    ("a.jsonl.gz", BAD_GZIP + b"\xff" * 40, "cannot be read"),
    ("a.jsonl", b"1" * 5_000 + b"\n", "line 1"),
    ("a.jsonl", b'{"a":' * 100_000 + b"\n", "line 1"),
    ("a.jsonl", b"[" * 100_000 + b"\n", "nested"),
    ("a.csv", b"date,title\n2018-12-01," + b"x" * (1 << 25) + b"\n", "cannot be read|line 2"),
]


@pytest.mark.parametrize(("name", "content", "says"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_bad_file_is_unreadable_in_words(tmp_path, name, content, says):
    """Torn, mis-encoded, mis-named, absurd: Unreadable with the line or the cause, never another error."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unreadable, match=says):
        list(ArchiveFile().items(tmp_path / name, "import"))


def test_a_file_cannot_be_asked():
    """Asking a file for days says which command is meant; it denies nothing and has no feed."""
    source, day = ArchiveFile(), dt.date(2018, 12, 1)
    with pytest.raises(Unreadable, match="apod import FILE"):
        source.day_request(day)
    assert source.feed_request(Span(day, day)) is None
