"""The newest version's files brought back from the bucket alone, each verified by its hash.

Takes a bucket and a folder, gives files in it. What is there already and is the same is not fetched again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from apod_pipeline.archive.writing import replacing, sha256
from apod_pipeline.errors import SettingsError
from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.complaints import ObjectGone
from apod_pipeline.extras.objectstore.manifest import File, Manifest
from apod_pipeline.extras.objectstore.pointers import Pointers

AT_A_TIME = 4
FETCHED, THERE, WRONG = "fetched", "there", "wrong"


def newest(bucket: Bucket) -> Manifest:
    """The newest version.

    Raises:
        SettingsError: nothing was ever published there.
        ObjectStoreError: the store does not answer, or something is gone.
    """
    pointers = Pointers(bucket)
    pointed = pointers.read()
    if pointed is None:
        raise SettingsError(
            f"nothing was ever published to {bucket.where}. Nothing was written; check APOD_OBJECTSTORE_URL, or "
            "publish with: apod run"
        )
    return pointers.manifest(pointed.pointer)


def bring(bucket: Bucket, manifest: Manifest, folder: Path, progress: Callable[[int], None]) -> dict[str, int]:
    """Fetch a version's own files; those of an earlier version that lie there are replaced.

    Returns:
        How many files were fetched, how many were there already, and the bytes that came.

    Raises:
        ObjectGone: an object is gone or damaged; the other files are there.
        SettingsError: the folder is an archive.
    """
    if (folder / ".apod").exists():
        raise SettingsError(
            f"{folder} is an archive, and makes its files itself. Nothing was written; name another folder with --to, "
            "or type: apod recover processed"
        )

    def one(file: File) -> str:
        target = folder / file.path
        if not target.resolve().is_relative_to(folder.resolve()):  # a manifest is somebody's word
            return WRONG
        if target.is_file() and target.stat().st_size == file.bytes and sha256(target) == file.sha256:
            return THERE
        return FETCHED if _fetched(bucket, file, target) else WRONG

    ended: dict[str, list[File]] = {FETCHED: [], THERE: [], WRONG: []}
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for file, end in zip(manifest.whole, pool.map(one, manifest.whole), strict=True):
            ended[end].append(file)
            progress(1)
    if wrong := [file.path for file in ended[WRONG]]:
        raise ObjectGone(
            f"{len(wrong)} of {len(manifest.whole)} files are gone from {bucket.where} or are damaged there: "
            f"{', '.join(wrong[:3])}. All the others are in {folder}; where the archive is, type `apod store verify "
            "--all` and then `apod run`, which sends them again."
        )
    came = sum(file.bytes for file in ended[FETCHED])
    return {"fetched": len(ended[FETCHED]), "there": len(ended[THERE]), "bytes": came}


def _fetched(bucket: Bucket, file: File, target: Path) -> bool:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with replacing(target, durable=False) as into:
            _write(bucket, file, into)
    except FileNotFoundError:
        return False
    return True


def _write(bucket: Bucket, file: File, into: IO[bytes]) -> None:
    digest = hashlib.sha256()
    for piece in bucket.pieces(file.object):
        digest.update(piece)
        into.write(piece)
    if digest.hexdigest() != file.sha256:
        raise FileNotFoundError(file.object)  # what was named is not there
