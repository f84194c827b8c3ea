"""A user's own DVC settings, and those that come with a pull, decide nothing in an archive."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.jobs.verify import verify
from apod_pipeline.settings import resolve
from apod_pipeline.settings.resolving import settings_of
from apod_pipeline.versioning.dvc import DvcVersioner
from apod_pipeline.versioning.dvc_process import DvcProcess
from apod_pipeline.versioning.git import Git, GitFailed

FIRST = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 6))
NEXT = Span(dt.date(2018, 12, 7), dt.date(2018, 12, 9))
SETTINGS = {
    "cache.dir": "[cache]\ndir = {home}/cache\n",
    "cache.type": "[cache]\ntype = symlink\nshared = group\n",
    "hardlink_lock": "[core]\nhardlink_lock = true\nno_scm = true\n",
    "a remote of our name": "['remote \"storage\"']\nurl = {home}/elsewhere\nverify = true\n[core]\nremote = other\n",
    "a remote of another kind": "['remote \"storage\"']\nurl = s3://bucket/apod\nprofile = mine\n",
    "no DVC": "this is [no configuration\n",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's home, where DVC looks for the user's configuration."""
    for name in [name for name in os.environ if name.startswith("DVC_") and "CONFIG" in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "home" / "system"))
    return tmp_path / "home"


def _set(folder, text):
    (folder / "dvc").mkdir(parents=True)
    (folder / "dvc" / "config").write_text(text.format(home=folder.parent))


def _defects(lab):
    return [(check.what, check.says) for check in verify(resolve(lab.all_flags(), {}, None)) if not check.well]


@pytest.mark.parametrize(("what", "level"), [*((what, ".config") for what in SETTINGS), ("cache.dir", "system")])
def test_no_dvc_setting_of_the_user_reaches_an_archive(lab, home, what, level):
    """Whatever the user's or the machine's own configuration says: versions, remote and audit are as without it."""
    _set(home / level, SETTINGS[what])
    assert lab.run(FIRST).version
    assert lab.run(NEXT).version
    assert _defects(lab) == []
    assert not any((home / name).exists() for name in ("cache", "elsewhere"))
    assert not lab.archive.csv.is_symlink()


def test_it_reaches_neither_the_process_that_a_run_begins(lab, home):
    """The same for `apod run` as it is typed, where DVC is another process."""
    _set(home / ".config", SETTINGS["cache.dir"] + SETTINGS["hardlink_lock"])
    done = lab.command("run", "--from", str(FIRST.first), "--to", str(FIRST.last))
    assert done.returncode == 0, done.stderr
    assert _defects(lab) == []
    assert not (home / "cache").exists()


def test_a_dvc_that_is_typed_in_the_archive_agrees(lab, home):
    """The archive's own files say the same: `dvc status --cloud` finds all, with the user's settings in force."""
    _set(home / ".config", SETTINGS["cache.dir"] + SETTINGS["hardlink_lock"])
    lab.run(FIRST)
    words = [sys.executable, "-m", "dvc", "status", "--cloud", "data/raw.dvc", "data/processed/apod_data.csv.dvc"]
    told = subprocess.run(words, cwd=lab.root, capture_output=True, text=True, check=True)
    assert "Cache and remote 'storage' are in sync" in told.stdout
    assert not (home / "cache").exists()


@pytest.mark.parametrize(
    "option", ["endpointurl = http://127.0.0.1:9", "bearer_token_command = touch ran", "ssl_verify = false"]
)
def test_what_a_pull_says_of_the_remote_is_named_and_not_followed(lab, caplog, option):
    """Beside the address, `.dvc/config` may name hosts, commands and files: none of it is followed, all of it named."""
    lab.run(FIRST)
    config = lab.root / ".dvc" / "config"
    scheme = "webdavs" if "bearer" in option else "s3"
    config.write_text(re.sub("url = .*", f"url = {scheme}://evil.example/apod\n    {option}", config.read_text()))
    versioner = DvcVersioner(lab.archive, f"{scheme}://mine/apod")
    with versioner.repository("open") as repo:
        with repo.lock:
            repo._reset()  # as DVC does before and after each of its steps: it reads everything anew
        held = repo.config["remote"]
    versioner.close()
    name = option.partition(" ")[0]
    assert set(held) == {"storage"}
    assert held["storage"]["url"] == f"{scheme}://mine/apod"
    assert name not in held["storage"]
    assert f"dvc remote modify --local storage {name} VALUE" in caplog.text


def test_what_this_machine_says_of_the_remote_is_kept(lab, home):
    """Options in `.dvc/config.local`, where keys and hosts of a remote belong, are in force after every run."""
    lab.run(FIRST)
    words = [sys.executable, "-m", "dvc", "remote", "modify", "--local", "storage", "verify", "true"]
    subprocess.run(words, cwd=lab.root, check=True, capture_output=True)
    lab.run(NEXT)
    assert "verify = true" in (lab.root / ".dvc" / "config.local").read_text().lower()
    versioner = DvcVersioner(lab.archive, str(lab.root.with_name("archive-remote")))
    with versioner.repository("open") as repo:
        assert repo.config["remote"]["storage"]["verify"] is True
    versioner.close()


def test_neither_file_is_written_twice(lab):
    """A second version leaves DVC's two files alone: nothing in them depends on the run."""
    lab.run(FIRST)
    files = [lab.root / ".dvc" / name for name in ("config", "config.local")]
    before = [path.stat().st_mtime_ns for path in files]
    lab.run(NEXT)
    assert [path.stat().st_mtime_ns for path in files] == before
    assert lab.git("log", "--format=%h", "--", ".dvc/config").count("\n") == 0


def test_the_child_knows_no_database_and_no_key(lab, monkeypatch):
    """What DVC's process may read of its own environment holds neither the database's address nor NASA's key."""
    word = "hunter2"
    addresses = ("APOD_DATABASE_URL", "APOD_READ_DATABASE_URL", "AIRFLOW_CONN_APOD_POSTGRES")
    secrets = dict.fromkeys([*addresses, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"], f"postgresql://me:{word}@db/x")
    secrets |= {one.variable: word for one in settings_of("apod") if one.secret}
    secrets["PGPASSWORD"] = word
    lab.run(FIRST)
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_PROFILE", "mine")
    dvc = DvcProcess(lab.archive, str(lab.root.with_name("archive-remote")))
    dvc.track_replies()
    dvc.finish()
    held = Path(f"/proc/{dvc.child}/environ").read_bytes()
    dvc.close()
    assert b"hunter2" not in held
    assert b"AWS_PROFILE=mine" in held


def test_what_git_starts_knows_none_either(lab, tmp_path, monkeypatch):
    """An ssh that Git begins for a remote has neither the database's address nor NASA's key; it has what ssh needs."""
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\nenv >{tmp_path}/held\nexit 1\n")
    ssh.chmod(0o700)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    monkeypatch.setenv("SSH_AUTH_SOCK", "/mine")
    for name in [one.variable for one in settings_of("apod") if one.secret]:
        monkeypatch.setenv(name, "hunter2")
    with pytest.raises(GitFailed):
        Git(tmp_path).run("ls-remote", "ssh://nobody@127.0.0.1/none")
    held = (tmp_path / "held").read_text()
    assert "hunter2" not in held
    assert "SSH_AUTH_SOCK=/mine" in held
