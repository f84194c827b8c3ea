"""How DVC is set up in an archive: with the files that its own command makes, and nothing of it taken away."""

from __future__ import annotations

import subprocess

import pytest

from apod_pipeline.versioning import dvc_settings


@pytest.fixture
def repository(tmp_path):
    """A Git repository without anything in it."""
    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path / "one"], check=True)
    return tmp_path / "one"


def test_the_files_are_those_of_dvc_init(repository, tmp_path):
    """DVC's own command makes the same files, byte for byte, but for the one that names our remote."""
    from dvc.repo import Repo

    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path / "other"], check=True)
    Repo.init(str(tmp_path / "other")).close()
    dvc_settings.begin(repository, "s3://bucket/objects")
    theirs, ours = (
        {
            str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and not {".git", "tmp"} & {*path.relative_to(root).parts}
        }
        for root in (tmp_path / "other", repository)
    )
    assert theirs.pop(".dvc/config") == b""
    assert b"s3://bucket/objects" in ours.pop(".dvc/config")
    assert theirs == ours


def test_what_was_there_is_kept(repository):
    """A user's own lines, and another remote's section, stay as they are; only what lacks is said."""
    (repository / ".dvc").mkdir()
    (repository / ".dvc/.gitignore").write_text("/notes\n/tmp")
    (repository / ".dvc/config").write_text("""['remote "own"']\n    url = /elsewhere\n""")
    (repository / ".dvcignore").write_text("*.bak\n")
    dvc_settings.begin(repository, "s3://bucket/objects")
    assert (repository / ".dvc/.gitignore").read_text() == "/notes\n/tmp\n/config.local\n/cache\n"
    assert '"own"' in (repository / ".dvc/config").read_text()
    assert (repository / ".dvcignore").read_text() == "*.bak\n"
