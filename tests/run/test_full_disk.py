"""A disk that runs full in the middle of a run: one message, nothing lost, and with room the next run completes.

The disk is a small file system in memory, in a mount namespace of the test's own.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import subprocess
import sys

import pytest

from apod_pipeline.dataset.spans import Span

FULL, ROOMY = "$SIZE", "64m"
RUN = '"$PYTHON" -m apod_pipeline.cli run --from $FIRST --to $LAST'
# The disk lives as long as the shell: what is on it is copied out at the end. A remount names `tmpfs`, or mount(8)
# would say the user and group of the first one again, which are others in a user namespace.
ARCHIVE_ON_IT = f"""
mount -t tmpfs -o size={FULL},mode=755 tmpfs "$DISK" || exit 77
{RUN} >&2; echo "first $?"; df -B1 --output=avail "$DISK" | tail -1
mount -o remount,size={ROOMY} tmpfs "$DISK"
{RUN} >&2; echo "second $?"
cp -a "$DISK/." "$OUT"
"""
REMOTE_ON_IT = f"""
mount -t tmpfs -o size={FULL},mode=755 tmpfs "$DISK" || exit 77
{RUN} >&2; echo "first $?"; find "$DISK" -type f | wc -l
umount "$DISK"; chmod 0 "$DISK"; mount --bind -o ro "$OUT" "$DISK"; mount -o remount,ro,bind "$DISK"
{RUN} >&2; echo "vanished $?"
umount "$DISK"; mount -t tmpfs -o size={ROOMY},mode=755 tmpfs "$DISK"
{RUN} >&2; echo "second $?"
cp -a "$DISK/." "$OUT"
"""

# A file system that has bytes left, and no files: many can hold only so many.
NO_FILES = f"""
mount -t tmpfs -o size={ROOMY},mode=755,nr_inodes={FULL} tmpfs "$DISK" || exit 77
{RUN} >&2; echo "first $?"
mount -o remount,nr_inodes=10000 tmpfs "$DISK"
{RUN} >&2; echo "second $?"
cp -a "$DISK/." "$OUT"
"""
# Somebody else fills the disk when DVC has begun, and has seen that there was room; the run stands still meanwhile.
FILLED_UNDER_DVC = f"""
set -m
mount -t tmpfs -o size={ROOMY},mode=755 tmpfs "$DISK" || exit 77
{RUN} >&2 & until [ -e "$DISK/archive/{FULL}" ] || ! kill -0 $!; do sleep 0.002; done; kill -STOP -$!
used() {{ df --output=$1 "$DISK" | tail -1 | tr -d " "; }}
fill() {{ mount -o remount,nr_inodes=$(used iused),size=$(used used)k tmpfs "$DISK" 2>/dev/null; }}
until fill || ! kill -0 $!; do true; done; kill -CONT -$!
wait -f $!; echo "first $?"
mount -o remount,nr_inodes=10000,size={ROOMY} tmpfs "$DISK"
{RUN} >&2; echo "second $?"
cp -a "$DISK/." "$OUT"
"""
# All is tracked and pushed; then Git finds room for so many files.
FILLED_UNDER_GIT = f"""
mount -t tmpfs -o size={ROOMY},mode=755 tmpfs "$DISK" || exit 77
APOD_KILL_AT=dvc-pushed {RUN} >&2; echo "killed $?"
mount -o remount,nr_inodes=$(($(df --output=iused "$DISK" | tail -1) + {FULL})) tmpfs "$DISK"
"$PYTHON" -c "$COMMIT" >&2; echo "first $?"
mount -o remount,nr_inodes=10000 tmpfs "$DISK"
{RUN} >&2; echo "second $?"
cp -a "$DISK/." "$OUT"
"""
COMMIT = """
import os, sys
from apod_pipeline.errors import ApodError
from apod_pipeline.settings import resolve
from apod_pipeline.run.steps import Steps
from apod_pipeline.wiring import pipeline
try:
    with pipeline(resolve({}, os.environ, None)) as wired:
        Steps(wired, "a_run").commit()
except ApodError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def shell(lab, tmp_path, span):
    """Runs a script in a mount namespace; gives what it echoed, what was said, and where the disk was copied to."""
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    out.mkdir()

    def run(script: str, size: str) -> tuple[dict[str, int], str]:
        more = {"DISK": str(disk), "OUT": str(out), "SIZE": size, "PYTHON": sys.executable, "COMMIT": COMMIT}
        environment = lab.environment(FIRST=str(span.first), LAST=str(span.last), **more)
        as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
        words = ["unshare", *as_root, "--mount", "--propagation", "private", "bash", "-c", script]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode == 77 or "unshare" in done.stderr:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()[:100]}")
        codes = dict(line.split() for line in done.stdout.splitlines() if " " in line.strip())
        return {name: int(code) for name, code in codes.items()}, done.stderr

    return disk, out, run


@pytest.mark.parametrize("size", ["80k", "320k", "560k", "760k", "1400k"])
def test_archive_on_a_full_disk(lab, shell, undisturbed, span, size):
    """Full at a reply, at the ledger, at the files or before DVC: told in one line; afterwards all is as if never."""
    disk, out, run = shell
    lab.root = disk / "archive"
    lab.flags = {"dvc_remote": str(out.parent / "objects")}
    codes, said = run(ARCHIVE_ON_IT, size)
    assert codes == {"first": 1, "second": 0}, said
    first = said.partition("new, ")[0]
    assert "Traceback" not in said
    assert "space left" in first
    assert "free some space" in first
    _is_as_undisturbed(lab, out, undisturbed, span)


def _is_as_undisturbed(lab, out, undisturbed, span):
    after = dataclasses.replace(lab, root=out / "archive")
    assert after.files() == undisturbed(span)[0]
    assert after.tables() == undisturbed(span)[1]
    assert (after.commits(), after.versions(), after.git("status", "--porcelain")) == (1, 1, "")


@pytest.mark.parametrize("files", ["20", "45", "60", "150"])
def test_archive_on_a_disk_without_files(lab, shell, undisturbed, span, files):
    """No file more at Git's folder, at a reply, at the tables or before DVC: told at once, afterwards as if never."""
    disk, out, run = shell
    lab.root = disk / "archive"
    lab.flags = {"dvc_remote": str(out.parent / "objects")}
    codes, said = run(NO_FILES, files)
    assert codes == {"first": 1, "second": 0}, said
    assert "Traceback" not in said
    assert "space left" in said.partition("new, ")[0]
    _is_as_undisturbed(lab, out, undisturbed, span)


@pytest.mark.parametrize("sight", [".dvc/config", ".apod/dvc", "data/raw.dvc"])
def test_disk_that_is_filled_while_dvc_is_at_work(lab, shell, undisturbed, span, sight):
    """There was room when DVC began, and there is none any more: it does not wait without end, and all is made good."""
    disk, out, run = shell
    lab.root = disk / "archive"
    lab.flags = {"dvc_remote": str(out.parent / "objects")}
    codes, said = run(FILLED_UNDER_DVC, sight)
    assert codes == {"first": 1, "second": 0}, said
    assert "Traceback" not in said
    assert "type the same command again" in said.partition("new, ")[0]
    _is_as_undisturbed(lab, out, undisturbed, span)


@pytest.mark.parametrize("kept", [0, 9, 50, -1])
def test_pointer_that_was_written_in_part(lab, undisturbed, span, kept):
    """A `.dvc` file that a full disk or a lost power cut short is made anew by the next run."""
    early = Span(span.first, span.first + dt.timedelta(days=9))
    lab.filled(early)
    for path in (lab.archive.raw, lab.archive.csv):
        pointer = path.with_name(f"{path.name}.dvc")
        pointer.write_bytes(pointer.read_bytes()[:kept])
    lab.run(span)
    assert (lab.files(), lab.tables()) == undisturbed(span)
    assert (lab.commits(), lab.git("status", "--porcelain")) == (2, "")


@pytest.mark.parametrize("files", ["0", "5", "15"])
def test_disk_that_is_filled_before_git_is_at_work(lab, shell, undisturbed, span, files):
    """No file more for an object, the index or a branch of Git's: its words are told, and the next run commits."""
    disk, out, run = shell
    lab.root = disk / "archive"
    lab.flags = {"dvc_remote": str(out.parent / "objects")}
    codes, said = run(FILLED_UNDER_GIT, files)
    assert codes == {"killed": 137, "first": 1, "second": 0}, said
    assert "Traceback" not in said
    assert "space left" in said.partition("new, ")[0]
    _is_as_undisturbed(lab, out, undisturbed, span)


def test_remote_that_is_full_then_gone_then_new(lab, shell, undisturbed, span):
    """Half of the objects fit, then the remote vanishes, then there is an empty one: nothing is committed before."""
    disk, out, run = shell
    lab.flags = {"dvc_remote": str(disk / "objects")}
    codes, said = run(REMOTE_ON_IT, "300k")
    assert codes == {"first": 1, "vanished": 1, "second": 0}, said
    assert "Traceback" not in said
    assert said.count("Nothing was committed") == 2
    assert lab.files() == undisturbed(span)[0]
    assert lab.commits() == 1
    lab.flags = {"dvc_remote": str(out / "objects")}
    checks = json.loads(lab.command("verify", "--json").stdout)["checks"]
    assert next(check["well"] for check in checks if check["what"] == "DVC remote")
