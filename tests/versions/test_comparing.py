"""What differs: compared with a comparison that is too simple to be wrong; and words put together again."""

from __future__ import annotations

import tracemalloc

import polars
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.archive.processed import Table
from apod_pipeline.dataset.fields import Columns, Field
from apod_pipeline.versions.comparing import PIECE, compare
from apod_pipeline.versions.wording import abridged, changed_words

COLUMNS = Columns(
    (Field("day", "day", "a day"), Field("title", "text", "words"), Field("tags", "names", "names")), output=("day",)
)
texts = st.none() | st.sampled_from(["", "a", "b"])
rows = st.tuples(texts, st.lists(st.sampled_from(["x", "y"]), max_size=2))
frames = st.dictionaries(st.sampled_from(["1", "2", "3", "4"]), rows)


def _table(path, frame):
    schema = {"day": polars.String, "title": polars.String, "tags": polars.List(polars.String)}
    polars.DataFrame([(k, *v) for k, v in sorted(frame.items())], schema=schema, orient="row").write_parquet(path)
    return Table(path, COLUMNS)


@given(frames, frames)
def test_differences_are_what_a_plain_loop_finds(tmp_path_factory, old, new):
    """Added, edited and removed entries, with their fields before and after."""
    folder = tmp_path_factory.mktemp("states")
    found = compare(_table(folder / "old", old), _table(folder / "new", new), COLUMNS)
    kinds = {
        key: "added" if key not in old else "removed" if key not in new else "edited"
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    }
    assert dict(found.kinds) == kinds
    for change in found.changes():
        before, after = (side.get(change.key, (None, None)) for side in (old, new))
        pairs = dict(zip(("title", "tags"), zip(before, after, strict=True), strict=True))
        assert change.fields == {n: (a, b) for n, (a, b) in pairs.items() if a != b and (a or b)} or (
            change.kind != "edited"
        )


@given(frames, frames)
def test_brief_differences_name_the_same_entries(tmp_path_factory, old, new):
    """In brief every difference is there, edited entries whole, and of the others the first field."""
    folder = tmp_path_factory.mktemp("states")
    found = compare(_table(folder / "old", old), _table(folder / "new", new), COLUMNS)
    for brief, whole in zip(found.changes(brief=True), found.changes(), strict=True):
        assert (brief.key, brief.kind) == (whole.key, whole.kind)
        if brief.kind == "edited":
            assert brief == whole
        else:
            side = new if brief.kind == "added" else old
            assert (max(brief.fields["title"], key=bool) or "") == (side[brief.key][0] or "")


def test_a_field_that_is_newer_than_one_state(tmp_path):
    """A state from before a field existed is read as if the field were empty."""
    polars.DataFrame({"day": ["1"]}).write_parquet(tmp_path / "old")
    new = _table(tmp_path / "new", {"1": ("a", [])})
    (change,) = compare(Table(tmp_path / "old", COLUMNS), new, COLUMNS).changes()
    assert change.fields == {"title": (None, "a")}


@given(st.text(), st.text())
def test_pieces_add_up_to_both_texts(old, new):
    """What was kept and taken away is the old text, what was kept and put in is the new one."""
    pieces = list(changed_words(old, new))
    assert "".join(piece.text for piece in pieces if piece.change != "added") == old
    assert "".join(piece.text for piece in pieces if piece.change != "removed") == new


def test_whole_words_are_marked_together():
    """Words that changed side by side are one change, and a long unchanged text is cut short around it."""
    pieces = list(changed_words("the red old star " + "far " * 50, "the blue new star " + "far " * 50))
    assert [piece.text for piece in pieces[:3]] == ["the ", "red old", "blue new"]
    address = changed_words("day/the-red-star/", "day/the-blue-moon/")
    assert [piece.text for piece in address] == ["day/the-", "red-star", "blue-moon", "/"]
    assert list(abridged(pieces))[-1].text.endswith("...")


def test_a_large_difference_is_never_whole_in_memory(tmp_path):
    """Twice as many entries that differ take no more memory at one time: their texts come a piece at a time."""
    letters = "".join(map(chr, range(97, 123))) * 100

    def most(entries):
        full = {f"{number:06}": (f"{number} {letters}", ["x"]) for number in range(entries)}
        found = compare(_table(tmp_path / "old", {}), _table(tmp_path / "new", full), COLUMNS)
        tracemalloc.start()
        try:
            assert sum(len(change.fields["title"][1]) for change in found.changes()) > entries * len(letters)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = most(3 * PIECE), most(6 * PIECE)
    assert many < 1.2 * few
    assert many < 3 * PIECE * len(letters)
