"""What killed uploads leave, swept: below the prefix alone, and only what is old enough."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest

from apod_pipeline.extras.objectstore.complaints import ObjectStoreError, ObjectStoreRefused
from apod_pipeline.extras.objectstore.sweeping import sweep
from debian_ceph import ON_CEPH
from stores import client_of

pytestmark = pytest.mark.process


@pytest.fixture
def uploads(bucket, server):
    """Two uploads that nobody finishes, below the prefix and beside it; gives what is left of them."""
    name, prefix = bucket.wishes.place
    with client_of(server) as client:
        for key in (f"{prefix}/objects/large", f"{prefix}-2/objects/large"):
            begun = client.create_multipart_upload(Bucket=name, Key=key)["UploadId"]
            client.upload_part(Bucket=name, Key=key, UploadId=begun, PartNumber=1, Body=b"1" * 5_300_000)
        yield lambda: [one["Key"] for one in client.list_multipart_uploads(Bucket=name).get("Uploads", ())]


def test_only_what_is_old_and_ours(bucket, uploads, stored):
    """Nothing that is young is touched; by the command, what is old enough goes, and the neighbour's stays."""
    age = dt.timedelta(hours=1) if ON_CEPH else dt.timedelta(days=20_000)  # moto's are all of 2010
    assert sweep(bucket.wishes, age) == []
    assert len(uploads()) == 2
    told, code = stored.store("sweep", "--older-than", "0h")
    assert (code, told["swept"], told["uploads"][0]["path"]) == (0, 1, "objects/large")
    assert uploads() == [f"{bucket.wishes.place[1]}-2/objects/large"]
    assert sweep(bucket.wishes, dt.timedelta(0)) == []
    assert stored.command("store", "sweep", "--older-than", "soon").returncode == 2


def test_a_store_that_refuses_or_is_away(bucket, gateway):
    """In the words of the other commands."""
    gateway.fail = lambda _method, _path: (403, "AccessDenied")
    with pytest.raises(ObjectStoreRefused, match=r"refuses us \(403 AccessDenied\)"):
        sweep(bucket.wishes, dt.timedelta(0))
    gateway.fail = lambda _method, _path: (404, "NoSuchBucket")
    with pytest.raises(ObjectStoreRefused, match="there is no bucket"):
        sweep(bucket.wishes, dt.timedelta(0))
    away = bucket.wishes._replace(endpoint="http://127.0.0.1:9", timeout=1.0)
    with pytest.raises(ObjectStoreError, match="no answer"):
        sweep(away, dt.timedelta(0))


def test_no_credentials(bucket, monkeypatch):
    """Where none are set it is said so."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ObjectStoreRefused, match="no credentials were found"):
        sweep(bucket.wishes, dt.timedelta(0))


WITHOUT = """
import datetime as dt, sys
sys.modules["botocore"] = None
from apod_pipeline.errors import SettingsError
from apod_pipeline.extras.objectstore.settings import Wishes
from apod_pipeline.extras.objectstore.sweeping import sweep
try:
    sweep(Wishes("s3://a"), dt.timedelta(0))
except SettingsError as error:
    print(error)
"""


def test_without_botocore():
    """It says what to install, where only the extra's own library is there."""
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert "pip install 'apod-pipeline[s3]'" in done.stdout
