"""Objects that the DVC remote is to have: sent where it lacks them, and looked for afterwards.

Takes DVC's repository and the names of objects, all of them in the cache or on the remote; gives how many were sent,
and which are missing. It sends what `dvc push` does, by the same functions of DVC, but is told which objects, where
that reads every `.dvc` file first and builds an index of what they name, which takes most of its time.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from typing import Any


def push(repo: Any, oids: Collection[str]) -> int:  # noqa: ANN401 - DVC is untyped
    """Send what the remote lacks, a folder's listing after its files; gives how many objects.

    Raises:
        UploadError: of DVC, telling how many could not be sent.
    """
    from dvc.exceptions import UploadError
    from dvc.repo import lock_repo
    from dvc_data.hashfile.db import get_index
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.transfer import transfer

    cache = repo.cache.local
    with lock_repo(repo), ExitStack() as closing:
        odb = repo.cloud.get_remote_odb(hash_name="md5")
        index = None
        if odb.fs.protocol != cache.fs.protocol:  # a folder is asked at once; of a service DVC remembers what it has
            index = get_index(odb)
            closing.callback(index.close)
        infos = [HashInfo("md5", oid) for oid in oids]
        sent = transfer(cache, odb, infos, dest_index=index, cache_odb=cache)
    if sent.failed:
        raise UploadError(len(sent.failed))
    return len(sent.transferred)


def missing(repo: Any, oids: Collection[str]) -> set[str]:  # noqa: ANN401 - DVC is untyped
    """The objects that the remote has not."""
    odb = repo.cloud.get_remote_odb(hash_name="md5")
    return set(oids).difference(odb.oids_exist(sorted(oids)))
