"""An archive lies where its user wants it: any letters, any signs, behind a link."""

from __future__ import annotations

import dataclasses
import datetime as dt
import subprocess

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import SettingsError
from apod_pipeline.jobs.verify import verify
from apod_pipeline.settings import resolve

FIRST = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 4))
NEXT = Span(dt.date(2018, 12, 5), dt.date(2018, 12, 6))
LAST = Span(dt.date(2018, 12, 7), dt.date(2018, 12, 8))
EDITED = dt.date(2018, 12, 3)
NAMES = {
    "letters and signs": " jürgen архив e\u0301 😀  100% %2F #a,b;c @x=y&z co:lon -d ~h $HOME `id` $(id) | < >\t",
    "patterns": "[br] a[0-9]*?",
    "backslash": "back\\slash\\",
    "interpolation": "%(here)s",
    "quotes": "quo'te\"s and a new\nline",
    "many quotes": "'''\"\"\"",
    "long": "x" * 100,  # SQLite, in which DVC keeps its notes, opens no path of more than 512 letters
}


def _defects(lab):
    return [(check.what, check.says) for check in verify(resolve(lab.all_flags(), {}, None)) if not check.well]


def _in(lab, folder, name):
    (folder / name).mkdir(parents=True)
    return dataclasses.replace(lab, root=folder / name / name)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_an_archive_lives_in_a_folder_of_any_name(lab, tmp_path, name):
    """Folder, the one that it lies in, and the remote folder beside have the name: versions, audit and a restore."""
    lab = _in(lab, tmp_path, name)
    done = lab.command("run", "--from", str(FIRST.first), "--to", str(FIRST.last), "--archive", str(lab.root))
    assert done.returncode == 0, done.stderr
    lab.nasa.edit(EDITED, title="A Better Title")
    assert lab.run(Span(EDITED, NEXT.last)).version
    assert _defects(lab) == []
    assert len(lab.entries()) == len(FIRST) + len(NEXT)
    then = dataclasses.replace(lab, root=lab.root.with_name(f"{name[:100]} then"))
    done = lab.command("restore", "--as-of", "HEAD~1", "--to", str(then.root), "--archive", str(lab.root))
    assert done.returncode == 0, done.stderr
    assert len(then.entries()) == len(FIRST)


@pytest.mark.parametrize("name", ["letters and signs", "patterns", "backslash"])
def test_two_archives_in_odd_folders_share_odd_remotes(lab, other, tmp_path, name):
    """A takeover between archives whose folders and remotes all have an odd name, and a recovery from these remotes."""
    name = NAMES[name]
    lab, other = _in(lab, tmp_path / "a", name), _in(other, tmp_path / "b", name)
    bare = tmp_path / f"{name}.git"
    lab.flags = other.flags = {"git_remote": str(bare), "dvc_remote": str(tmp_path / f"{name} objects")}
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", bare], check=True)
    lab.run(FIRST)
    other.cloned()
    other.run(NEXT)
    assert lab.run(LAST).version
    assert len(lab.entries()) == len(FIRST) + len(NEXT) + len(LAST)
    assert _defects(lab) == []
    again = dataclasses.replace(lab, root=tmp_path / f"{name} again")
    done = again.command("recover", "archive", "--archive", str(again.root))
    assert done.returncode == 0, done.stderr
    assert again.files() == lab.files()


def test_an_archive_behind_a_link_is_the_folder_that_it_leads_to(lab, tmp_path):
    """Named by the link, from the first run on: what Git holds lies in the archive, and all is well."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    linked = dataclasses.replace(lab, root=tmp_path / "link")
    linked.run(FIRST)
    linked.run(NEXT)
    assert _defects(linked) == []
    assert not [name for name in linked.git("ls-files").splitlines() if name.startswith("..")]
    flags = {"dvc_remote": f"{linked.root}-remote"}
    assert _defects(dataclasses.replace(linked, root=tmp_path / "real", flags=flags)) == []


def test_a_link_further_up_is_no_matter(lab, tmp_path):
    """The folder that the archive lies in may be reached by a link as well."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    linked = dataclasses.replace(lab, root=tmp_path / "link" / "archive")
    linked.run(FIRST)
    assert linked.run(NEXT).version
    assert _defects(linked) == []


def test_an_index_with_names_that_lead_out_is_healed(lab):
    """What older code staged behind a link, `../link/...`, is out of Git's index after the next run."""
    lab.run(FIRST)
    index = lab.root / ".git" / "index"
    _stage_outside(index)
    config = lab.root / ".git" / "config"
    config.write_text(config.read_text().partition("# apod: begin")[0])
    assert _defects(lab)
    lab.run(FIRST)
    assert _defects(lab) == []


def _stage_outside(index):
    from dulwich.index import Index

    known = Index(str(index))
    known[b"../link/.dvcignore"] = known[b".dvcignore"]
    known.write()


def test_a_name_that_dvc_cannot_work_with_is_told_first(lab, tmp_path):
    """Braces: exit code 2 before anything is asked or made, for the archive's folder and for the remote's."""
    odd = dataclasses.replace(lab, root=tmp_path / "{odd}")
    with pytest.raises(SettingsError, match="brace"):
        odd.run(FIRST)
    with pytest.raises(SettingsError, match="brace"):
        lab.run(FIRST, dvc_remote=str(tmp_path / "{odd}"))
    assert not odd.root.exists()


def test_an_older_archive_with_absolute_paths_still_opens(lab):
    """What older code wrote into DVC's two files, absolute paths, works on, and nothing of it is committed anew."""
    lab.run(FIRST)
    remote = lab.root.with_name("archive-remote")
    shared, local = lab.root / ".dvc" / "config", lab.root / ".dvc" / "config.local"
    shared.write_text(shared.read_text().replace("../../archive-remote", str(remote)))
    lab.git("-c", "user.name=n", "-c", "user.email=e@x", "commit", "-q", "-m", "as older code did", ".dvc/config")
    local.write_text(f"[core]\n    site_cache_dir = {lab.root}/.apod/dvc\n")
    assert lab.run(NEXT).version
    assert ".dvc/config" not in lab.git("show", "--format=", "--name-only", "HEAD").splitlines()
    assert _defects(lab) == []
