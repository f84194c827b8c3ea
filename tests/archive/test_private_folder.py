"""What an archive keeps for this machine alone: nobody else gets at it, and what others could write is not believed."""

from __future__ import annotations

import datetime as dt
import os
import pickle
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from apod_pipeline.archive.folder import Archive
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET

pytestmark = pytest.mark.process

FIRST = Span(dt.date(2018, 12, 20), dt.date(2018, 12, 22))
NEXT = Span(dt.date(2018, 12, 23), dt.date(2018, 12, 25))
NOBODY = 65534
AS_NOBODY = (
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
    "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
)  # fmt: skip
CLOSING = (
    "import sys; from pathlib import Path; from apod_pipeline.archive.folder import Archive; "
    "from apod_pipeline.datasets.apod import DATA_SET; Archive(Path(sys.argv[1]), DATA_SET).close_private()"
)
only_root = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs another user")


def _mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def _for_others(folder):
    """What gives anything to users who are neither the owner nor of the group, from a folder downwards."""
    reached = [folder] if _mode(folder) & 0o007 else []
    return reached + [path for path in folder.rglob("*") if reached and _mode(path) & 0o007]


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
def test_after_a_run_nothing_below_the_private_folder_is_for_others(lab, umask):
    """Whatever the umask: `.apod` is the owner's alone, and so are the folders that DVC opens to everybody."""
    lab.root.mkdir(mode=0o755)
    before = os.umask(umask)
    try:
        lab.run(FIRST)
    finally:
        os.umask(before)
    assert _for_others(lab.archive.private) == []
    scratch = lab.archive.private / "dvc"
    assert {_mode(path) for path in (lab.archive.private, scratch, scratch / "repo")} == {0o700}
    assert (scratch / "repo").is_dir()


def test_an_archive_that_its_group_writes_to_is_shared_with_it(lab):
    """Where the archive's own folder is writable by its group, as in the images, so is the private one: by no other."""
    lab.root.mkdir()
    lab.root.chmod(0o775)
    lab.run(FIRST)
    scratch = lab.archive.private / "dvc"
    assert {_mode(path) for path in (lab.archive.private, scratch, scratch / "repo")} == {0o770}


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o707, 0o701])
def test_an_existing_one_is_closed_by_the_next_run(lab, mode):
    """An archive of before, whose private folder gave something to others, is closed at the next run."""
    lab.filled(FIRST)
    lab.archive.private.chmod(mode)
    assert lab.run(NEXT).exit_code == 0
    assert _mode(lab.archive.private) == 0o700


def test_one_that_was_closed_further_is_left_so(lab):
    """A folder that gives less than it might is left as its owner made it."""
    lab.root.mkdir()
    lab.root.chmod(0o775)
    lab.run(FIRST)
    lab.archive.private.chmod(0o700)
    lab.run(NEXT)
    assert _mode(lab.archive.private) == 0o700


class _Runs:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (self.marker,)


def test_what_others_could_have_written_is_not_believed(lab, tmp_path):
    """A value that runs a command, planted in DVC's open scratch as anybody could: it is thrown away unread."""
    lab.filled(FIRST)
    marker, scratch = tmp_path / "ran", lab.archive.private / "dvc"
    planted = 0
    for file in scratch.rglob("cache.db"):
        with sqlite3.connect(file) as caches:
            value = pickle.dumps(_Runs(str(marker)))
            planted += caches.execute("UPDATE Cache SET value = ?, mode = 4, filename = NULL", [value]).rowcount
        caches.close()
    assert planted
    for folder in (lab.archive.private, scratch, scratch / "repo"):
        folder.chmod(0o777)
    assert lab.run(NEXT).exit_code == 0
    assert not marker.exists()


@only_root
def test_one_that_cannot_be_closed_is_told_with_what_its_owner_types(tmp_path):
    """Somebody else's folder that everybody may write to is refused, exit code 2, with the command for its owner."""
    root = tmp_path / "somebody's"
    private = root / ".apod"
    private.mkdir(parents=True)
    private.chmod(0o777)
    words = [*AS_NOBODY, sys.executable, "-c", CLOSING, str(root)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "SettingsError" in done.stderr
    typed = done.stderr.strip().rpartition("type: ")[2]
    subprocess.run(["sh", "-c", typed], check=True)
    assert _mode(private) == 0o700


@only_root
def test_another_users_that_is_for_its_owner_to_write_is_used_for_reading(tmp_path):
    """What others may only read is no danger: who cannot close it goes on."""
    (tmp_path / ".apod").mkdir(mode=0o755)
    words = [*AS_NOBODY, sys.executable, "-c", CLOSING]
    subprocess.run([*words, str(tmp_path)], check=True)
    assert Archive(tmp_path, DATA_SET).exists


def test_settings_may_be_there_before_the_archive(lab):
    """Who writes `.apod/local.toml` first gets an archive like any other from the first run, and the settings count."""
    lab.archive.private.mkdir(parents=True)
    local = lab.archive.private / "local.toml"
    local.write_text('git_author = "Me <me@example.org>"\n')
    local.chmod(0o600)
    lab.run(FIRST)
    assert lab.git("log", "--format=%an") == "Me"
    assert "/.apod/" in lab.git("show", "HEAD:.gitignore")
    assert "preference" in lab.git("show", "HEAD:apod.toml")
    assert lab.git("status", "--porcelain") == ""


SERVING = """
import os, sys
from pathlib import Path
from apod_pipeline.extras.mirror.application import Mirror
from apod_pipeline.settings import resolve
def serve():
    environ = {"APOD_READ_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}
    settings = resolve({"archive": Path(sys.argv[1])}, environ, None)
    Mirror(settings)
    return settings.lookback
print(serve())  # as the owner, which imports what there is to import
os.setgroups([]), os.setgid(65534), os.setuid(65534)
print(serve())
"""


@only_root
def test_who_may_not_look_into_it_can_still_serve_the_archive():
    """Another user's mirror over the archive: the private folder, and settings in it, are as if they were not there."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        archive = Path(name) / "archive"
        Archive(archive, DATA_SET).create_folders()
        (archive / ".apod" / "local.toml").write_text("lookback = 3\n")
        (archive / ".apod" / "local.toml").chmod(0o600)
        words = [sys.executable, "-c", SERVING, str(archive)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3", "10"]


def test_the_archives_own_server_starts_there(lab):
    """PostgreSQL, which runs as another account where root starts it, gets at its folder inside of the closed one."""
    assert lab.run(FIRST, database_url="").inserted == 3
    assert _mode(lab.archive.private) == 0o700
    assert _mode(Path(lab.archive.private, "postgres")) == 0o700
