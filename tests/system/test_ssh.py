"""Versions pushed over ssh: Git's commits and DVC's objects, to an sshd on loopback."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from apod_pipeline.dataset.spans import Span

SSHD = shutil.which("sshd") or next((p for p in ("/usr/sbin/sshd",) if Path(p).exists()), None)
pytestmark = pytest.mark.skipif(
    SSHD is None or shutil.which("ssh") is None, reason="no sshd on this machine; `make test` as root installs it"
)
DAYS = Span(dt.date(2018, 12, 20), dt.date(2018, 12, 31))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def sshd(tmp_path):
    """A real sshd for this user alone: its port, and an environment in which ssh, git and DVC find its keys."""
    home = tmp_path / "home" / ".ssh"
    home.mkdir(parents=True, mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)], check=True)
    port = _free_port()
    (home / "authorized").write_text((home / "user.pub").read_text())
    kind, key, *_ = (home / "host.pub").read_text().split()
    (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
    login = f"Host 127.0.0.1\n  IdentityFile {home / 'user'}\n  UserKnownHostsFile {home / 'known_hosts'}\n"
    (home / "config").write_text(login + "  IdentitiesOnly yes\n  BatchMode yes\n")
    config = home / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {home / 'host'}\nAuthorizedKeysFile {home / 'authorized'}\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n"
        f"PidFile none\nSubsystem sftp internal-sftp\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with (home / "log").open("wb") as log:
        server = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stderr=log)
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert server.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
    yield port, {"HOME": str(home.parent), "GIT_SSH_COMMAND": f"ssh -F {home / 'config'}"}
    server.terminate()
    server.wait(10)


def _remotes(lab, port, tmp_path):
    """Both remotes behind ssh, as the archive's settings; gives the folder in which they lie."""
    there = tmp_path / "there"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(there / "git")], check=True)
    (there / "dvc").mkdir()
    base = f"ssh://{getpass.getuser()}@127.0.0.1:{port}{there}"
    lab.flags = {"git_remote": f"{base}/git", "dvc_remote": f"{base}/dvc"}
    return there


def test_git_and_dvc_push_over_ssh(lab, sshd, tmp_path):
    """Both remotes behind ssh: commit and objects arrive, and a second archive takes them over from there."""
    port, environment = sshd
    there = _remotes(lab, port, tmp_path)
    done = lab.command("run", "--from", str(DAYS.first), "--to", str(DAYS.last), **environment)
    assert done.returncode == 0, done.stderr
    pushed = subprocess.run(
        ["git", "-C", str(there / "git"), "rev-parse", "main"], capture_output=True, text=True, check=True
    )
    assert pushed.stdout.strip() == lab.git("rev-parse", "HEAD")
    objects = [path for path in (there / "dvc").rglob("*") if path.is_file()]
    assert len(objects) >= 4  # the CSV, the Parquet file, the replies' listing and each reply


def test_everything_comes_back_over_ssh(lab, sshd, tmp_path):
    """The whole folder is lost and comes back from remotes behind ssh; what the remote loses is put there again."""
    port, environment = sshd
    there = _remotes(lab, port, tmp_path)
    lab.command("run", "--from", str(DAYS.first), "--to", str(DAYS.last), **environment)
    files, head = lab.files(), lab.git("rev-parse", "HEAD")
    shutil.rmtree(lab.root)
    back = lab.command("recover", "archive", **environment)
    assert back.returncode == 0, back.stderr
    assert (lab.files(), lab.git("rev-parse", "HEAD"), lab.git("status", "--porcelain")) == (files, head, "")
    next(path for path in (there / "dvc").rglob("*") if path.is_file()).unlink()
    missing = lab.command("verify", **environment)
    assert [line.split("  ")[0] for line in missing.stdout.splitlines() if "WRONG" in line] == ["DVC remote"]
    assert lab.command("recover", "remote", **environment).returncode == 0
    assert lab.command("verify", **environment).returncode == 0


def test_a_damaged_object_behind_ssh_is_found_and_mended(lab, sshd, tmp_path):
    """A byte changes where only ssh reaches: a list does not show it, reading does, and what is typed mends it."""
    port, environment = sshd
    there = _remotes(lab, port, tmp_path)
    lab.command("run", "--from", str(DAYS.first), "--to", str(DAYS.last), **environment)
    damaged = max((path for path in (there / "dvc").rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = damaged.read_bytes()
    damaged.chmod(0o644)
    damaged.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    listed = lab.command("verify", **environment)
    assert listed.returncode == 0, listed.stdout
    assert "listed" in listed.stdout
    read = lab.command("verify", "--remote-bytes", "100%", "--json", **environment)
    (wrong,) = [check for check in json.loads(read.stdout)["checks"] if not check["well"]]
    assert damaged.parent.name + damaged.name in wrong["says"].replace(".dir", "")
    mended = lab.command(*wrong["do"].split()[1:], **environment)
    assert mended.returncode == 0, mended.stderr
    assert damaged.read_bytes() == content
    assert lab.command("verify", "--remote-bytes", "100%", **environment).returncode == 0


def test_key_that_ssh_does_not_know_is_told(lab, sshd, tmp_path):
    """An ssh remote that refuses us: the run fails in words, the commit is kept, nobody is asked for a password."""
    port, environment = sshd
    lab.flags = {"git_remote": f"ssh://{getpass.getuser()}@127.0.0.1:{port}{tmp_path}/nothing.git"}
    done = lab.command("run", "--from", str(DAYS.first), "--to", str(DAYS.last), **environment)
    assert done.returncode == 1
    assert "git push" in done.stderr
    assert lab.commits() == 1
