"""A disk that runs full in the middle of a run: one message, nothing lost, and with room the next run completes.

The disk is a small file system in memory, in a mount namespace of the test's own.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest

FULL, ROOMY = "$SIZE", "64m"
RUN = '"$PYTHON" -m apod_pipeline.cli run --from $FIRST --to $LAST'
# The disk lives as long as the shell: what is on it is copied out at the end.
ARCHIVE_ON_IT = f"""
mount -t tmpfs -o size={FULL},mode=755 tmpfs "$DISK" || exit 77
{RUN} >&2; echo "first $?"; df -B1 --output=avail "$DISK" | tail -1
mount -o remount,size={ROOMY} "$DISK"
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


@pytest.fixture
def shell(lab, tmp_path, span):
    """Runs a script in a mount namespace; gives what it echoed, what was said, and where the disk was copied to."""
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    out.mkdir()

    def run(script: str, size: str) -> tuple[dict[str, int], str]:
        more = {"DISK": str(disk), "OUT": str(out), "SIZE": size, "PYTHON": sys.executable}
        environment = lab.environment(FIRST=str(span.first), LAST=str(span.last), **more)
        words = ["unshare", "--mount", "--propagation", "private", "bash", "-c", script]
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
    assert "make room" in first
    after = dataclasses.replace(lab, root=out / "archive")
    assert after.files() == undisturbed(span)[0]
    assert after.tables() == undisturbed(span)[1]
    assert (after.commits(), after.git("status", "--porcelain")) == (1, "")


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
