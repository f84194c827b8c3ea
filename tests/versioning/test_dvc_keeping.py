"""What is kept without DVC's own commands is what they keep, to the byte; odd cases are left to them."""

from __future__ import annotations

import subprocess

import pytest

from apod_pipeline.archive.folder import Archive
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.errors import VersioningError
from apod_pipeline.versioning.dvc import DvcVersioner

FOLDERS = ["00", "08", "10", "0e", "1e", "1f", "99", "e1", "ff", "no", "y", "null", "1.5"]  # some are numbers to YAML


@pytest.fixture
def made(tmp_path):
    """A function that makes an archive's files, the same in each, and its versioner."""

    def make(name):
        root = tmp_path / name
        subprocess.run(["git", "init", "-q", "-b", "main", root], check=True)
        archive = Archive(root, DATA_SET)
        archive.create_folders()
        (archive.raw / "a.json").write_text("[]")
        (archive.raw / "b.json").write_text("[1]")
        archive.csv.write_text("date\n2018-12-31\n")
        archive.parquet.write_bytes(b"PAR1")
        for folder in FOLDERS:
            (root / "data/pictures" / folder).mkdir(parents=True)
            (root / "data/pictures" / folder / "one.jpg").write_text(folder)
        return archive, DvcVersioner(archive, str(tmp_path / f"{name}-objects"))

    return make


def _metadata(archive):
    paths = [*archive.root.glob("data/**/*.dvc"), *archive.root.glob("data/**/.gitignore")]
    return {archive.relative(path): path.read_bytes() for path in paths}


def _cache(archive):
    folder = archive.root / ".dvc/cache"
    return {(str(path.relative_to(folder)), path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}


def _targets(archive):
    return [archive.raw, archive.csv, archive.parquet, *(archive.root / "data/pictures" / name for name in FOLDERS)]


def test_it_is_what_dvc_keeps(made):
    """`.dvc` files, lists of what Git ignores and objects, new and changed, are those of `dvc add`, to the byte."""
    (ours, ours_dvc), (theirs, theirs_dvc) = made("ours"), made("theirs")
    for text in ("[1, 2]", "[1, 2, 3]"):
        for archive in (ours, theirs):
            (archive.raw / "c.json").write_text(text)
        ours_dvc.track_replies()
        ours_dvc.track_files()
        ours_dvc.track_folders(_targets(ours)[3:])
        ours_dvc.finish()
        with theirs_dvc.repository("add") as repo:
            repo.add([str(path) for path in _targets(theirs)])
        assert _metadata(ours) == _metadata(theirs)
        assert _cache(ours) == _cache(theirs)
    assert len(_metadata(ours)) == len(_targets(ours)) + 3
    with ours_dvc.repository("status") as repo:
        assert repo.status() == {}
        assert repo.status(cloud=True) == {}
    for versioner in (ours_dvc, theirs_dvc):
        versioner.close()


def test_a_file_stays_where_it_is(made):
    """Who reads the files meanwhile reads on: they are neither taken away nor written anew."""
    archive, dvc = made("ours")
    files = [archive.csv, archive.parquet, archive.raw / "a.json"]
    before = [(path.stat().st_ino, path.stat().st_mtime_ns) for path in files]
    dvc.track_replies()
    dvc.track_files()
    dvc.close()
    assert [(path.stat().st_ino, path.stat().st_mtime_ns) for path in files] == before


def test_what_somebody_wrote_into_a_dvc_file_stays(made):
    """A description in a `.dvc` file is there after the next version, beside the new hash."""
    archive, dvc = made("ours")
    dvc.track_files()
    pointer = archive.csv.with_name(f"{archive.csv.name}.dvc")
    first = pointer.read_text()
    pointer.write_text(f"{first}  desc: what the team says of it\n")
    archive.csv.write_text("date\n2019-01-01\n")
    dvc.finish()
    dvc.track_files()
    dvc.close()
    assert "desc: what the team says of it" in pointer.read_text()
    assert first.splitlines()[1] not in pointer.read_text()


@pytest.mark.parametrize("odd", ["in Git", "hidden"])
def test_what_dvc_refuses_is_refused(made, odd):
    """A CSV that Git tracks, or that `.dvcignore` hides, is named with DVC's own word, and nothing is kept."""
    archive, dvc = made("ours")
    if odd == "in Git":
        subprocess.run(["git", "-C", archive.root, "add", archive.csv], check=True)
    else:
        (archive.root / ".dvcignore").write_text("*.csv\n")
    with pytest.raises(VersioningError, match=r"apod_data\.csv"):
        dvc.track_files()
    dvc.close()
    assert not archive.csv.with_name(f"{archive.csv.name}.dvc").exists()
