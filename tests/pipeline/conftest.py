"""A second machine, and what two of them share."""

from __future__ import annotations

import dataclasses
import subprocess

import pytest


@pytest.fixture
def remote(tmp_path):
    """What two machines share, as settings: a Git repository that takes no force and no deletion, a DVC remote."""
    bare = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
    for name in ("receive.denyNonFastForwards", "receive.denyDeletes", "core.logAllRefUpdates"):
        subprocess.run(["git", "-C", str(bare), "config", name, "true"], check=True)
    return {"git_remote": str(bare), "dvc_remote": str(tmp_path / "objects")}


@pytest.fixture
def other(lab, tmp_path, second_database):
    """A second archive with a database of its own, as on another machine."""
    return dataclasses.replace(lab, root=tmp_path / "other", database=second_database, flags={}, told=[])
