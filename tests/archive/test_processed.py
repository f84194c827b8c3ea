"""The three files: canonical, sorted, and after any change the bytes that writing everything anew gives."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.processed import ROW_GROUP, Rows, Table, write_all
from apod_pipeline.archive.text_files import csv_line, write_csv, write_json, write_texts
from apod_pipeline.dataset.fields import Columns, Field
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.errors import ArchiveDamaged

COLUMNS = Columns(
    (
        *(Field(name, "text", "some words") for name in ("date", "title", "explanation")),
        Field("flags", "names", "some names"),
    ),
    output=("date", "title", "explanation"),
)
SMALL = DATA_SET._replace(columns=COLUMNS)
FEW = settings(max_examples=60)

# One line a key is the files' law: a line break never comes here (the rules make every text one line), half a
# character neither, nor a NUL.
WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0"), max_size=12)
ODD = st.sampled_from(
    ['"', '""', ",", '",', '"},', "]", "[", "\\", "\\n", "\t", "\u2028", "\x85", "Ä", "\U0001f52d", "'", "\ufeff"]
)
TEXTS = st.lists(WORDS | ODD, max_size=3).map("".join)
KEYS = st.integers(0, 30).map(lambda number: f"2018-12-{number:02}")
ROWS = st.dictionaries(KEYS, st.tuples(TEXTS, st.none() | TEXTS, st.lists(TEXTS, max_size=2)), max_size=12).map(
    lambda d: [dict(zip(COLUMNS.every, (key, *values), strict=True)) for key, values in sorted(d.items())]
)


def _written(folder, rows, *, keep=False, name="a"):
    paths = Path(folder) / f"{name}.csv", Path(folder) / f"{name}.json"
    write_texts(*paths, COLUMNS, rows, keep=keep)
    return tuple(path.read_bytes() for path in paths)


def _merged(*many):
    return [row for _, row in sorted({row["date"]: row for rows in many for row in rows}.items())]


# ---- CSV and JSON --------------------------------------------------------------------------
@FEW
@given(ROWS, ROWS)
@example([], [])
def test_merging_a_change_is_writing_all_anew(old, new):
    """Rows merged into files that are there give, byte for byte, the files that all rows together give."""
    with tempfile.TemporaryDirectory() as folder:
        _written(folder, old)
        merged = _written(folder, new, keep=True)
        assert merged == _written(folder, _merged(old, new), name="anew")
        assert merged == _written(folder, new, keep=True)


@FEW
@given(ROWS)
def test_files_are_read_back_by_anybody(rows):
    """The JSON parses, the CSV is read by the standard library, and both hold what was written: sorted, UTF-8, LF."""
    with tempfile.TemporaryDirectory() as folder:
        table, array = _written(folder, rows)
    said = [{name: row[name] for name in COLUMNS.output} for row in rows]
    assert json.loads(array) == said
    assert list(csv.DictReader(io.StringIO(table.decode(), newline=""))) == [
        {name: value or "" for name, value in row.items()} for row in said
    ]
    assert table.startswith(b"date,title,explanation\n")
    assert (table.count(b"\n"), array.count(b"\n")) == (len(rows) + 1, len(rows) + 2 if rows else 2)


@settings(max_examples=25)
@given(ROWS)
def test_polars_reads_the_csv(rows):
    """The CSV is read by polars as the standard library reads it."""
    import polars

    with tempfile.TemporaryDirectory() as folder:
        table, _ = _written(folder, rows)
    frame = polars.read_csv(table, infer_schema=False).fill_null("")
    assert frame.rows() == [tuple(row[name] or "" for name in COLUMNS.output) for row in rows]


def test_an_empty_data_set_is_an_empty_list(tmp_path):
    """Without a row the CSV is its header and the JSON an empty list, and rows come into both later."""
    assert _written(tmp_path, []) == (b"date,title,explanation\n", b"[\n]\n")
    row = {"date": "2018-12-01", "title": "A", "explanation": None, "flags": []}
    table, array = _written(tmp_path, [row], keep=True)
    assert table == b"date,title,explanation\n2018-12-01,A,\n"
    assert json.loads(array) == [{"date": "2018-12-01", "title": "A", "explanation": None}]


@pytest.mark.parametrize("write", [write_csv, write_json])
def test_rows_that_fail_leave_the_old_file(tmp_path, write):
    """An error among the rows leaves the old bytes, and nothing beside them."""
    row = {"date": "2018-12-01", "title": "A", "explanation": "B"}
    write(tmp_path / "f", COLUMNS, [row])
    before = (tmp_path / "f").read_bytes()

    def failing():
        yield row | {"title": "C"}
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        write(tmp_path / "f", COLUMNS, failing())
    assert (tmp_path / "f").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_quotes_only_where_they_are_needed():
    """A plain value stands as it is; a comma or a quote is quoted; nothing stands for None."""
    assert csv_line(["a", "b,c", 'd"e', None]) == b'a,"b,c","d""e",\n'


@given(st.lists(st.none() | st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])), min_size=2))
def test_a_line_is_what_the_csv_module_writes(values):
    """Our own line, made for speed, is the standard library's to the byte."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(values)
    assert csv_line(values) == written.getvalue().encode()


# ---- rows on disk --------------------------------------------------------------------------
def test_rows_come_sorted_and_the_last_of_a_key_counts(tmp_path):
    """Rows added in any order come back by key, as often as one likes; a second one of a key replaces the first."""
    path = tmp_path / "private" / "changed.jsonl"
    with Rows(path, COLUMNS) as rows:
        for day, title in (("03", "c"), ("01", "old"), ("02", "\U0001f52d"), ("01", "a")):
            rows.add({"date": day, "title": title, "flags": ["x"]})
        for _ in range(2):
            assert [(row["date"], row["title"]) for row in rows] == [("01", "a"), ("02", "\U0001f52d"), ("03", "c")]
        assert (len(rows), "02" in rows, "04" in rows, sorted(rows.keys())) == (3, True, False, ["01", "02", "03"])
    assert not path.exists()


# ---- Parquet -------------------------------------------------------------------------------
@settings(max_examples=25)
@given(ROWS, ROWS)
def test_the_table_merges_as_the_lines_do(old, new):
    """All three files of an archive, changed, are those of an archive that was written anew."""
    with tempfile.TemporaryDirectory() as folder:
        changed, anew = (Archive(Path(folder) / name, SMALL) for name in ("changed", "anew"))
        for archive in (changed, anew):
            archive.create_folders()
        write_all(changed, old, keep=False)
        write_all(changed, new, keep=True)
        write_all(anew, _merged(old, new), keep=False)
        assert changed.csv.read_bytes() == anew.csv.read_bytes()
        assert changed.json.read_bytes() == anew.json.read_bytes()
        assert list(Table(changed.parquet, COLUMNS).rows()) == _merged(old, new)
        left = sorted(path.name for path in changed.csv.parent.iterdir())
        assert left == ["apod_data.csv", "apod_entries.parquet", "apod_transformed.json"]


def test_the_same_rows_are_the_same_bytes(tmp_path):
    """Written twice, the Parquet file has the same bytes: no clock and no chance is in it."""
    rows = [
        {"date": f"2018-12-{day:02}", "title": f"t{day}", "explanation": None, "flags": ["a"]} for day in range(1, 9)
    ]
    for name in ("a", "b"):
        Table(tmp_path / name, COLUMNS).merge(rows, keep=False)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_many_groups_are_one_table(tmp_path):
    """More rows than are read at once are written and read whole, all of them or those of some keys."""
    rows = [
        {"date": f"{number:08}", "title": f"t{number}", "explanation": None, "flags": ["a"]}
        for number in range(ROW_GROUP + 7)
    ]
    table = Table(tmp_path / "t.parquet", COLUMNS)
    table.merge(rows, keep=False)
    assert list(table.rows()) == rows
    assert list(table.rows({f"{ROW_GROUP:08}", "00000001", "no such"})) == [rows[1], rows[ROW_GROUP]]
    table.merge([rows[5] | {"title": "another"}], keep=True)
    assert (len(table), next(table.rows({"00000005"}))["title"]) == (ROW_GROUP + 7, "another")


@pytest.mark.parametrize("content", [None, b"", b"nothing", b"PAR1" * 9])
def test_a_table_that_cannot_be_read_is_told_as_damage(tmp_path, content):
    """A Parquet file that is gone, or is none, is damage, with the command that makes it again."""
    if content is not None:
        (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(ArchiveDamaged, match="apod recover processed"):
        list(Table(tmp_path / "t.parquet", COLUMNS).rows())


def test_rows_that_fail_leave_the_old_table(tmp_path):
    """An error among the rows leaves the old Parquet file as it is."""
    table = Table(tmp_path / "t.parquet", COLUMNS)
    table.merge([{"date": "2018-12-01", "title": "A", "explanation": None, "flags": []}], keep=False)
    before = table.path.read_bytes()

    def failing():
        yield {"date": "2018-12-01", "title": "B", "explanation": None, "flags": []}
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        table.merge(failing(), keep=True)
    assert table.path.read_bytes() == before
