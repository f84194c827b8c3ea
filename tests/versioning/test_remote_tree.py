"""What of another archive's commit may come in: only an archive of the same data set, and nothing that orders."""

from __future__ import annotations

import subprocess

import pytest

from apod_pipeline.archive.folder import Archive
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.errors import SettingsError
from apod_pipeline.versioning.git import Git
from apod_pipeline.versioning.remote_tree import see_that_it_is_an_archive

POINTER = "outs:\n- md5: 0123456789abcdef0123456789abcdef\n  size: 1\n  hash: md5\n  path: {}\n"
WHOLE = {
    "data/ledger/versions.jsonl": "{}\n",
    "data/raw.dvc": "outs:\n- md5: 0123456789abcdef.dir\n  size: 1\n  nfiles: 1\n  hash: md5\n  path: raw\n",
    "data/processed/apod_data.csv.dvc": POINTER.format("apod_data.csv"),
    "apod.toml": "",
}


@pytest.fixture
def judged(tmp_path):
    """Commits files (text, or `-> target` for a link) into a repository, and has the commit judged."""
    root = tmp_path / "there"
    root.mkdir()

    def git(*words):
        subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)

    def judge(files):
        git("init", "-q", "-b", "main", ".")
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            if text.startswith("-> "):
                (root / path).symlink_to(text.removeprefix("-> "))
            else:
                (root / path).write_text(text)
            git("add", "-f", "--", path)
        git("-c", "user.name=I", "-c", "user.email=i@example.org", "commit", "-q", "--allow-empty", "-m", "One")
        see_that_it_is_an_archive(Git(root), "HEAD", Archive(tmp_path / "here", DATA_SET), "ssh://host/there")

    return judge


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"notes.md": "mine", "odd \u00e4 [name].txt": "x", "data/notes.md": "mine"},
        {"link.md": "-> notes.md"},
        {"data/processed/neows_data.csv.dvc": POINTER.format("neows_data.csv")},
    ],
    ids=["as we make it", "a user's files", "a user's link", "another data set beside"],
)
def test_an_archive_of_the_same_data_set_is_let_in(judged, more):
    """What our code makes, whatever a user committed beside it, is an archive of ours."""
    judged(WHOLE | more)


def test_a_ledger_alone_is_an_archive(judged):
    """An archive to which every day was refused has a ledger, and no data yet."""
    judged({"data/ledger/replies-2026-01.jsonl": "{}\n"})


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"README.md": "# apod\n", "LICENSE": "MIT\n"}, "LICENSE, README.md: that is not an archive"),
        ({}, "nothing: that is not an archive"),
        ({"data/apod.csv": "date\n", "src/x.py": ""}, "data/, src/"),
        (
            {
                "data/ledger/versions.jsonl": "{}\n",
                "data/processed/neows_data.csv.dvc": POINTER.format("neows_data.csv"),
            },
            "another data set",
        ),
    ],
    ids=["a forge's README", "nothing", "somebody's project", "another data set"],
)
def test_a_stranger_is_named_with_what_it_holds(judged, files, named):
    """Anything else is refused as wrong settings, with what was found and what to type."""
    with pytest.raises(SettingsError, match=r"Nothing was touched, here or there.*git init --bare") as told:
        judged(files)
    assert named in str(told.value)
    assert "ssh://host/there" in str(told.value)


ORDERS = {
    "a path": {"data/raw.dvc": POINTER.format("../../../elsewhere")},
    "a path in a list": {"data/raw.dvc": "outs: [{md5: 0123456789abcdef0123456789abcdef, path: ../../elsewhere}]\n"},
    "an anchor": {"data/raw.dvc": POINTER.format("raw").replace("outs:", "outs: &a")},
    "two paths": {"data/raw.dvc": POINTER.format("raw") + "- md5: 01234567\n  path: raw\n"},
    "a command": {"data/raw.dvc": POINTER.format("raw") + "cmd: touch /tmp/x\n"},
    "a folder": {"data/raw.dvc": POINTER.format("raw") + "wdir: ../..\n"},
    "a source": {"data/processed/apod_data.csv.dvc": POINTER.format("apod_data.csv") + "deps:\n- path: /etc/passwd\n"},
    "settings of DVC": {".dvc/config.local": "[cache]\n    dir = /elsewhere\n"},
    "an object": {".dvc/cache/files/md5/01/23": "x"},
    "secrets": {".env": "NASA_API_KEY=x\n"},
    "another's state": {".apod/progress.json": "{}"},
    "a linked folder": {"data/reports": "-> /etc"},
    "a linked file": {"data/ledger/lost.jsonl": "-> /etc/passwd"},
    "linked settings": {".gitignore": "-> /etc/passwd"},
    "a name in two lines": {"data/processed/a\nb.dvc": POINTER.format("a")},
}


@pytest.mark.parametrize("orders", ORDERS.values(), ids=ORDERS)
def test_what_would_order_something_is_refused(judged, orders):
    """Settings, secrets, and whatever leads elsewhere: the file is named, and nothing comes in."""
    with pytest.raises(SettingsError, match=r"are not taken over\. Nothing was touched") as told:
        judged(WHOLE | orders)
    assert next(iter(orders)) in str(told.value)
