"""Which rows can be written into files."""

from __future__ import annotations

import pytest

from apod_pipeline.archive.row_lines import row_line, writable


@pytest.mark.parametrize("value", ["\ud800", ["x", "\ud800"], {"\ud800": 1}, 10**400])
def test_what_no_file_can_hold(value):
    """Half of a surrogate pair, wherever it stands, a number without end."""
    assert not writable({"key": value})


@pytest.mark.parametrize("value", ["plain", "\\u0000", "\x01", None, 1.5])
def test_what_only_looks_like_it_is_written(value):
    """A backslash and the letters u0000 are words like others."""
    assert writable({"key": value})
    assert row_line({"key": value}).startswith(b'{"key":')
