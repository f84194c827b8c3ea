"""What comes with a clone is data: settings, links and addresses in it decide nothing on this machine."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from apod_pipeline.archive.folder import Archive
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.errors import SettingsError, VersioningError
from apod_pipeline.recovery.partial import cloned
from apod_pipeline.versioning.dvc import DvcVersioner
from lab import KEY


def _push(past, tmp_path, change):
    """Somebody who may write to the Git remote commits a change there."""
    work = tmp_path / "strangers"
    git = ["git", "-C", work, "-c", "user.name=s", "-c", "user.email=s@x"]
    subprocess.run(["git", "clone", "-q", past.flags["git_remote"], work], check=True)
    change(work)
    subprocess.run([*git, "add", "-A", "-f"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "an order"], check=True)
    subprocess.run([*git, "push", "-q", "origin", "HEAD:main"], check=True)


def _file(name, text="x = 1\n"):
    def change(work):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)

    return change


def _link(name, target):
    def change(work):
        subprocess.run(["rm", "-rf", work / name], check=True)
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).symlink_to(target)

    return change


ORDERS = {
    ".apod/local.toml": _file(".apod/local.toml"),
    ".apod/progress.json": _file(".apod/progress.json", "{}"),
    ".dvc/config.local": _file(".dvc/config.local"),
    ".dvc/tmp/rwlock": _file(".dvc/tmp/rwlock", "{}"),
    ".env": _file(".env", "APOD_PLANETARY_URL=http://evil.example\n"),
    "data/raw": _link("data/raw", "/etc"),
    "data/ledger/versions.jsonl": _link("data/ledger/versions.jsonl", "/etc/passwd"),
    "apod.toml": _link("apod.toml", "/etc/hostname"),
}


@pytest.mark.parametrize("name", ORDERS)
def test_a_tree_with_orders_in_it_is_not_taken_over(past, tmp_path, name):
    """`recover archive` and a stateless run refuse it, exit code 2, name what it is, and leave nothing behind."""
    _push(past, tmp_path, ORDERS[name])
    there = tmp_path / "there"
    done = past.command("recover", "archive", "--archive", str(there))
    assert done.returncode == 2, done.stderr
    assert name in done.stderr
    assert list(there.iterdir()) == []
    with pytest.raises(SettingsError, match="Nothing was touched"):
        cloned(past.flags["git_remote"], Archive(tmp_path / "passing", DATA_SET))
    assert [path.name for path in (tmp_path / "passing").iterdir()] == [".git"]


@pytest.mark.parametrize("told", ["* text eol=crlf\n", "*.dvc text ident eol=crlf\n"])
def test_attributes_in_a_tree_change_no_byte(past, tmp_path, told):
    """A `.gitattributes` that comes with the clone bends no file: what was recovered is well before any run."""
    _push(past, tmp_path, _file(".gitattributes", told))
    there = dataclasses.replace(past, root=tmp_path / "there")
    done = there.command("recover", "archive", "--archive", str(there.root))
    assert done.returncode == 0, done.stderr
    for file in (there.root / "data" / "ledger").iterdir():
        assert file.read_bytes() == (past.root / "data" / "ledger" / file.name).read_bytes()
    checked = there.command("verify", "--json", "--archive", str(there.root))
    assert [check["what"] for check in json.loads(checked.stdout)["checks"] if not check["well"]] == []


def test_a_dvcignore_hides_no_reply(past):
    """Lines in `.dvcignore` that hide raw replies stop the next version, which would have lost them, and are named."""
    with (past.root / ".dvcignore").open("a") as file:
        file.write("/data/raw/*\n")
    days = Span(dt.date(2018, 12, 27), dt.date(2018, 12, 28))
    with pytest.raises(VersioningError, match="dvcignore"):
        past.run(days)
    before = past.commits()
    ignored = past.root / ".dvcignore"
    ignored.write_text(ignored.read_text().replace("/data/raw/*\n", ""))
    assert past.run(days).version
    assert past.commits() == before + 1
    checked = past.command("verify", "--json")
    assert [check["what"] for check in json.loads(checked.stdout)["checks"] if not check["well"]] == []


def test_a_version_with_a_dotenv_in_it_can_be_given_back(past, tmp_path):
    """What somebody committed beside the data, a `.env` too, keeps no version of one's own from being restored."""
    (past.root / ".env").write_text("APOD_LOOKBACK=3\n")
    past.git("add", "-f", ".env")
    past.git("-c", "user.name=s", "-c", "user.email=s@x", "commit", "-q", "-m", "mine")
    done = past.command("restore", "--as-of", "HEAD", "--to", str(tmp_path / "then"))
    assert done.returncode == 0, done.stderr


def test_a_users_own_files_and_links_are_no_orders(past, tmp_path):
    """Notes, and a link among them, that somebody keeps beside the data do not stand in a recovery's way."""
    _push(past, tmp_path, lambda work: (_file("notes/mine.md")(work), _link("notes/link.md", "mine.md")(work)))
    done = past.command("recover", "archive", "--archive", str(tmp_path / "there"))
    assert done.returncode == 0, done.stderr


def _names_remote(address):
    def change(work):
        config = work / ".dvc" / "config"
        lines = [f"    url = {address}" if "url =" in line else line for line in config.read_text().splitlines()]
        config.write_text("\n".join(lines) + "\n")

    return change


@pytest.mark.parametrize("address", ["/etc", "s3://evil/apod", "../../../../etc", "http://127.0.0.1:9/x"])
def test_a_dvc_remote_that_a_clone_names_is_named_and_not_followed(past, tmp_path, address):
    """Where none is set here, an address elsewhere stops a recovery, exit code 2; the folder is as it was."""
    _push(past, tmp_path, _names_remote(address))
    there = tmp_path / "there"
    done = past.command("recover", "archive", "--archive", str(there), APOD_DVC_REMOTE="")
    assert done.returncode == 2, done.stderr
    assert "export APOD_DVC_REMOTE=" in done.stderr
    assert list(there.iterdir()) == []


def test_what_the_message_says_recovers(past, tmp_path):
    """The line that the refusal names is typed as it stands, and the archive is there again."""
    there = tmp_path / "there"
    done = past.command("recover", "archive", "--archive", str(there), APOD_DVC_REMOTE="")
    assert done.returncode == 2, done.stderr
    typed = done.stderr.strip().partition("type: ")[2]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = past.environment() | {"APOD_DVC_REMOTE": "", "PATH": path}
    again = subprocess.run(["sh", "-c", typed], env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert dataclasses.replace(past, root=there).files() == past.files()


def test_a_folder_beside_the_archive_is_followed(lab, tmp_path):
    """The usual place of the objects, beside the archive: a recovery in the same place needs no word about it."""
    bare = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True)
    lab.flags = {"git_remote": str(bare)}
    lab.run()
    other = dataclasses.replace(lab, root=tmp_path / "other")
    done = other.command("recover", "archive", "--archive", str(other.root))
    assert done.returncode == 0, done.stderr
    assert other.files() == lab.files()


def test_a_host_in_a_pulled_apod_toml_gets_no_key(past, tmp_path):
    """`planetary_url` in the remote's apod.toml: recovered and run, every request goes where this machine says."""
    evil = "http://127.0.0.1:9"
    _push(past, tmp_path, _file("apod.toml", f'planetary_url = "{evil}"\nscience_url = "{evil}"\n'))
    there = dataclasses.replace(past, root=tmp_path / "there")
    done = there.command("recover", "archive", "--archive", str(there.root))
    assert done.returncode == 0, done.stderr
    ran = there.command("run", "--date", "2018-12-20", "--source", "planetary")
    assert ran.returncode == 0, ran.stderr
    shown = there.command("config", "--json", APOD_PLANETARY_URL="", APOD_SCIENCE_URL="")
    assert f"export APOD_PLANETARY_URL={evil}" in shown.stderr
    assert shown.stderr.count("APOD_PLANETARY_URL") == 2
    assert f'"{evil}"' not in shown.stdout
    assert KEY not in shown.stdout + shown.stderr


def test_dvcs_own_file_from_a_pull_stops_before_dvc_reads_it(past):
    """A `.dvc/config.local` that Git tracks may name commands: nothing is opened, and what is typed mends it."""
    past.git("add", "-f", ".dvc/config.local")
    versioner = DvcVersioner(past.archive, past.flags["dvc_remote"])
    with pytest.raises(VersioningError, match=r"config\.local is tracked") as caught, versioner.repository("open"):
        pass
    typed = str(caught.value).partition("type: ")[2]
    names = {f"GIT_{role}_{what}": "a@x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    past.git("-c", "user.name=s", "-c", "user.email=s@x", "commit", "-q", "-m", "an order")
    subprocess.run(["sh", "-c", typed], check=True, env=os.environ | names)
    with versioner.repository("open"):
        versioner.close()


def test_an_empty_remote_is_told_and_leaves_nothing(past, tmp_path):
    """`recover archive` from a repository without a commit: exit 2 in words, and the folder is as it was."""
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "empty.git"], check=True)
    there = tmp_path / "there"
    done = past.command("recover", "archive", "--archive", str(there), "--git-remote", str(tmp_path / "empty.git"))
    assert (done.returncode, "is empty" in done.stderr) == (2, True), done.stderr
    assert list(there.iterdir()) == []
