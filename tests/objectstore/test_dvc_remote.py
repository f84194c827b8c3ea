"""A DVC remote on `s3://`: kept there, verified byte by byte, and the archive made again from it."""

from __future__ import annotations

import dataclasses
import json

import pytest

from apod_pipeline.extras.objectstore.bucket import Bucket
from lab import SPAN, bare_repository

pytestmark = pytest.mark.process


@pytest.fixture
def remote(gateway, url, monkeypatch, tmp_path):
    """Settings of an archive whose objects go to the bucket; botocore reads the address from its usual variable."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", gateway.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return {"dvc_remote": f"{url}-dvc", "git_remote": bare_repository(tmp_path / "remote.git")}


def test_kept_verified_and_recovered(lab, remote, second_database, tmp_path, gateway):
    """What a run keeps lies in the bucket; every byte of it is verified; another disk has the same files from it."""
    lab.flags |= remote
    done = lab.command("backfill", "--from", str(SPAN.first))
    assert done.returncode == 0, done.stderr
    assert any("/apod-dvc/files/md5/" in path for method, path in gateway.asked if method == "PUT")
    done = lab.command("verify", "--remote-bytes", "100%", "--json")
    assert done.returncode == 0, done.stdout
    (check,) = [one for one in json.loads(done.stdout)["checks"] if one["what"] == "DVC remote"]
    assert check["well"]
    again = dataclasses.replace(lab, root=tmp_path / "again", database=second_database)
    done = again.command("recover", "archive", "--git-remote", remote["git_remote"])
    assert done.returncode == 0, done.stderr
    assert again.files() == lab.files()
    assert again.command("verify").returncode == 0


def test_a_lost_object_comes_back(lab, remote, wishes):
    """An object that is gone from the bucket is found missing, and what `apod verify` says to type brings it back."""
    lab.flags |= remote
    assert lab.command("backfill", "--from", str(SPAN.first)).returncode == 0
    bucket = Bucket(wishes._replace(url=remote["dvc_remote"]))
    bucket.delete(next(iter(bucket.sizes("files/md5/"))))
    done = lab.command("verify", "--json")
    assert done.returncode == 1
    (check,) = [one for one in json.loads(done.stdout)["checks"] if not one["well"]]
    assert check["what"] == "DVC remote"
    assert lab.command(*check["do"].replace("`", "").split()[1:]).returncode == 0, check["do"]
    assert lab.command("verify").returncode == 0


def test_thinned_out_versions_leave_the_bucket(lab, remote, wishes):
    """What goes is gone from the bucket too; nothing else is, it is verified, and the version answers as before."""
    lab.flags |= remote
    assert lab.command("backfill", "--from", str(SPAN.first)).returncode == 0
    lab.nasa.edit(SPAN.last, title="Another")
    assert lab.command("run").returncode == 0
    bucket = Bucket(wishes._replace(url=remote["dvc_remote"]))
    before = bucket.sizes("files/md5/")
    shown = lab.command("show", str(SPAN.last), "--as-of", "HEAD~1", "--json").stdout
    done = lab.command("prune", "--keep", "last=1", "--json")
    assert (done.returncode, json.loads(done.stdout)["objects"]) == (0, 2), done.stderr
    assert len(before.keys() - bucket.sizes("files/md5/").keys()) == 2
    assert lab.command("show", str(SPAN.last), "--as-of", "HEAD~2", "--json").stdout == shown
    assert lab.command("verify", "--remote-bytes", "100%").returncode == 0
