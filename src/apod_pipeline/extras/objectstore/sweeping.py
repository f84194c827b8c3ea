"""The parts that killed uploads of large files leave in a bucket: unseen, and paid for. Listed and ended.

Takes `Wishes` and an age, gives the uploads that were ended. obstore cannot list them, so this one thing is asked by
botocore, which `apod-pipeline[s3]` brings for DVC's remotes. Looks below the prefix alone, and only at what is older
than an upload may take: who sends at this moment is left to it.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from apod_pipeline.errors import SettingsError
from apod_pipeline.extras.objectstore.complaints import NO_KEYS, ObjectStoreError, worded
from apod_pipeline.extras.objectstore.settings import Wishes

TRIES = 4


class Upload(NamedTuple):
    """An upload that was begun and neither finished nor ended: where to, below the prefix, and when."""

    path: str
    begun: dt.datetime


def sweep(wishes: Wishes, older_than: dt.timedelta) -> list[Upload]:
    """End the uploads below the prefix that began so long ago; gives them, oldest first.

    Raises:
        SettingsError: botocore is not installed.
        ObjectStoreError: the store does not answer, or refuses; those that were ended are gone.
    """
    bucket, prefix = wishes.place
    below, swept = f"{prefix}/" if prefix else "", []
    before = dt.datetime.now(dt.UTC) - older_than
    with _client(wishes) as client:
        for one in _uploads(client, bucket, below):
            if one["Initiated"] <= before:
                client.abort_multipart_upload(Bucket=bucket, Key=one["Key"], UploadId=one["UploadId"])
                swept.append(Upload(one["Key"].removeprefix(below), one["Initiated"]))
    return sorted(swept, key=lambda upload: upload.begun)


def _uploads(client: Any, bucket: str, below: str) -> Iterator[Any]:  # noqa: ANN401 - the library's
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=below):
        yield from page.get("Uploads", ())


@contextmanager
def _client(wishes: Wishes) -> Iterator[Any]:
    try:
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ModuleNotFoundError as error:
        raise SettingsError(
            "what killed uploads left is swept by botocore, which is not installed. Nothing was swept; type: "
            "pip install 'apod-pipeline[s3]'"
        ) from error
    session = botocore.session.Session()
    for file in ("config_file", "credentials_file"):  # as everywhere here: variables, a role, and no file of the user's
        session.set_config_variable(file, os.devnull)
    keys = wishes.keys
    patient = Config(
        connect_timeout=min(wishes.timeout, 10.0),
        read_timeout=wishes.timeout,
        retries={"total_max_attempts": TRIES, "mode": "standard"},
        s3={"addressing_style": "path"} if wishes.endpoint else None,
    )
    try:
        client = session.create_client(
            "s3",
            region_name=keys.region
            or os.environ.get("AWS_REGION")
            or os.environ.get("AWS_DEFAULT_REGION")
            or "us-east-1",
            endpoint_url=wishes.endpoint,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
            config=patient,
        )
        try:
            yield client
        finally:
            client.close()
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
        raise worded(str(status), error.response.get("Error", {}).get("Code", ""), wishes.url or "") from None
    except BotoCoreError as error:
        if "Credentials" in type(error).__name__:
            raise worded("", NO_KEYS, wishes.url or "") from None
        raise ObjectStoreError(
            f"{wishes.url} does not answer as it should (no answer). What was swept is gone, the rest is untouched; "
            "type the same command again."
        ) from None
