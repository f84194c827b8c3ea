"""DVC in a process of its own: the same objects and hashes, and no end of one process without the other noticing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apod_pipeline.archive.folder import Archive
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.errors import VersioningError
from apod_pipeline.versioning.dvc import DvcVersioner, tracked_hash
from apod_pipeline.versioning.dvc_process import DvcProcess
from patience import until

OPENING = """
import sys
from pathlib import Path
from apod_pipeline.archive.folder import Archive
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.versioning.dvc import DvcVersioner
made = []
sys.addaudithook(lambda event, told: made.append(told[0]) if event == "os.mkdir" else None)
for root in sys.argv[2:]:
    versioner = DvcVersioner(Archive(Path(root), DATA_SET), sys.argv[1])
    with versioner.repository("opening"):
        versioner.close()
print(*made)
"""


@pytest.fixture
def tracked(lab, span):
    """An archive with one version, and where its objects lie."""
    lab.run(span)
    return lab, str(lab.root.with_name(f"{lab.root.name}-remote"))


def test_another_process_tracks_the_same(tracked):
    """What the child tracks has the hashes that this process gives it, and finish tells the CSV's."""
    lab, remote = tracked
    expected = [tracked_hash(path) for path in (lab.archive.raw, lab.archive.csv, lab.archive.parquet)]
    for path in (lab.archive.raw, lab.archive.csv, lab.archive.parquet):
        Path(f"{path}.dvc").unlink()
    dvc = DvcProcess(lab.archive, remote)
    dvc.track_replies()
    dvc.track_files()
    assert dvc.finish() == expected[1]
    assert [tracked_hash(path) for path in (lab.archive.raw, lab.archive.csv, lab.archive.parquet)] == expected
    dvc.close()


def test_nothing_is_made_beside_an_archive(tracked, tmp_path):
    """DVC opens a new archive, and a clone, without a folder in its usual place, which a container may not have."""
    lab, remote = tracked
    new, clone = tmp_path / "new", tmp_path / "clone"
    subprocess.run(["git", "init", "-q", "-b", "main", new], check=True)
    subprocess.run(["git", "clone", "-q", lab.root, clone], check=True)
    words = [sys.executable, "-c", OPENING, remote, str(new), str(clone)]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    assert any(path.startswith(str(clone)) for path in told)
    assert [path for path in told if not path.startswith(str(tmp_path))] == []


def test_one_archive_at_a_time_in_a_process(tracked, tmp_path):
    """DVC's variables are the whole process's: a second archive waits, and afterwards they are what they were."""
    lab, remote = tracked
    subprocess.run(["git", "clone", "-q", lab.root, tmp_path / "clone"], check=True)
    first, second = DvcVersioner(lab.archive, remote), DvcVersioner(Archive(tmp_path / "clone", DATA_SET), remote)
    before, inside, left = dict(os.environ), threading.Event(), threading.Event()

    def other():
        with second.repository("look"):
            inside.set()
            assert left.wait(30)

    with ThreadPoolExecutor(1) as beside:
        with first.repository("look"):
            done = beside.submit(other)
            assert not inside.wait(0.5)
        left.set()
        done.result()
    for one in (first, second):
        one.close()
    assert {name: os.environ.get(name) for name in before} == before
    assert {name for name in os.environ if name.startswith("DVC_")} <= {*before, "DVC_NO_ANALYTICS"}


def test_two_versions_in_one_run_are_both_tracked(tracked):
    """After finish everything is tracked anew: the second version's bytes, not the first one's."""
    lab, remote = tracked
    for versioner in (DvcProcess(lab.archive, remote), DvcVersioner(lab.archive, remote)):
        hashes = []
        for line in (b"one\n", b"two\n"):
            lab.archive.csv.write_bytes(line)
            versioner.track_replies()
            versioner.track_files()
            versioner.track_files()
            hashes.append(versioner.finish())
        versioner.close()
        assert hashes == ["5bbf5a52328e7439ae6e719dfe712200", "c193497a1a06b2c72230e6146ff47080"]


def test_an_error_of_the_child_is_told_in_the_familys_words(tracked):
    """A file that is gone cannot be tracked: the message is that of this process, and the child goes on."""
    lab, remote = tracked
    content = lab.archive.csv.read_bytes()
    lab.archive.csv.unlink()
    dvc = DvcProcess(lab.archive, remote)
    dvc.track_files()
    with pytest.raises(VersioningError, match="Nothing was committed"):
        dvc.finish()
    lab.archive.csv.write_bytes(content)
    dvc.track_files()
    assert dvc.finish() == tracked_hash(lab.archive.csv)
    dvc.close()


def test_a_child_that_is_killed_is_missed(tracked):
    """The system may take DVC's process away: the run says so, commits nothing, and the next one completes."""
    lab, remote = tracked
    dvc = DvcProcess(lab.archive, remote)
    dvc.track_replies()
    os.kill(dvc.child, signal.SIGKILL)
    with pytest.raises(VersioningError, match=r"as if killed.*Nothing was committed"):
        dvc.finish()
    dvc.track_files()
    assert dvc.finish() == tracked_hash(lab.archive.csv)
    dvc.close()


def test_a_child_does_not_outlive_its_parent(tracked, tmp_path):
    """SIGKILL to the parent in the middle of DVC's work: the child is gone soon after, and leaves no lock behind."""
    lab, remote = tracked
    code = (
        "import sys, time; from pathlib import Path; from apod_pipeline.archive.folder import Archive;"
        "from apod_pipeline.datasets.apod import DATA_SET;"
        "from apod_pipeline.versioning.dvc_process import DvcProcess;"
        f"dvc = DvcProcess(Archive(Path({str(lab.root)!r}), DATA_SET), {remote!r});"
        "[dvc.track_replies(), dvc.track_files()]; print(dvc.child, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2])
    assert lab.run().exit_code == 0
    nasa_day = lab.nasa.today
    lab.nasa.edit(nasa_day, title="Told Anew")
    assert lab.run().version


def test_a_child_that_was_asked_nothing_ends_with_its_parent(tracked):
    """Closing lets a child end that still imports, and says nothing of it."""
    lab, remote = tracked
    dvc = DvcProcess(lab.archive, remote)
    dvc.track_replies()
    child = dvc.child
    dvc.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    dvc.close()


@pytest.mark.parametrize("left", ["nothing", ".dvc", ".dvc/config", ".dvc/.gitignore"])
def test_an_init_that_was_killed_half_way_is_done_again(lab, span, undisturbed, left):
    """Whatever a killed `dvc init` has left behind, the next run tracks, ignores and commits as ever."""
    lab.filled(Span(span.last, span.last))
    expected = {name: (lab.root / name).read_text() for name in (".dvc/config", ".dvc/.gitignore", ".dvcignore")}
    shutil.rmtree(lab.root / ".dvc")
    (lab.root / ".dvcignore").unlink()
    if left != "nothing":
        (lab.root / ".dvc").mkdir()
    if left == ".dvc/config":
        (lab.root / left).touch()
    if left == ".dvc/.gitignore":
        (lab.root / ".dvc/config").touch()
        (lab.root / left).write_text("/config.local\n")
    lab.run(span)
    assert {name: (lab.root / name).read_text() for name in expected} == expected
    assert lab.files() == undisturbed(span)[0]
    assert lab.git("status", "--porcelain") == ""
