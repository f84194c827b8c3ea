"""A file is there whole or not at all, a ledger grows by whole lines, and one run at a time holds the archive."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.lines import append_lines, instant, read_lines, timestamp
from apod_pipeline.archive.marks import Marks
from apod_pipeline.archive.writing import replacing, sweep
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.errors import ArchiveBusy, ArchiveDamaged

YEAR_1990 = dt.datetime(1990, 1, 1)  # noqa: DTZ001 - hypothesis puts the zone on
YEAR_2090 = dt.datetime(2090, 1, 1)  # noqa: DTZ001 - hypothesis puts the zone on
HOLD = (
    "import sys; from pathlib import Path; from apod_pipeline.archive.folder import Archive\n"
    "from apod_pipeline.datasets.apod import DATA_SET\n"
    "from apod_pipeline.errors import ArchiveBusy\n"
    "try:\n"
    "    with Archive(Path(sys.argv[1]), DATA_SET).locked():\n"
    "        print('held', flush=True); sys.stdin.read()\n"
    "except ArchiveBusy:\n"
    "    print('busy', flush=True)\n"
)


def _write_and_fail(file, error):
    file.write(b"new, and not yet whole")
    raise error


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


# ---- whole or not at all -------------------------------------------------------------------
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_bytes_and_no_neighbour(tmp_path, error):
    """Whatever ends the writing, the file is what it was and nothing lies beside it."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(error), replacing(path) as file:
        _write_and_fail(file, error)
    assert path.read_bytes() == b"old"
    assert _names(tmp_path) == ["file"]


def test_a_failure_makes_no_file(tmp_path):
    """A file that was not there is not there after a failure either."""
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "new" / "file") as file:
        file.write(bytes([1 // 0]))
    assert _names(tmp_path / "new") == []


def test_the_new_bytes_come_at_the_end(tmp_path):
    """Until the writing has ended everybody reads the old bytes; then the new ones, and nothing lies beside."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert _names(tmp_path) == ["file"]


def test_what_a_kill_left_is_swept(tmp_path):
    """The neighbour of a killed writer is removed, and nothing else."""
    (tmp_path / ".apod_data.csv.partial").write_bytes(b"half")
    (tmp_path / "apod_data.csv").write_bytes(b"whole")
    (tmp_path / ".hidden").write_bytes(b"somebody's")
    sweep(tmp_path)
    assert _names(tmp_path) == [".hidden", "apod_data.csv"]


# ---- lines ---------------------------------------------------------------------------------
SIZES = st.integers(-(1 << 63), (1 << 63) - 1)  # larger numbers would come back as floats; a ledger has none
LINES = st.lists(st.dictionaries(st.text(max_size=5), st.none() | SIZES | st.text(max_size=20), max_size=3), max_size=6)


@settings(max_examples=60)
@given(LINES, LINES, st.data())
def test_a_torn_line_is_cut_off_and_forgotten(before, after, data):
    """A file torn at any byte keeps its whole lines, and goes on with new ones."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger" / "lines.jsonl"
        append_lines(path, before)
        content = path.read_bytes() if path.exists() else b""
        kept = data.draw(st.integers(0, len(content)))
        whole = before[: content[:kept].count(b"\n")]
        if path.exists():
            os.truncate(path, kept)
        assert list(read_lines(path)) == whole
        append_lines(path, after)
        assert list(read_lines(path)) == whole + after


def test_a_line_that_is_no_json_is_told_with_its_number(tmp_path):
    """Damage inside a ledger is no torn line: it is told, with the command that brings the file back."""
    path = tmp_path / "versions.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":\n{"a":3}\n')
    with pytest.raises(ArchiveDamaged, match=r"line 2 is not JSON.*git -C .* checkout -- versions\.jsonl"):
        list(read_lines(path))


def test_a_ledger_that_is_not_there_is_empty(tmp_path):
    """No file, no lines; and nothing to append makes no file."""
    assert list(read_lines(tmp_path / "none.jsonl")) == []
    append_lines(tmp_path / "none.jsonl", [])
    assert _names(tmp_path) == []


def test_letters_stay_letters(tmp_path):
    """A line holds letters as they are, half a character as its escape, and is one line whatever it says."""
    said = {"title": "Äquator \u2028 \r\n \u0085", "half": "\ud83d"}
    append_lines(tmp_path / "l.jsonl", [said])
    content = (tmp_path / "l.jsonl").read_bytes()
    assert "Äquator".encode() in content
    assert content.count(b"\n") == 1
    assert list(read_lines(tmp_path / "l.jsonl")) == [said]


# ---- one writer ----------------------------------------------------------------------------
def _holder(root):
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_the_lock_is_exclusive_in_one_process(tmp_path):
    """A second holder in the same process is refused as any other; an error lets go."""
    archive = Archive(tmp_path, DATA_SET)
    with (
        archive.locked(),
        pytest.raises(ArchiveBusy, match=f"process {os.getpid()}"),
        Archive(tmp_path, DATA_SET).locked(),
    ):
        pass
    with pytest.raises(ZeroDivisionError), archive.locked():
        print(1 // 0)
    with archive.locked():
        pass


@pytest.mark.process
def test_a_killed_holder_lets_go(tmp_path):
    """Another process holds the archive and is named; killed with SIGKILL, it holds nothing any more."""
    archive = Archive(tmp_path, DATA_SET)
    with _holder(tmp_path) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ArchiveBusy, match=f"process {other.pid}") as caught, archive.locked():
            pass
        assert (caught.value.exit_code, caught.value.retryable) == (5, True)
        other.send_signal(signal.SIGKILL)
        other.wait(10)
        with archive.locked():
            pass


@pytest.mark.process
def test_of_several_at_once_one_holds(tmp_path):
    """Four processes that come at the same moment: one holds the archive, three are told that it is busy."""
    others = [_holder(tmp_path) for _ in range(4)]
    said = sorted(other.stdout.readline().strip() for other in others)
    for other in others:
        with other:
            other.stdin.close()
    assert said == ["busy", "busy", "busy", "held"]


# ---- marks and instants --------------------------------------------------------------------
@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b"\xff"])
def test_damaged_progress_is_no_progress(tmp_path, content):
    """Marks that cannot be read are none: everything is made again, nothing fails."""
    archive = Archive(tmp_path, DATA_SET)
    archive.create_folders()
    if content is not None:
        (archive.private / "progress.json").write_bytes(content)
    assert archive.marks() == Marks()
    archive.advance(derived="a")
    archive.advance(pushed="b", derived=None)
    assert archive.marks() == Marks(pushed="b")


@settings(max_examples=50)
@given(st.datetimes(YEAR_1990, YEAR_2090, timezones=st.timezones()))
def test_an_instant_comes_back(moment):
    """What `timestamp` writes is UTC with a Z, and `instant` reads the same moment."""
    text = timestamp(moment)
    assert text.endswith("Z")
    assert instant(text) == moment.astimezone(dt.UTC)


def test_an_archive_is_made_by_its_private_folder(tmp_path):
    """A folder is an archive when its private room is there, wherever the process stands."""
    archive = Archive(tmp_path / "mine", DATA_SET)
    assert not archive.exists
    archive.create_folders()
    assert archive.exists
    assert archive.relative(archive.csv) == "data/processed/apod_data.csv"
    assert json.dumps(archive.relative(archive.incoming)) == '"data/raw/.incoming"'
    assert timestamp(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)) == "2026-01-01T00:00:00Z"


def test_a_torn_instant_is_damage():
    """A byte that was flipped within an instant of the ledger is told as damage, with what to type."""
    with pytest.raises(ArchiveDamaged, match="apod recover ledger"):
        instant("2026-11-27T91:08:00Z")


def test_marks_of_another_kind_are_none(tmp_path):
    """A mark that holds what it should not is as one that was never set; what is not known is kept for who knows it."""
    archive = Archive(tmp_path, DATA_SET)
    archive.private.mkdir()
    (archive.private / "progress.json").write_text('{"entries": "many", "published": 3, "commit": "c", "later": [1]}')
    assert archive.marks() == Marks(commit="c")
    archive.advance(pushed="c")
    assert json.loads((archive.private / "progress.json").read_bytes())["later"] == [1]
